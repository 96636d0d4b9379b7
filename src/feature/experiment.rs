//! Experiments of features and of pages: the variation that a subject gets, in GrowthBook's order of checks.

use crate::bucket::{bucket, choose};
use crate::feature::audience::{NO_HOST, query_override};
use crate::feature::sticky::StickyAssignment;
use crate::feature::{Effects, ExperimentResult, FeatureEvaluator};
use crate::json::ValueRef;
use crate::json::{Object, Value};
use crate::plan::Span;
use crate::plan::tables::{
    AutoExperiment, AutoExperimentFlags, Buckets, FeatureExperiment, FeatureExperimentFlags, FeatureVariationFlags,
};
use crate::prelude::*;
use crate::text::url::Url;

/// The leaf id that a contextual bandit reports if no leaf's condition holds.
const NO_LEAF: f64 = -1.0;

/// The result of running an experiment.
pub(super) struct Run {
    /// The experiment as it was written, with the weights that applied.
    pub(super) experiment: Value,
    pub(super) outcome: ExperimentResult,
}

/// The result of an experiment that is not part of a feature.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentRun {
    /// The id of the experiment's definition.
    pub id: String,
    /// The experiment as it was written.
    pub experiment: Value,
    /// The subject's assignment.
    pub outcome: ExperimentResult,
    /// The page to go to instead, if the experiment redirects there.
    pub redirect: Option<String>,
    /// The effects that the host has to record.
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

/// The weights of an experiment for one subject.
struct Weights {
    ranges: Span<Buckets>,
    /// Whether they belong to a leaf of a bandit instead of the experiment.
    is_leaf: bool,
    /// The bandit's report of them.
    bandit: Option<Object>,
}

impl FeatureEvaluator<'_> {
    /// Runs an experiment that is not part of a feature; `None` if it must be triggered and was not.
    pub(super) fn experiment(&mut self, auto: &AutoExperiment, triggered: &[&str]) -> Option<ExperimentRun> {
        let row = self.plan.get(auto.experiment)?;
        if auto.flags.contains(AutoExperimentFlags::MANUAL) && !triggered.contains(&self.plan.text(row.key)) {
            return None;
        }
        self.visits = super::MAX_VISITS;
        let Run { experiment, outcome } = self.run(&row, None);
        let redirect =
            Some(outcome.value.at(["urlRedirect"])).filter(|_| outcome.in_experiment).and_then(Value::as_str);
        let redirect = redirect
            .filter(|to| auto.flags.contains(AutoExperimentFlags::REDIRECT) && !to.is_empty())
            .map(|to| self.address(auto, to));
        let is_elsewhere = |to: &String| !self.plan.get(row.audience).is_some_and(|it| self.is_on_page(&it, to));
        Some(ExperimentRun {
            id: self.plan.text(auto.id).to_owned(),
            redirect: redirect.filter(is_elsewhere),
            experiment,
            outcome,
            effects: core::mem::take(&mut self.effects),
        })
    }

    fn address(&self, auto: &AutoExperiment, to: &str) -> String {
        let page =
            Url::parse(self.url, Some(NO_HOST)).filter(|_| auto.flags.contains(AutoExperimentFlags::PERSIST_QUERY));
        page.map_or_else(|| to.to_owned(), |page| page.with_missing_params(to))
    }

    /// Runs an experiment, for a feature or on its own.
    pub(super) fn run(&mut self, row: &FeatureExperiment, feature: Option<&str>) -> Run {
        let weights = self.weights(row);
        let choice = self.choose(row, weights.ranges);
        let outcome = self.outcome(row, &choice, &weights, feature);
        let mut experiment = self.json(row.definition);
        if let (Value::Object(experiment), Some(bandit)) = (&mut experiment, weights.bandit) {
            if weights.is_leaf {
                experiment.insert("weights", bandit.get("variationWeights").cloned().unwrap_or_default());
            }
            if outcome.hash_used {
                experiment.insert("contextualBandit", Value::Object(bandit));
            }
        }
        if outcome.hash_used {
            self.keep(row, &outcome);
            self.track(experiment.clone(), outcome.to_value());
        }
        Run { experiment, outcome }
    }

    /// Returns the weights of the first leaf whose condition holds, or the experiment's own without a bandit.
    fn weights(&mut self, row: &FeatureExperiment) -> Weights {
        let own = Weights { ranges: row.ranges, is_leaf: false, bandit: None };
        let Some(bandit) = row.bandit.and_then(|id| self.plan.get(id)) else { return own };
        let leaf = self.plan.rows(bandit.leaves).map(|(_, leaf)| leaf).find(|leaf| self.eval.holds(leaf.when));
        let mut out = Object::new();
        out.insert("leafId", leaf.map_or(Value::Number(NO_LEAF), |leaf| self.json(leaf.id)));
        out.insert("variationWeights", self.json(leaf.map_or(bandit.weights, |leaf| leaf.weights)));
        if let Some(version) = bandit.version {
            out.insert("banditVersion", self.json(version));
        }
        let ranges = leaf.map_or(row.ranges, |leaf| leaf.ranges);
        Weights { ranges, is_leaf: leaf.is_some(), bandit: Some(out) }
    }

    /// Chooses the variation, in the order of GrowthBook's `runExperiment` (`packages/sdk-js/src/core.ts`, SDK 1.8.0).
    ///
    /// The numbers below are the step numbers in that function's comments. The order is part of the contract: the first
    /// step that applies decides.
    ///
    /// Left out are steps 2.5 (overrides by a context) and 7.5, 8.1 and 8.2 (`include`, `groups`, `url`), which rules
    /// do not have. Steps 13 and 14 are in [`Self::run`].
    fn choose(&mut self, row: &FeatureExperiment, ranges: Span<Buckets>) -> Choice {
        let forced = |index| Choice { index, ..Choice::default() };
        let (key, count) = (self.plan.text(row.key), row.variations.len);
        // 1 and 2: fewer than two variations, or experiments are disabled.
        let Some(audience) = self.plan.get(row.audience).filter(|_| count >= 2 && !self.options.disabled) else {
            return Choice::default();
        };
        // 2.6: URL targeting.
        if !self.is_on_page(&audience, self.url) {
            return Choice::default();
        }
        // 3: forced by the query string.
        if self.options.query_overrides
            && let Some(index) = query_override(key, self.url, count)
        {
            return forced(Some(index));
        }
        // 4: forced by the context; an unknown variation excludes the subject here.
        if let Some(number) = self.options.forced_variations.get(key) {
            return forced((0..count).find(|index| number.as_f64() == Some(f64::from(*index))));
        }
        // 5: draft.
        if row.flags.contains(FeatureExperimentFlags::DRAFT) {
            return Choice::default();
        }
        // 6: the hashed attribute; its fallback counts only where assignments are kept.
        let (_, Some(unit)) = self.unit(row.unit, row.fallback.filter(|_| self.is_sticky(row))) else {
            return Choice::default();
        };
        let unit = ValueRef::from(&unit).to_text().into_owned();
        let kept = self.sticky_assignment(row);
        // 7, 8 and 8.05: filters or namespace, condition, prerequisites. A kept assignment skips them.
        if !matches!(kept, StickyAssignment::Kept(_)) && !self.is_for(&audience, &unit) {
            return Choice::default();
        }
        // 9: the kept variation, else the bucket's. 9.5: a blocked bucket version excludes the subject.
        let Some(bucket) = bucket(self.plan.text(row.seed), &unit, row.version) else { return Choice::default() };
        let index = match kept {
            StickyAssignment::Kept(index) => Some(index),
            StickyAssignment::Blocked => return Choice { sticky: true, ..Choice::default() },
            StickyAssignment::Nothing => {
                let ranges = self.plan.rows(ranges).map(|(_, range)| (range.from, range.to));
                choose(bucket, ranges).and_then(|index| u32::try_from(index).ok())
            }
        };
        // 10: the bucket is in no range.
        if index.is_none() {
            return Choice::default();
        }
        // 11: forced by the experiment. This follows 10, so coverage still applies.
        if row.flags.contains(FeatureExperimentFlags::FORCED) {
            return forced(Some(row.forced));
        }
        // 12 and 12.5: QA mode, or the experiment is stopped.
        if self.options.qa_mode || row.flags.contains(FeatureExperimentFlags::STOPPED) {
            return Choice::default();
        }
        Choice { index, hashed: true, bucket: Some(bucket), sticky: matches!(kept, StickyAssignment::Kept(_)) }
    }

    fn outcome(
        &self,
        row: &FeatureExperiment,
        choice: &Choice,
        weights: &Weights,
        feature: Option<&str>,
    ) -> ExperimentResult {
        let chosen = choice.index.filter(|index| *index < row.variations.len);
        let (in_experiment, index) = (chosen.is_some(), chosen.unwrap_or(0));
        let variation = self.plan.rows(row.variations).nth(index as usize).map(|(_, variation)| variation);
        let (attribute, value) = self.unit(row.unit, row.fallback.filter(|_| self.is_sticky(row)));
        ExperimentResult {
            key: variation.map_or("0", |variation| self.plan.text(variation.key)).to_owned(),
            feature: feature.map(str::to_owned),
            in_experiment,
            hash_used: choice.hashed,
            variation: index,
            value: variation.map_or(Value::Null, |variation| self.constant(variation.value)),
            hash_attribute: self.name(attribute).to_owned(),
            hash_value: value.unwrap_or_else(|| Value::from("")),
            sticky_used: choice.sticky,
            name: variation.and_then(|variation| variation.name).map(|name| self.plan.text(name).to_owned()),
            bucket: choice.bucket,
            passthrough: variation
                .is_some_and(|variation| variation.flags.contains(FeatureVariationFlags::PASSTHROUGH)),
            bandit: weights.bandit.clone().filter(|_| choice.hashed && in_experiment),
        }
    }
}

impl ExperimentRun {
    /// Returns `{"id": …, "experiment": …, "result": …, "redirect": …}`, with `tracks` and `stickyBuckets` if there is
    /// something to record.
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
