//! A feature's rules: the first one that gives a value applies.

use crate::bucket::{bucket, in_range};
use crate::feature::experiment::Run;
use crate::feature::prerequisites::Verdict;
use crate::feature::result::{Effects, Evaluation, EvaluationReason, ExperimentResult, FeatureSource};
use crate::feature::{FeatureEvaluator, MAX_FEATURE_DEPTH};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::tables::{Feature, FeatureFlags, FeatureRule, FeatureRuleFlags, Rollout, RolloutFlags};
use crate::prelude::*;

impl FeatureEvaluator<'_> {
    /// Evaluates a feature, which may be the prerequisite of another one.
    pub(super) fn visit(&mut self, key: &str) -> Evaluation {
        let is_endless = self.path.len() >= MAX_FEATURE_DEPTH || self.visits == 0;
        if is_endless || self.path.iter().any(|open| open == key) {
            return empty(key, FeatureSource::CyclicPrerequisite, EvaluationReason::Error);
        }
        self.visits = self.visits.saturating_sub(1);
        if let Some(value) = self.options.forced_features.get(key) {
            return Evaluation {
                value: value.clone(),
                ..empty(key, FeatureSource::Override, EvaluationReason::Static)
            };
        }
        let Some((_, row)) = self.plan.find(key, |row: &Feature| row.key) else {
            return empty(key, FeatureSource::UnknownFeature, EvaluationReason::Error);
        };
        if row.flags.contains(FeatureFlags::OFF) {
            return empty(key, FeatureSource::UnknownFeature, EvaluationReason::Disabled);
        }
        self.path.push(key.to_owned());
        let found = self.plan.rows(row.rules).find_map(|(_, rule)| self.rule(key, &rule));
        self.path.pop();
        found.unwrap_or_else(|| {
            let reason = if row.rules.is_empty() { EvaluationReason::Static } else { EvaluationReason::Default };
            let value = row.default.map_or(Value::Null, |value| self.constant(value));
            Evaluation { value, ..empty(key, FeatureSource::DefaultValue, reason) }
        })
    }

    /// Returns the evaluation that the rule gives, if it applies.
    fn rule(&mut self, key: &str, rule: &FeatureRule) -> Option<Evaluation> {
        match self.prerequisites(rule.prerequisites) {
            Verdict::Met => {}
            Verdict::Unmet => return None,
            Verdict::Closed => {
                return Some(empty(key, FeatureSource::Prerequisite, EvaluationReason::Disabled));
            }
            Verdict::Cyclic => {
                return Some(empty(key, FeatureSource::CyclicPrerequisite, EvaluationReason::Error));
            }
        }
        if !self.passes(rule.filters) {
            return None;
        }
        let id = self.plan.text(rule.id).to_owned();
        if rule.flags.contains(FeatureRuleFlags::FORCES) {
            let value = self.force(rule)?;
            let is_split = rule.rollout.is_some() || !rule.filters.is_empty();
            let is_targeted = rule.when.is_some() || !rule.prerequisites.is_empty();
            let reason = match (is_split, is_targeted) {
                (true, _) => EvaluationReason::Split,
                (false, true) => EvaluationReason::TargetingMatch,
                (false, false) => EvaluationReason::Static,
            };
            return Some(Evaluation { value, rule: id, ..empty(key, FeatureSource::Force, reason) });
        }
        let row = self.plan.get(rule.experiment?)?;
        let Run { experiment, outcome } = self.run(&row, Some(key));
        let ExperimentResult { in_experiment: true, passthrough: false, .. } = outcome else { return None };
        let reason = if outcome.hash_used { EvaluationReason::Split } else { EvaluationReason::Static };
        let value = outcome.value.clone();
        let base = empty(key, FeatureSource::Experiment, reason);
        Some(Evaluation { value, rule: id, experiment: Some(experiment), outcome: Some(outcome), ..base })
    }

    /// Returns the value that the rule forces, if it applies to this subject.
    fn force(&mut self, rule: &FeatureRule) -> Option<Value> {
        let is_for = rule.when.is_none_or(|when| self.eval.holds(when));
        let is_in = is_for && rule.rollout.and_then(|id| self.plan.get(id)).is_none_or(|row| self.is_in_rollout(&row));
        if !is_in {
            return None;
        }
        if let Some(Value::Array(tracks)) = rule.tracks.map(|tracks| self.json(tracks)) {
            for track in tracks {
                self.track(track.at(["experiment"]).clone(), track.at(["result"]).clone());
            }
        }
        Some(rule.force.map_or(Value::Null, |value| self.constant(value)))
    }

    fn is_in_rollout(&self, row: &Rollout) -> bool {
        let may_fall_back = self.docs.is_some() && !row.flags.contains(RolloutFlags::NEVER_STICKY);
        let (_, value) = self.unit(row.unit, row.fallback.filter(|_| may_fall_back));
        let hash = |value| bucket(self.plan.text(row.seed), &ValueRef::from(&value).to_text(), row.version);
        let is_in = |bucket| {
            in_range(bucket, (row.from, row.to)) || (row.flags.contains(RolloutFlags::INCLUSIVE) && bucket == row.to)
        };
        value.and_then(hash).is_some_and(is_in)
    }
}

/// Returns an evaluation without a value.
fn empty(key: &str, source: FeatureSource, reason: EvaluationReason) -> Evaluation {
    Evaluation {
        key: key.to_owned(),
        value: Value::Null,
        source,
        reason,
        rule: String::new(),
        experiment: None,
        outcome: None,
        effects: Effects::default(),
    }
}
