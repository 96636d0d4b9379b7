//! The request attributes that features in GrowthBook's dialect read without a declaration.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::plan::tables::Source;

use super::{AutoExperiment, Bandit, Effect, Feature, FeatureExperiment, SavedGroup};
use crate::condition::{Dialect, When};
use crate::rules::Defs;
use crate::rules::attribute::Attribute;
use crate::source::cursor::Reference;
use crate::source::tree::{Kind, Node};

/// Returns the attributes that are read but not declared.
pub fn implied_attributes<'a>(
    features: &Defs<'a, Feature<'a>>,
    experiments: &[(&'a str, AutoExperiment<'a>)],
    groups: &Defs<'a, SavedGroup<'a>>,
    bandits: &Defs<'a, Bandit<'a>>,
    declared: &BTreeMap<&'a str, Attribute<'a>>,
) -> Vec<(&'a str, Attribute<'a>)> {
    let mut found = ImpliedAttributes::default();
    for feature in features.values().filter(|feature| feature.dialect == Dialect::GrowthBook) {
        for rule in &feature.rules {
            rule.filters.iter().filter_map(|filter| filter.unit.as_ref()).for_each(|unit| found.unit(unit));
            match &rule.effect {
                Effect::Force { when, rollout, .. } => {
                    found.condition(when.as_ref());
                    rollout.iter().flat_map(|rollout| rollout.units()).for_each(|unit| found.unit(unit));
                }
                Effect::Experiment(experiment) => found.experiment(experiment, bandits),
                Effect::Nothing => {}
            }
        }
    }
    let experiments = experiments.iter().map(|(_, auto)| auto);
    for auto in experiments.filter(|auto| auto.dialect == Dialect::GrowthBook) {
        found.experiment(&auto.experiment, bandits);
    }
    if !found.names.is_empty() || found.groups {
        groups.values().for_each(|group| found.group(group));
    }
    let is_new = |name: &&str| !declared.contains_key(name) && !declares_part(declared, name);
    found.names.into_iter().filter(is_new).map(|name| (name, attribute())).collect()
}

/// Returns whether a name begins with a declared attribute, so that the rest is a member of it.
fn declares_part(declared: &BTreeMap<&str, Attribute<'_>>, name: &str) -> bool {
    name.match_indices('.').any(|(dot, _)| name.get(..dot).is_some_and(|part| declared.contains_key(part)))
}

fn attribute<'a>() -> Attribute<'a> {
    Attribute {
        cursor: None,
        kind: "string",
        source: Source::Request,
        event_values: None,
        derived: None,
        edge: false,
        client: false,
        pii: false,
        values: Vec::new(),
        default: None,
    }
}

#[derive(Default)]
struct ImpliedAttributes<'a> {
    names: BTreeSet<&'a str>,
    groups: bool,
}

impl<'a> ImpliedAttributes<'a> {
    /// Adds a unit. A dotted name is a single member of the request's attributes, which needs no declaration.
    fn unit(&mut self, unit: &Reference<'a>) {
        if !unit.name.contains('.') {
            self.names.insert(unit.name);
        }
    }

    fn experiment(&mut self, experiment: &FeatureExperiment<'a>, bandits: &Defs<'a, Bandit<'a>>) {
        self.condition(experiment.when.as_ref());
        experiment.units().for_each(|unit| self.unit(unit));
        let bandit = experiment.bandit.as_ref().and_then(|bandit| bandits.get(bandit.name));
        for leaf in bandit.iter().flat_map(|bandit| &bandit.leaves) {
            self.condition(leaf.when(Dialect::GrowthBook));
        }
    }

    fn group(&mut self, group: &SavedGroup<'a>) {
        group.when.iter().for_each(|when| self.node(when.node));
        if let Some(Kind::String(key)) = group.cursor.node.get("attributeKey").map(|node| &node.kind) {
            self.path(key);
        }
    }

    fn condition(&mut self, when: Option<&When<'a>>) {
        if let Some(when) = when {
            self.node(when.node());
        }
    }

    fn node(&mut self, node: &'a Node) {
        for entry in node.entries() {
            match (entry.key.as_str(), &entry.value.kind) {
                ("$and" | "$or" | "$nor", Kind::List(items)) => items.iter().for_each(|item| self.node(item)),
                ("$not", _) => self.node(&entry.value),
                ("$savedGroup", _) => {
                    self.groups = true;
                    if let Some(Kind::String(key)) = entry.value.get("attributeKey").map(|node| &node.kind) {
                        self.path(key);
                    }
                }
                ("$and" | "$or" | "$nor", _) => {}
                (path, _) => self.path(path),
            }
        }
    }

    /// Adds the first part of a path; the rest is a member of that attribute.
    fn path(&mut self, path: &'a str) {
        self.names.extend(path.split('.').next());
    }
}
