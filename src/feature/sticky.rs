//! Sticky buckets: documents that keep the variations that a value of an attribute was assigned to.

use crate::collections::SortedSet;
use crate::decide::profile_of;
use crate::facts::Facts;
use crate::facts::derived::derive_request;
use crate::feature::options::sticky_key;
use crate::feature::{EvaluationOptions, ExperimentResult, FeatureEvaluator, StickyDoc};
use crate::json::Value;
use crate::json::ValueRef;
use crate::json::canonical;
use crate::plan::tables::{
    Attribute, FeatureExperiment, FeatureExperimentFlags, FeatureVariation, FeatureVariationFlags,
};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::reduce::assignment_key;

/// The kept assignment of an experiment.
pub(super) enum StickyAssignment {
    /// There is none.
    Nothing,
    /// The index of the kept variation.
    Kept(u32),
    /// The subject was in a bucket version that is blocked now.
    Blocked,
}

/// Returns the keys of the documents that an evaluation for these facts may read.
#[must_use]
pub fn sticky_keys(plan: &Plan, facts: &Facts) -> SortedSet<String> {
    let options = EvaluationOptions::default();
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let evaluator = FeatureEvaluator::new(plan, facts, &profile, &request, &options);
    let units =
        plan.rows(plan.all::<FeatureExperiment>()).flat_map(|(_, row)| [Some(row.unit), row.fallback]).flatten();
    units.map(|unit| evaluator.sticky_key(unit).0).collect()
}

impl FeatureEvaluator<'_> {
    pub(super) fn is_sticky(&self, row: &FeatureExperiment) -> bool {
        self.docs.is_some() && !row.flags.contains(FeatureExperimentFlags::NEVER_STICKY)
    }

    /// Returns the kept assignment of an experiment.
    ///
    /// The document of the hashed attribute takes precedence over that of the fallback, which is `id` by default.
    pub(super) fn sticky_assignment(&self, row: &FeatureExperiment) -> StickyAssignment {
        let Some(docs) = self.docs.as_ref().filter(|_| self.is_sticky(row)) else { return StickyAssignment::Nothing };
        let (fallback, has_value) = match row.fallback {
            Some(fallback) => self.sticky_key(fallback),
            None => self.sticky_key_of("id", Some(self.eval.id())),
        };
        let keys = [Some(self.sticky_key(row.unit).0), Some(fallback).filter(|_| has_value)];
        let docs = || keys.iter().flatten().filter_map(|key| docs.get(key));
        let key = self.plan.text(row.key);
        let is_blocked = |assigned: &str| {
            let version = assigned.strip_prefix(key).and_then(|rest| rest.strip_prefix("__"));
            let number = version.and_then(|version| version.parse::<u32>().ok().filter(|it| it.to_string() == version));
            number.is_some_and(|number| number < row.min_bucket_version)
        };
        if docs().any(|doc| doc.assignments.keys().any(is_blocked)) {
            return StickyAssignment::Blocked;
        }
        let current = assignment_key(key, row.bucket_version);
        let Some(kept) = docs().find_map(|doc| doc.assignments.get(&current)) else {
            return StickyAssignment::Nothing;
        };
        let is_kept = |variation: &FeatureVariation| {
            variation.flags.contains(FeatureVariationFlags::KEYED) && self.plan.text(variation.key) == kept
        };
        let mut variations = (0..).zip(self.plan.rows(row.variations));
        variations
            .find(|(_, (_, variation))| is_kept(variation))
            .map_or(StickyAssignment::Nothing, |(index, _)| StickyAssignment::Kept(index))
    }

    /// Keeps the variation under the value that was hashed.
    pub(super) fn keep(&mut self, row: &FeatureExperiment, outcome: &ExperimentResult) {
        if !self.is_sticky(row) {
            return;
        }
        let value = json_text(&outcome.hash_value);
        let key = sticky_key(&outcome.hash_attribute, &value);
        let assignment = assignment_key(self.plan.text(row.key), row.bucket_version);
        let Some(docs) = &mut self.docs else { return };
        let doc = docs.get_or_insert_with(&key, || StickyDoc {
            attribute_name: outcome.hash_attribute.clone(),
            attribute_value: value,
            ..StickyDoc::default()
        });
        if doc.assignments.get(&assignment) != Some(&outcome.key) {
            doc.assignments.insert(assignment, outcome.key.clone());
            self.effects.sticky_buckets.insert(key, doc.clone());
        }
    }

    /// Returns the document key of an attribute, and whether the attribute has a value.
    fn sticky_key(&self, unit: Id<Attribute>) -> (String, bool) {
        self.sticky_key_of(self.name(unit), self.unit(unit, None).1)
    }

    fn sticky_key_of(&self, name: &str, value: Option<Value>) -> (String, bool) {
        let value = value.filter(|value| ValueRef::from(value).is_truthy());
        (sticky_key(name, &value.as_ref().map_or_else(String::new, json_text)), value.is_some())
    }
}

/// Returns a string as it is, and any other value as JSON.
fn json_text(value: &Value) -> String {
    value.as_str().map_or_else(|| canonical::to_json_text(value), str::to_owned)
}
