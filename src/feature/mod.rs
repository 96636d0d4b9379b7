//! Feature flags: values that rules choose, evaluated like GrowthBook and reported like OpenFeature.
//!
//! The reference of the evaluation and its order is `packages/sdk-js/src/core.ts` of
//! <https://github.com/growthbook/growthbook>. Side effects of its SDKs (tracking, keeping assignments) are returned as
//! data.

mod audience;
mod experiment;
mod options;
mod prerequisites;
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
use crate::plan::tables::{self, Attribute, AutoExperiment, AutoExperimentFlags, Constant, ConstantKind, Text};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::Profile;

/// The greatest number of features that one evaluation visits. It cuts features that depend on each other exponentially
/// often.
const MAX_VISITS: u32 = 10_000;
/// The longest chain of prerequisites, because each waits on the stack for the next.
///
/// The compiler refuses longer chains; cycles are cut here.
pub const MAX_FEATURE_DEPTH: usize = 64;

/// Evaluates a feature for one subject at one time.
///
/// Pure and infallible: the value of an unknown feature is `null`, and the source says so. The attribute `id` is the
/// profile's subject, or else what the request's attributes say.
///
/// # Examples
///
/// ```
/// use throughline::{EvaluationOptions, EvaluationReason, Facts, Plan, Value, evaluate};
/// # use throughline_compiler::{Options, Source, compile};
///
/// let rules = r#"
///   features:
///     new-checkout:
///       defaultValue: false
///       rules: [ { id: austria, condition: { country: AT }, force: true } ]
/// "#;
/// # let plans = compile(&[Source::new("rules.yaml", rules)], Options::default()).plans.ok_or("mistakes")?;
/// # let bytes = plans.edge;
/// let plan = Plan::load(&bytes)?;
/// let facts = Facts::from_json(
///     r#"{ "now": 1760000000000, "profile": { "subject": "p1" }, "request": { "attributes": { "country": "AT" } } }"#,
/// )?;
/// let evaluation = evaluate(&plan, &facts, &EvaluationOptions::default(), "new-checkout");
/// assert_eq!(evaluation.value, Value::Bool(true));
/// assert_eq!(evaluation.reason, EvaluationReason::TargetingMatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn evaluate(plan: &Plan, facts: &Facts, options: &EvaluationOptions, key: &str) -> Evaluation {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    FeatureEvaluator::new(plan, facts, &profile, &request, options).feature(key)
}

/// Evaluates all features of the plan, in the order of their keys. A repeated effect is recorded once.
#[must_use]
pub fn evaluate_all(plan: &Plan, facts: &Facts, options: &EvaluationOptions) -> Vec<Evaluation> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let mut evaluator = FeatureEvaluator::new(plan, facts, &profile, &request, options);
    plan.rows(plan.all::<tables::Feature>()).map(|(_, row)| evaluator.feature(plan.text(row.key))).collect()
}

/// Runs the experiments that are not part of a feature, in their order: those that run on their own, and those that
/// `triggered` names.
///
/// The first redirect experiment that the subject is in is the last one that runs.
#[must_use]
pub fn run_experiments(
    plan: &Plan,
    facts: &Facts,
    options: &EvaluationOptions,
    triggered: &[&str],
) -> Vec<ExperimentRun> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let mut evaluator = FeatureEvaluator::new(plan, facts, &profile, &request, options);
    let mut runs = Vec::new();
    for (_, row) in plan.rows(plan.all::<AutoExperiment>()) {
        let Some(run) = evaluator.experiment(&row, triggered) else { continue };
        let leaves = row.flags.contains(AutoExperimentFlags::REDIRECT) && run.outcome.in_experiment;
        runs.push(run);
        if leaves {
            break;
        }
    }
    runs
}

/// The state that all parts of one evaluation share.
struct FeatureEvaluator<'a> {
    plan: &'a Plan,
    options: &'a EvaluationOptions,
    eval: Evaluator<'a>,
    /// The URL of the page.
    url: &'a str,
    /// The keys of the features under evaluation, each a prerequisite of the one before it.
    path: Vec<String>,
    /// The number of features that may still be visited.
    visits: u32,
    /// The documents of kept assignments; `None` if assignments are not kept.
    docs: Option<SortedMap<StickyDoc>>,
    /// The effects of the current evaluation.
    effects: Effects,
    /// The keys of what was tracked, so that it is tracked once.
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

    /// Returns the attribute to hash and its value, or the fallback if the value is falsy and there is a fallback.
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

    /// Returns the value of a constant.
    fn constant(&self, id: Id<Constant>) -> Value {
        let Some(row) = self.plan.get(id) else { return Value::Null };
        match row.kind {
            ConstantKind::Boolean => Value::Bool(row.number != 0.0),
            ConstantKind::Number => Value::Number(row.number),
            ConstantKind::String => Value::from(self.plan.text(row.text)),
            ConstantKind::Json => self.json(row.text),
            ConstantKind::Null => Value::Null,
        }
    }

    /// Parses a string of the plan as JSON.
    fn json(&self, text: Id<Text>) -> Value {
        json::parse(self.plan.text(text)).unwrap_or_default()
    }

    /// Tracks an experiment, once for each hashed value and variation.
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
