//! Features: values that rules choose, as GrowthBook evaluates them and as OpenFeature reports them.
//!
//! The facts of the evaluation, its order included, are in `packages/sdk-js/src/core.ts` of
//! <https://github.com/growthbook/growthbook>. What its SDKs do beside it (tracking, keeping assignments) is returned as data.

mod audience;
mod experiment;
mod options;
mod result;
mod rule;
mod sticky;

pub use experiment::ExperimentRun;
pub use options::{EvaluationOptions, StickyDoc};
pub use result::{Effects, Evaluation, EvaluationReason, ExperimentResult, FeatureSource};
pub use sticky::sticky_keys;

use crate::collections::SortedMap;
use crate::condition::Evaluator;
use crate::decide::profile_of;
use crate::facts::derived::derive_request;
use crate::facts::{Facts, Request};
use crate::json;
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::tables::{self, Attribute, AutoExperiment, Constant, ConstantKind, REDIRECT, Text};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::Profile;

/// One evaluation looks at no more features than this: features that depend on each other many times over are cut.
const MAX_VISITS: u32 = 10_000;
/// Features that need each other make chains of at most so many: each waits on the stack for the next. The compiler refuses longer
/// ones; circles are cut here.
pub const MAX_FEATURE_DEPTH: usize = 64;

/// Evaluates a feature for one subject at one time.
///
/// Pure, and it cannot fail: without such a feature the value is `null` and the source says so. The attribute `id` is the
/// profile's subject, or, where there is none, what the request's attributes say.
#[must_use]
pub fn evaluate(plan: &Plan, facts: &Facts, options: &EvaluationOptions, key: &str) -> Evaluation {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    FeatureEvaluator::new(plan, facts, &profile, &request, options).feature(key)
}

/// Evaluates all features of the plan, in the order of their keys. What several of them would record is recorded once.
#[must_use]
pub fn evaluate_all(plan: &Plan, facts: &Facts, options: &EvaluationOptions) -> Vec<Evaluation> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let mut evaluating = FeatureEvaluator::new(plan, facts, &profile, &request, options);
    plan.rows(plan.all::<tables::Feature>()).map(|(_, row)| evaluating.feature(plan.text(row.key))).collect()
}

/// Runs the experiments that are no part of a feature, in their order: those that pages run by themselves, and those that
/// `triggered` names. After one that may lead to another page, and that the subject is part of, no other runs.
#[must_use]
pub fn run_experiments(
    plan: &Plan,
    facts: &Facts,
    options: &EvaluationOptions,
    triggered: &[&str],
) -> Vec<ExperimentRun> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let mut evaluating = FeatureEvaluator::new(plan, facts, &profile, &request, options);
    let mut runs = Vec::new();
    for (_, row) in plan.rows(plan.all::<AutoExperiment>()) {
        let Some(run) = evaluating.experiment(&row, triggered) else { continue };
        let leaves = row.flags & REDIRECT != 0 && run.outcome.in_experiment;
        runs.push(run);
        if leaves {
            break;
        }
    }
    runs
}

/// What all parts of one evaluation share.
struct FeatureEvaluator<'a> {
    plan: &'a Plan,
    options: &'a EvaluationOptions,
    eval: Evaluator<'a>,
    /// The page.
    url: &'a str,
    /// The features whose evaluation goes on, each needed by the one before it.
    path: Vec<String>,
    /// How many more features may be looked at.
    visits: u32,
    /// The documents of kept assignments; none where assignments are not kept.
    docs: Option<SortedMap<StickyDoc>>,
    /// What the current evaluation records.
    effects: Effects,
    /// What has been tracked.
    tracked: Vec<String>,
}

impl<'a> FeatureEvaluator<'a> {
    fn new(
        plan: &'a Plan,
        facts: &'a Facts,
        profile: &'a Profile,
        request: &'a Request,
        options: &'a EvaluationOptions,
    ) -> Self {
        let url = || facts.request.attributes.get("url").and_then(Value::as_str);
        Self {
            plan,
            options,
            eval: Evaluator::for_features(plan, profile, request, facts.now),
            url: options.url.as_deref().or_else(url).unwrap_or_default(),
            path: Vec::new(),
            visits: 0,
            docs: options.sticky_buckets.clone(),
            effects: Effects::default(),
            tracked: Vec::new(),
        }
    }

    fn feature(&mut self, key: &str) -> Evaluation {
        self.visits = MAX_VISITS;
        let mut evaluation = self.visit(key);
        evaluation.effects = core::mem::take(&mut self.effects);
        evaluation
    }

    /// The value of an attribute that is hashed, of which an empty one does not count; the fallback's, if that may be.
    fn unit(&self, unit: Id<Attribute>, fallback: Option<Id<Attribute>>) -> (Id<Attribute>, Option<Value>) {
        let value = |id| Some(self.eval.attribute(id)).filter(|value| ValueRef::from(value).is_truthy());
        match (value(unit), fallback) {
            (None, Some(other)) => value(other).map_or((unit, None), |found| (other, Some(found))),
            (found, _) => (unit, found),
        }
    }

    fn name(&self, attribute: Id<Attribute>) -> &'a str {
        self.plan.get(attribute).map_or("", |row| self.plan.text(row.name))
    }

    /// The value that a constant stands for.
    fn constant(&self, id: Id<Constant>) -> Value {
        let Some(row) = self.plan.get(id) else { return Value::Null };
        match ConstantKind::from_number(row.kind) {
            Some(ConstantKind::Boolean) => Value::Bool(row.number != 0.0),
            Some(ConstantKind::Number) => Value::Number(row.number),
            Some(ConstantKind::String) => Value::from(self.plan.text(row.text)),
            Some(ConstantKind::Json) => self.json(row.text),
            Some(ConstantKind::Null) | None => Value::Null,
        }
    }

    /// The value whose JSON a text is.
    fn json(&self, text: Id<Text>) -> Value {
        json::parse(self.plan.text(text)).unwrap_or_default()
    }

    /// Tracks an experiment once for each unit and variation.
    fn track(&mut self, experiment: Value, result: Value) {
        let text = |value: &Value| ValueRef::from(value).to_text().into_owned();
        let parts = [
            text(result.at(["hashAttribute"])),
            text(result.at(["hashValue"])),
            text(experiment.at(["key"])),
            text(result.at(["variationId"])),
        ];
        let key = parts.concat();
        if !self.tracked.contains(&key) {
            self.tracked.push(key);
            let track = [("experiment", experiment), ("result", result)];
            self.effects.tracks.push(Value::Object(track.into_iter().collect()));
        }
    }
}
