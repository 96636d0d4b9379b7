//! A trial: the variation that a subject gets, in GrowthBook's order.

use crate::bucket::{bucket, choose};
use crate::feature::audience::{NO_HOST, query_override};
use crate::feature::sticky::StickyAssignment;
use crate::feature::{Effects, ExperimentResult, FeatureEvaluator};
use crate::json::ValueRef;
use crate::json::{Object, Value};
use crate::plan::Span;
use crate::plan::tables::{
    AutoExperiment, Buckets, DRAFT, FORCED, FeatureExperiment, MANUAL, PASSTHROUGH, PERSIST_QUERY, REDIRECT, STOPPED,
};
use crate::prelude::*;
use crate::text::url::Url;

/// The id of the leaf where no leaf's condition holds.
const NO_LEAF: f64 = -1.0;

/// A trial as it was run.
pub(super) struct Run {
    /// The experiment as it was written, with the weights that counted.
    pub(super) experiment: Value,
    pub(super) outcome: ExperimentResult,
}

/// What an experiment that is no part of a feature gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentRun {
    /// Its id.
    pub id: String,
    /// The experiment as it was written.
    pub experiment: Value,
    /// The subject's part in it.
    pub outcome: ExperimentResult,
    /// The page to go to instead.
    pub redirect: Option<String>,
    /// What the host has to record.
    pub effects: Effects,
}

/// A variation, and how it was chosen.
#[derive(Default)]
struct Choice {
    index: Option<u32>,
    hashed: bool,
    bucket: Option<f64>,
    sticky: bool,
}

/// The weights of a trial for a subject.
struct Weights {
    ranges: Span<Buckets>,
    /// Whether they are those of a leaf, and not the trial's own.
    is_leaf: bool,
    /// What a bandit says of them.
    bandit: Option<Object>,
}

impl FeatureEvaluator<'_> {
    /// Runs an experiment that is no part of a feature; none if it waits to be triggered, or cannot lead where it
    /// should.
    pub(super) fn experiment(&mut self, row: &AutoExperiment, triggered: &[&str]) -> Option<ExperimentRun> {
        let trial = self.plan.get(row.trial)?;
        if row.flags & MANUAL != 0 && !triggered.contains(&self.plan.text(trial.key)) {
            return None;
        }
        self.visits = super::MAX_VISITS;
        let Run { experiment, outcome } = self.run(&trial, None);
        let redirect =
            Some(outcome.value.at(["urlRedirect"])).filter(|_| outcome.in_experiment).and_then(Value::as_str);
        let redirect =
            redirect.filter(|to| row.flags & REDIRECT != 0 && !to.is_empty()).map(|to| self.address(row, to));
        let is_elsewhere = |to: &String| !self.plan.get(trial.audience).is_some_and(|it| self.is_on_page(&it, to));
        Some(ExperimentRun {
            id: self.plan.text(row.id).to_owned(),
            redirect: redirect.filter(is_elsewhere),
            experiment,
            outcome,
            effects: core::mem::take(&mut self.effects),
        })
    }

    fn address(&self, row: &AutoExperiment, to: &str) -> String {
        let page = Url::parse(self.url, Some(NO_HOST)).filter(|_| row.flags & PERSIST_QUERY != 0);
        page.map_or_else(|| to.to_owned(), |page| page.with_missing_params(to))
    }

    /// Runs a trial, for a feature or for itself.
    pub(super) fn run(&mut self, trial: &FeatureExperiment, feature: Option<&str>) -> Run {
        let weights = self.weights(trial);
        let choice = self.choose(trial, weights.ranges);
        let outcome = self.outcome(trial, &choice, &weights, feature);
        let mut experiment = self.json(trial.definition);
        if let (Value::Object(experiment), Some(bandit)) = (&mut experiment, weights.bandit) {
            if weights.is_leaf {
                experiment.insert("weights", bandit.get("variationWeights").cloned().unwrap_or_default());
            }
            if outcome.hash_used {
                experiment.insert("contextualBandit", Value::Object(bandit));
            }
        }
        if outcome.hash_used {
            self.keep(trial, &outcome);
            self.track(experiment.clone(), outcome.to_value());
        }
        Run { experiment, outcome }
    }

    /// The weights of the first leaf whose condition holds, if there is a bandit.
    fn weights(&mut self, trial: &FeatureExperiment) -> Weights {
        let own = Weights { ranges: trial.ranges, is_leaf: false, bandit: None };
        let Some(bandit) = trial.bandit.and_then(|id| self.plan.get(id)) else { return own };
        let leaf = self.plan.rows(bandit.leaves).map(|(_, leaf)| leaf).find(|leaf| self.eval.holds(leaf.when));
        let mut out = Object::new();
        out.insert("leafId", leaf.map_or(Value::Number(NO_LEAF), |leaf| self.json(leaf.id)));
        out.insert("variationWeights", self.json(leaf.map_or(bandit.weights, |leaf| leaf.weights)));
        if let Some(version) = bandit.version {
            out.insert("banditVersion", self.json(version));
        }
        let ranges = leaf.map_or(trial.ranges, |leaf| leaf.ranges);
        Weights { ranges, is_leaf: leaf.is_some(), bandit: Some(out) }
    }

    /// GrowthBook's order: what forces a variation, who has no unit, what was kept, who may be in it, and the hash.
    fn choose(&mut self, trial: &FeatureExperiment, ranges: Span<Buckets>) -> Choice {
        let forced = |index| Choice { index, ..Choice::default() };
        let (key, count) = (self.plan.text(trial.key), trial.arms.len);
        let Some(audience) = self.plan.get(trial.audience).filter(|_| count >= 2 && !self.options.disabled) else {
            return Choice::default();
        };
        if !self.is_on_page(&audience, self.url) {
            return Choice::default();
        }
        if self.options.query_overrides
            && let Some(index) = query_override(key, self.url, count)
        {
            return forced(Some(index));
        }
        if let Some(number) = self.options.forced_variations.get(key) {
            return forced((0..count).find(|index| number.as_f64() == Some(f64::from(*index))));
        }
        if trial.flags & DRAFT != 0 {
            return Choice::default();
        }
        let (_, Some(unit)) = self.unit(trial.unit, trial.fallback.filter(|_| self.is_sticky(trial))) else {
            return Choice::default();
        };
        let unit = ValueRef::from(&unit).to_text().into_owned();
        let kept = self.sticky_assignment(trial);
        if !matches!(kept, StickyAssignment::Arm(_)) && !self.is_for(&audience, &unit) {
            return Choice::default();
        }
        let Some(bucket) = bucket(self.plan.text(trial.seed), &unit, trial.version) else { return Choice::default() };
        let index = match kept {
            StickyAssignment::Arm(index) => Some(index),
            StickyAssignment::Blocked => return Choice { sticky: true, ..Choice::default() },
            StickyAssignment::Nothing => {
                let ranges = self.plan.rows(ranges).map(|(_, range)| (range.from, range.to));
                choose(bucket, ranges).and_then(|index| u32::try_from(index).ok())
            }
        };
        if index.is_none() {
            return Choice::default();
        }
        if trial.flags & FORCED != 0 {
            return forced(Some(trial.forced));
        }
        if self.options.qa_mode || trial.flags & STOPPED != 0 {
            return Choice::default();
        }
        Choice { index, hashed: true, bucket: Some(bucket), sticky: matches!(kept, StickyAssignment::Arm(_)) }
    }

    fn outcome(
        &self,
        trial: &FeatureExperiment,
        choice: &Choice,
        weights: &Weights,
        feature: Option<&str>,
    ) -> ExperimentResult {
        let chosen = choice.index.filter(|index| *index < trial.arms.len);
        let (in_experiment, variation) = (chosen.is_some(), chosen.unwrap_or(0));
        let arm = self.plan.rows(trial.arms).nth(variation as usize).map(|(_, arm)| arm);
        let (attribute, value) = self.unit(trial.unit, trial.fallback.filter(|_| self.is_sticky(trial)));
        ExperimentResult {
            key: arm.map_or("0", |arm| self.plan.text(arm.key)).to_owned(),
            feature: feature.map(str::to_owned),
            in_experiment,
            hash_used: choice.hashed,
            variation,
            value: arm.map_or(Value::Null, |arm| self.constant(arm.value)),
            hash_attribute: self.name(attribute).to_owned(),
            hash_value: value.unwrap_or_else(|| Value::from("")),
            sticky_used: choice.sticky,
            name: arm.and_then(|arm| arm.name).map(|name| self.plan.text(name).to_owned()),
            bucket: choice.bucket,
            passthrough: arm.is_some_and(|arm| arm.flags & PASSTHROUGH != 0),
            bandit: weights.bandit.clone().filter(|_| choice.hashed && in_experiment),
        }
    }
}

impl ExperimentRun {
    /// `{"experiment": …, "result": …, "redirect": …}`, with `tracks` and `stickyBuckets` where there is something to
    /// record.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("id", self.id.as_str());
        out.insert("experiment", self.experiment.clone());
        out.insert("result", self.outcome.to_value());
        if let Some(redirect) = &self.redirect {
            out.insert("redirect", redirect.as_str());
        }
        self.effects.write(&mut out);
        Value::Object(out)
    }
}
