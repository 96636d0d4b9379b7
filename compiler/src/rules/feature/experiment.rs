//! Experiments in GrowthBook's format: those of features, and those that pages run by themselves.

use throughline::internals::json::ValueRef;
use throughline::{Object, Value, bucket};

use super::split::{self, Filter, coverage, hash_version, ranges, unit};
use super::url_pattern::{self, UrlPattern};
use super::{Dialect, Parent, condition, numbers, present, text, truthy};
use crate::condition::When;
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::source::tree::Node;

/// The keys of an experiment that pages run by themselves, as GrowthBook's SDKs read them.
pub const EXPERIMENT: [&str; 26] = [
    "key",
    "variations",
    "weights",
    "name",
    "phase",
    "seed",
    "hashAttribute",
    "fallbackAttribute",
    "hashVersion",
    "disableStickyBucketing",
    "bucketVersion",
    "minBucketVersion",
    "ranges",
    "coverage",
    "namespace",
    "meta",
    "filters",
    "condition",
    "parentConditions",
    "active",
    "status",
    "force",
    "urlPatterns",
    "persistQueryString",
    "manual",
    "changeId",
];

/// A randomised split between values.
#[derive(Clone, Debug)]
pub struct FeatureExperiment<'a> {
    /// Its key; `None` for that of its feature.
    pub key: Option<&'a str>,
    /// The seed that is hashed together with the unit; `None` for the key.
    pub seed: Option<&'a str>,
    /// The attribute that is hashed; `None` for `id`.
    pub unit: Option<Reference<'a>>,
    /// The attribute that is hashed where the unit is missing.
    pub fallback: Option<Reference<'a>>,
    /// Whether kept assignments and the fallback are ignored.
    pub never_sticky: bool,
    /// Whether it assigns nobody, but can be forced.
    pub draft: bool,
    /// Whether it has ended.
    pub stopped: bool,
    /// The index of the variation that every subject in it gets. An index out of range forces none.
    pub force: Option<u32>,
    /// The version of the hash.
    pub version: u32,
    /// The version of the assignment. A change assigns every subject anew.
    pub bucket_version: u32,
    /// The first version whose subjects take part. Those assigned under an earlier version are excluded.
    pub min_bucket_version: u32,
    /// The condition on subjects.
    pub when: Option<When<'a>>,
    /// The splits that the subject must be in; they replace the namespace.
    pub filters: Option<Vec<Filter<'a>>>,
    /// The seed and range of buckets that the subject must be in.
    pub namespace: Option<(String, f64, f64)>,
    /// The features that must have a certain value.
    pub parents: Vec<Parent<'a>>,
    /// The pages on which it runs; `None` for every page.
    pub urls: Option<Vec<UrlPattern>>,
    /// The contextual bandit that supplies weights.
    pub bandit: Option<Reference<'a>>,
    /// The variations.
    pub variations: Vec<FeatureVariation<'a>>,
    /// The explicit range of buckets of each variation.
    pub ranges: Option<Vec<(f64, f64)>>,
    /// The share of units that take part.
    pub coverage: f64,
    /// The weights of the variations.
    pub weights: Option<Vec<f64>>,
    /// The experiment as GrowthBook's SDKs report it, without its key.
    pub definition: Object,
}

/// A variation.
#[derive(Clone, Debug)]
pub struct FeatureVariation<'a> {
    /// The value.
    pub value: &'a Node,
    /// The key; `None` for the index.
    pub key: Option<&'a str>,
    /// The name.
    pub name: Option<&'a str>,
    /// Whether a subject in this variation continues with the next rule.
    pub passthrough: bool,
}

/// An experiment that pages run by themselves.
#[derive(Clone, Debug)]
pub struct AutoExperiment<'a> {
    /// Whether browsers may run it.
    pub public: bool,
    /// The dialect of its condition.
    pub dialect: Dialect,
    /// The split.
    pub experiment: FeatureExperiment<'a>,
    /// Whether it runs only on request.
    pub manual: bool,
    /// Whether the target page of a redirect gets the query string.
    pub persist_query: bool,
    /// Whether a variation redirects to another page.
    pub redirects: bool,
}

/// The members of a feature's experiment that GrowthBook's SDKs report if they are truthy.
const REPORTED: [&str; 14] = [
    "weights",
    "hashAttribute",
    "fallbackAttribute",
    "disableStickyBucketing",
    "namespace",
    "meta",
    "ranges",
    "name",
    "phase",
    "seed",
    "hashVersion",
    "filters",
    "condition",
    "variations",
];

impl<'a> FeatureExperiment<'a> {
    pub(super) fn read(fields: &Fields<'a>, dialect: Dialect, out: &mut ReadContext<'_>) -> Self {
        let listed = present(fields, "contextualVariations").or_else(|| present(fields, "variations"));
        let values = listed.as_ref().map(|cursor| cursor.list(out)).unwrap_or_default();
        let meta = present(fields, "meta").map(|cursor| cursor.list(out)).unwrap_or_default();
        let mut meta = meta.into_iter();
        let variations: Vec<_> =
            values.iter().map(|value| FeatureVariation::read(value.node, meta.next(), out)).collect();
        let mut number = |name: &str| present(fields, name).and_then(|cursor| cursor.integer(0..=u32::MAX, out));
        let (bucket_version, min_bucket_version) = (number("bucketVersion"), number("minBucketVersion"));
        let experiment = Self {
            key: text(fields, "key", out),
            seed: text(fields, "seed", out),
            unit: unit(fields, "hashAttribute", out),
            fallback: unit(fields, "fallbackAttribute", out),
            never_sticky: truthy(fields, "disableStickyBucketing"),
            draft: false,
            stopped: false,
            force: None,
            version: hash_version(fields, 1, dialect, out),
            bucket_version: bucket_version.unwrap_or(0),
            min_bucket_version: min_bucket_version.unwrap_or(0),
            when: condition(fields, "condition", dialect),
            filters: split::filters(fields, dialect, out),
            namespace: present(fields, "namespace").and_then(|cursor| namespace(&cursor, out)),
            parents: Vec::new(),
            urls: None,
            bandit: present(fields, "contextualBanditRef").and_then(|cursor| cursor.reference(out)),
            ranges: present(fields, "ranges").map(|cursor| ranges(&cursor, out)),
            coverage: fields.get("coverage").and_then(|cursor| coverage(&cursor, dialect, out)).unwrap_or(1.0),
            weights: present(fields, "weights").map(|cursor| numbers(&cursor, out)),
            definition: reported(fields, listed.as_ref()),
            variations,
        };
        if dialect == Dialect::Rules {
            experiment.check_weights(fields, out);
        }
        experiment
    }

    /// Reports variations and weights that GrowthBook would silently replace.
    fn check_weights(&self, fields: &Fields<'_>, out: &mut ReadContext<'_>) {
        let cursor = fields.cursor();
        if self.variations.len() < 2 {
            let message = "an experiment with fewer than two variations compares nothing";
            cursor.error("variations", message, out).expected("at least two variations");
        }
        let (Some(weights), Some(at)) = (&self.weights, fields.get("weights")) else { return };
        let sum: f64 = weights.iter().sum();
        if weights.len() != self.variations.len() {
            let message = format!("found {} weights for {} variations", weights.len(), self.variations.len());
            at.error("weights", message, out).expected("a weight for each variation");
        } else if !(0.99..=1.01).contains(&sum) {
            at.error("weights", format!("the weights add up to {sum}"), out).expected("1");
        }
    }

    /// Reports an unknown bandit.
    pub(super) fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        if let Some(bandit) = self.bandit.as_ref().filter(|bandit| !rules.bandits.contains_key(bandit.name)) {
            let message = format!("unknown contextual bandit `{}`, so the experiment's own weights apply", bandit.name);
            bandit.cursor.warning("unknown-id", message, out);
        }
    }

    /// Returns the attributes that are hashed.
    pub fn units(&self) -> impl Iterator<Item = &Reference<'a>> {
        let filters = self.filters.iter().flatten().filter_map(|filter| filter.unit.as_ref());
        self.unit.iter().chain(&self.fallback).chain(filters)
    }

    /// Returns the range of buckets of each variation for the given weights.
    #[must_use]
    pub fn ranges(&self, weights: Option<&[f64]>) -> Vec<(f64, f64)> {
        self.ranges.clone().unwrap_or_else(|| bucket::ranges(self.variations.len(), self.coverage, weights))
    }
}

impl<'a> FeatureVariation<'a> {
    fn read(value: &'a Node, meta: Option<Cursor<'a>>, out: &mut ReadContext<'_>) -> Self {
        let Some(fields) = meta.map(|cursor| cursor.fields(&["key", "name", "passthrough"], out)) else {
            return Self { value, key: None, name: None, passthrough: false };
        };
        Self {
            value,
            key: text(&fields, "key", out),
            name: text(&fields, "name", out),
            passthrough: truthy(&fields, "passthrough"),
        }
    }
}

impl<'a> Definition<'a> for AutoExperiment<'a> {
    const NOUN: &'static str = "auto experiment";
    const ID: &'static str = "a string without control characters";

    fn is_id(id: &str) -> bool {
        super::is_key(id)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let own = ["public", "dialect", "description"];
        let fields = cursor.fields(&[&EXPERIMENT[..], &own].concat(), out);
        let dialect = super::dialect(&fields, out);
        let mut experiment = FeatureExperiment::read(&fields, dialect, out);
        let status = text(&fields, "status", out);
        let no = Value::Bool(false);
        experiment.draft =
            status == Some("draft") || fields.get("active").is_some_and(|cursor| cursor.node.to_value() == no);
        experiment.stopped = status == Some("stopped");
        experiment.force = fields.get("force").map(|cursor| variation(&cursor, out));
        experiment.parents = super::parents(&fields, out);
        experiment.urls = present(&fields, "urlPatterns").map(|cursor| url_pattern::read(&cursor, out));
        let members = fields.cursor().node.entries().iter().filter(|entry| !own.contains(&entry.key.as_str()));
        experiment.definition = members.map(|entry| (entry.key.as_str(), entry.value.to_value())).collect();
        let is_redirect = |variation: &FeatureVariation<'_>| variation.value.get("urlRedirect").is_some();
        Self {
            public: fields.flag("public", false, out),
            dialect,
            manual: truthy(&fields, "manual"),
            persist_query: truthy(&fields, "persistQueryString"),
            redirects: experiment.urls.is_some() && experiment.variations.iter().any(is_redirect),
            experiment,
        }
    }
}

impl AutoExperiment<'_> {
    /// Reports references to unknown definitions.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        let units: Vec<_> = self.experiment.units().collect();
        super::check_units(&units, rules, out);
        for parent in &self.experiment.parents {
            parent.check(self.public, self.dialect, rules, out);
        }
    }
}

/// Reads the index of a forced variation. An invalid index forces none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
fn variation(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> u32 {
    match cursor.number(super::ANY, out) {
        Some(number) if (0.0..1e6).contains(&number) && number.fract() == 0.0 => number as u32,
        _ => u32::MAX,
    }
}

fn namespace(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<(String, f64, f64)> {
    let items = cursor.list(out);
    if let [name, from, to] = items.as_slice() {
        let seed = format!("__{}", ValueRef::from(&name.node.to_value()).to_text());
        return Some((seed, from.number(super::ANY, out)?, to.number(super::ANY, out)?));
    }
    cursor.error("namespace", "not a namespace", out).expected("a name and two numbers, such as `[checkout, 0, 0.4]`");
    None
}

/// Returns the experiment as GrowthBook's SDKs report it.
fn reported(fields: &Fields<'_>, variations: Option<&Cursor<'_>>) -> Object {
    let mut out = Object::new();
    out.insert("variations", variations.map(|cursor| cursor.node.to_value()).unwrap_or_default());
    for name in ["coverage", "bucketVersion", "minBucketVersion"] {
        if let Some(cursor) = fields.get(name) {
            out.insert(name, cursor.node.to_value());
        }
    }
    for name in REPORTED.iter().filter(|name| **name != "variations" && truthy(fields, name)) {
        out.insert(*name, fields.get(name).map(|cursor| cursor.node.to_value()).unwrap_or_default());
    }
    out
}
