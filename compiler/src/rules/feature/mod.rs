//! Features: values that rules choose, in GrowthBook's format.

mod experiment;
mod implied_attributes;
mod prerequisites;
mod saved_group;
mod split;
pub mod url_pattern;

pub use experiment::{AutoExperiment, EXPERIMENT, FeatureExperiment, FeatureVariation};
pub use implied_attributes::implied_attributes;
pub use prerequisites::check_chains;
pub use saved_group::{Bandit, SavedGroup};
pub use split::{Filter, Rollout};

use throughline::internals::json::ValueRef;

use crate::condition::{Dialect, When};
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::source::tree::{Kind, Node};

/// A feature.
#[derive(Clone, Debug)]
pub struct Feature<'a> {
    /// Whether browsers may evaluate it.
    pub public: bool,
    /// Whether it has a value at all.
    pub enabled: bool,
    /// The dialect of its conditions.
    pub dialect: Dialect,
    /// The value if no rule provides one.
    pub default: Option<&'a Node>,
    /// Its rules.
    pub rules: Vec<Rule<'a>>,
}

/// A rule of a feature.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Its id.
    pub id: &'a str,
    /// The features that must have a certain value.
    pub parents: Vec<Parent<'a>>,
    /// The splits that the subject must be in.
    pub filters: Vec<Filter<'a>>,
    /// The effect.
    pub effect: Effect<'a>,
}

/// The effect of a rule.
#[derive(Clone, Debug)]
pub enum Effect<'a> {
    /// Provides a value.
    Force {
        /// The value.
        value: &'a Node,
        /// The condition on subjects.
        when: Option<When<'a>>,
        /// The share of subjects who get it.
        rollout: Option<Box<Rollout<'a>>>,
        /// The experiments that were run elsewhere.
        tracks: Option<&'a Node>,
    },
    /// Provides the value of the variation that an experiment assigns.
    Experiment(Box<FeatureExperiment<'a>>),
    /// Does nothing: GrowthBook skips a rule without a value.
    Nothing,
}

/// A prerequisite: a feature that must have a certain value.
#[derive(Clone, Debug)]
pub struct Parent<'a> {
    /// The feature.
    pub feature: Reference<'a>,
    /// The condition on its `value`; `None` if any value is accepted.
    pub when: Option<When<'a>>,
    /// Whether the whole feature has no value if the prerequisite fails, instead of only the rule being
    /// skipped.
    pub gate: bool,
}

/// The keys of a rule, and of an experiment in it, as GrowthBook's SDKs read them.
pub const RULE: [&str; 25] = [
    "id",
    "condition",
    "parentConditions",
    "force",
    "variations",
    "contextualVariations",
    "contextualBanditRef",
    "weights",
    "key",
    "name",
    "phase",
    "seed",
    "hashAttribute",
    "fallbackAttribute",
    "hashVersion",
    "disableStickyBucketing",
    "bucketVersion",
    "minBucketVersion",
    "range",
    "ranges",
    "coverage",
    "namespace",
    "meta",
    "filters",
    "tracks",
];

/// The keys of a rule that only affect an experiment.
const EXPERIMENT_ONLY: [&str; 12] = [
    "variations",
    "contextualVariations",
    "contextualBanditRef",
    "weights",
    "key",
    "name",
    "phase",
    "bucketVersion",
    "minBucketVersion",
    "ranges",
    "namespace",
    "meta",
];

impl<'a> Definition<'a> for Feature<'a> {
    const NOUN: &'static str = "feature";
    const ID: &'static str = "a string without control characters";

    fn is_id(id: &str) -> bool {
        is_key(id)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = ["defaultValue", "rules", "public", "enabled", "dialect", "description"];
        let fields = cursor.fields(&known, out);
        let dialect = dialect(&fields, out);
        let rules = present(&fields, "rules").map(|cursor| cursor.list(out)).unwrap_or_default();
        Self {
            public: fields.flag("public", false, out),
            enabled: fields.flag("enabled", true, out),
            dialect,
            default: fields.get("defaultValue").map(|cursor| cursor.node),
            rules: rules.into_iter().map(|cursor| Rule::read(cursor, dialect, out)).collect(),
        }
    }
}

impl<'a> Rule<'a> {
    fn read(cursor: Cursor<'a>, dialect: Dialect, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&[&RULE[..], &["description"]].concat(), out);
        Self {
            id: text(&fields, "id", out).unwrap_or_default(),
            parents: parents(&fields, out),
            filters: split::filters(&fields, dialect, out).unwrap_or_default(),
            effect: Effect::read(&fields, dialect, out),
        }
    }

    /// Returns every condition on the subject.
    pub fn conditions(&self) -> Vec<&When<'a>> {
        match &self.effect {
            Effect::Force { when, .. } => when.iter().collect(),
            Effect::Experiment(experiment) => experiment.when.iter().collect(),
            Effect::Nothing => Vec::new(),
        }
    }

    /// Returns the names of the attributes that are hashed.
    pub fn units(&self) -> Vec<&Reference<'a>> {
        let filters = self.filters.iter().filter_map(|filter| filter.unit.as_ref());
        match &self.effect {
            Effect::Force { rollout, .. } => {
                filters.chain(rollout.iter().flat_map(|rollout| rollout.units())).collect()
            }
            Effect::Experiment(experiment) => filters.chain(experiment.units()).collect(),
            Effect::Nothing => filters.collect(),
        }
    }
}

impl<'a> Effect<'a> {
    fn read(fields: &Fields<'a>, dialect: Dialect, out: &mut ReadContext<'_>) -> Self {
        if let Some(value) = fields.get("force") {
            let idle = EXPERIMENT_ONLY.iter().filter_map(|name| Some((name, present(fields, name)?)));
            for (name, cursor) in idle.filter(|_| dialect == Dialect::Rules) {
                let message = format!("a rule that forces a value runs no experiment, so `{name}` has no effect");
                cursor.warning("no-effect", message, out);
            }
            return Self::Force {
                value: value.node,
                when: condition(fields, "condition", dialect),
                rollout: Rollout::read(fields, dialect, out).map(Box::new),
                tracks: present(fields, "tracks").map(|cursor| cursor.node),
            };
        }
        if present(fields, "variations").or_else(|| present(fields, "contextualVariations")).is_none() {
            let cursor = fields.cursor();
            let message = "a rule without a value applies to nobody";
            let found = match dialect {
                Dialect::Rules => cursor.error("missing-key", message, out),
                Dialect::GrowthBook => cursor.warning("missing-key", message, out),
            };
            found.expected("`force` or `variations`");
            return Self::Nothing;
        }
        Self::Experiment(Box::new(FeatureExperiment::read(fields, dialect, out)))
    }
}

impl Feature<'_> {
    /// Reports references to unknown definitions, and to definitions that browsers need but cannot read.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        for parent in self.rules.iter().flat_map(|rule| &rule.parents) {
            parent.check(self.public, self.dialect, rules, out);
        }
        for rule in &self.rules {
            check_units(&rule.units(), rules, out);
            if let Effect::Experiment(experiment) = &rule.effect {
                experiment.check(rules, out);
            }
        }
    }
}

impl Parent<'_> {
    /// Reports an unknown feature, and one that a browser needs but does not get.
    pub fn check(&self, public: bool, dialect: Dialect, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        match rules.features.get(self.feature.name) {
            None if dialect == Dialect::Rules => {
                self.feature.unknown("feature", rules.features.keys().copied(), out);
            }
            None => {
                let message = format!("unknown feature `{}`, so its value is `null`", self.feature.name);
                self.feature.cursor.warning("unknown-id", message, out);
            }
            Some(parent) if public && !parent.public => {
                let message = format!("browsers need the feature `{}`, but it is not public", self.feature.name);
                self.feature
                    .cursor
                    .error("not-public", message, out)
                    .expected("`public: true` for both features, or for neither");
            }
            Some(_) => {}
        }
    }
}

/// Reports hashed attributes that no page can read.
pub fn check_units(units: &[&Reference<'_>], rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    for unit in units {
        match rules.attributes.get(unit.name) {
            Some(attribute) => attribute.require_at_edge(unit, "a feature", out),
            // A dotted name is a single member of the request's attributes, as in GrowthBook.
            None if unit.name.contains('.') => {}
            None => unit.unknown("attribute", rules.attributes.keys().copied(), out),
        }
    }
}

/// Returns whether a string is a valid key of a feature.
pub fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() <= 500 && !key.chars().any(char::is_control)
}

fn dialect(fields: &Fields<'_>, out: &mut ReadContext<'_>) -> Dialect {
    let meaning = |word: &str| match word {
        "rules" => Some(Dialect::Rules),
        "growthbook" => Some(Dialect::GrowthBook),
        _ => None,
    };
    present(fields, "dialect")
        .and_then(|cursor| cursor.keyword(&["rules", "growthbook"], meaning, out))
        .unwrap_or_default()
}

/// Reads the prerequisites.
fn parents<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Vec<Parent<'a>> {
    let list = present(fields, "parentConditions").map(|cursor| cursor.list(out)).unwrap_or_default();
    let read = |cursor: Cursor<'a>| {
        let fields = cursor.fields(&["id", "condition", "gate"], out);
        Some(Parent {
            feature: fields.required("id", out)?.reference(out)?,
            when: present(&fields, "condition").map(When::new),
            gate: truthy(&fields, "gate"),
        })
    };
    list.into_iter().filter_map(read).collect()
}

/// Returns a member, or `None` if it is `null`, which GrowthBook treats as absent.
fn present<'a>(fields: &Fields<'a>, name: &str) -> Option<Cursor<'a>> {
    fields.get(name).filter(|cursor| !cursor.is_null())
}

/// Reads a condition. A falsy value is treated as absent, and so is an empty object in GrowthBook's dialect.
fn condition<'a>(fields: &Fields<'a>, name: &str, dialect: Dialect) -> Option<When<'a>> {
    let cursor = present(fields, name)?;
    let has_entries = match &cursor.node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
        Kind::String(text) => !text.is_empty(),
        Kind::List(items) => !items.is_empty(),
        Kind::Map(_) => true,
    };
    Some(When::new(cursor)).filter(|_| has_entries || dialect == Dialect::Rules)
}

/// Returns whether a member is present and truthy.
fn truthy(fields: &Fields<'_>, name: &str) -> bool {
    fields.get(name).is_some_and(|cursor| ValueRef::from(&cursor.node.to_value()).is_truthy())
}

/// Reads the string of a member. An empty one is falsy and treated as absent.
fn text<'a>(fields: &Fields<'a>, name: &str, out: &mut ReadContext<'_>) -> Option<&'a str> {
    present(fields, name).filter(|cursor| cursor.node.as_str() != Some("")).and_then(|cursor| match &cursor.node.kind {
        Kind::String(text) => Some(text.as_str()),
        _ => cursor.text(out),
    })
}

/// The range of a number without limits.
const ANY: core::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;

/// Reads the numbers of a list.
fn numbers(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Vec<f64> {
    cursor.list(out).into_iter().filter_map(|item| item.number(ANY, out)).collect()
}
