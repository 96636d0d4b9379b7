//! Features: values that rules choose, in GrowthBook's words.

mod experiment;
mod implied_attributes;
mod prerequisites;
mod saved_group;
mod split;
pub mod url_pattern;

pub use experiment::{Arm, AutoExperiment, EXPERIMENT, FeatureExperiment};
pub use implied_attributes::implied_attributes;
pub use prerequisites::check_chains;
pub use saved_group::{Bandit, SavedGroup};
pub use split::{Filter, Rollout};

use throughline::internals::json::ValueRef;

use crate::condition::scope::Dialect;
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};
use crate::source::tree::{Kind, Node};

/// A value that rules choose.
#[derive(Clone, Debug)]
pub struct Feature<'a> {
    /// Browsers may evaluate it.
    pub public: bool,
    /// It gives values.
    pub enabled: bool,
    /// Whose language its conditions are in.
    pub dialect: Dialect,
    /// The value where no rule gives one.
    pub default: Option<&'a Node>,
    /// Its rules.
    pub rules: Vec<Rule<'a>>,
}

/// A rule of a feature.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    /// Its id.
    pub id: &'a str,
    /// Features that must have some value.
    pub parents: Vec<Parent<'a>>,
    /// Splits that the subject must be in.
    pub filters: Vec<Filter<'a>>,
    /// What it gives.
    pub effect: Effect<'a>,
}

/// What a rule gives.
#[derive(Clone, Debug)]
pub enum Effect<'a> {
    /// A value.
    Force {
        /// The value.
        value: &'a Node,
        /// For whom.
        when: Option<Cursor<'a>>,
        /// For how many.
        rollout: Option<Box<Rollout<'a>>>,
        /// Experiments that were run elsewhere.
        tracks: Option<&'a Node>,
    },
    /// What an experiment chooses.
    Experiment(Box<FeatureExperiment<'a>>),
    /// Nothing: GrowthBook passes over a rule without a value.
    Nothing,
}

/// A feature that must have some value.
#[derive(Clone, Debug)]
pub struct Parent<'a> {
    /// The feature.
    pub feature: Reference<'a>,
    /// A condition on its `value`; none if any will do.
    pub when: Option<Cursor<'a>>,
    /// Without it the whole feature gives nothing.
    pub gate: bool,
}

/// The keys of a rule, and of an experiment in it: what GrowthBook's SDKs read.
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

/// The keys of a rule that say something only of an experiment.
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

    /// Every condition on the subject.
    pub fn conditions(&self) -> Vec<&Cursor<'a>> {
        match &self.effect {
            Effect::Force { when, .. } => when.iter().collect(),
            Effect::Experiment(experiment) => experiment.when.iter().collect(),
            Effect::Nothing => Vec::new(),
        }
    }

    /// The names of the attributes that are hashed.
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
    /// Tells of what it refers to and what is not there, and of what browsers would need but must not have.
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
    /// Tells if there is no such feature, or if a browser needs it but does not get it.
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

/// Tells of attributes that are hashed and that no page knows.
pub fn check_units(units: &[&Reference<'_>], rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    for unit in units {
        match rules.attributes.get(unit.name) {
            Some(attribute) => crate::rules::message::refuse_private(attribute, unit, "a feature", out),
            // A name with dots is one member of the request's attributes, as in GrowthBook.
            None if unit.name.contains('.') => {}
            None => unit.unknown("attribute", rules.attributes.keys().copied(), out),
        }
    }
}

/// Whether a text can be the key of a feature.
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

/// The features that must have some value.
fn parents<'a>(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Vec<Parent<'a>> {
    let list = present(fields, "parentConditions").map(|cursor| cursor.list(out)).unwrap_or_default();
    let read = |cursor: Cursor<'a>| {
        let fields = cursor.fields(&["id", "condition", "gate"], out);
        Some(Parent {
            feature: fields.required("id", out)?.reference(out)?,
            when: present(&fields, "condition"),
            gate: truthy(&fields, "gate"),
        })
    };
    list.into_iter().filter_map(read).collect()
}

/// The member, unless it is `null`, which GrowthBook takes for nothing.
fn present<'a>(fields: &Fields<'a>, name: &str) -> Option<Cursor<'a>> {
    fields.get(name).filter(|cursor| !cursor.is_null())
}

/// A condition; what JavaScript takes for false is none, and in GrowthBook's language so is what has no entries.
fn condition<'a>(fields: &Fields<'a>, name: &str, dialect: Dialect) -> Option<Cursor<'a>> {
    let cursor = present(fields, name)?;
    let has_entries = match &cursor.node.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) => false,
        Kind::String(text) => !text.is_empty(),
        Kind::List(items) => !items.is_empty(),
        Kind::Map(_) => true,
    };
    Some(cursor).filter(|_| has_entries || dialect == Dialect::Rules)
}

/// Whether the member is there and JavaScript takes it for true.
fn truthy(fields: &Fields<'_>, name: &str) -> bool {
    fields.get(name).is_some_and(|cursor| ValueRef::from(&cursor.node.to_value()).is_truthy())
}

/// The text of a member; none for an empty one, which JavaScript takes for false.
fn text<'a>(fields: &Fields<'a>, name: &str, out: &mut ReadContext<'_>) -> Option<&'a str> {
    present(fields, name).filter(|cursor| cursor.node.as_str() != Some("")).and_then(|cursor| match &cursor.node.kind {
        Kind::String(text) => Some(text.as_str()),
        _ => cursor.text(out),
    })
}

/// A number of any size.
const ANY: core::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;

/// The numbers of a list.
fn numbers(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Vec<f64> {
    cursor.list(out).into_iter().filter_map(|item| item.number(ANY, out)).collect()
}
