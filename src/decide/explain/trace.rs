//! The tracer of an explanation.

use crate::decision::reason::Reason;
use crate::facts::Facts;
use crate::json::{Object, Value};
use crate::plan::tables::{Attribute, Campaign, Slot, Text};
use crate::plan::{Id, Plan};
use crate::prelude::*;

/// Records the events of one decision.
#[derive(Default)]
pub(crate) struct Tracer {
    /// The outcomes of each slot, in the plan's order of slots.
    slots: Vec<(Id<Slot>, Vec<CandidateOutcome>)>,
    /// The attributes that messages had no value for.
    missing: Vec<(Id<Text>, Id<Attribute>)>,
    /// The outcome of each campaign that has a next action.
    next: Vec<CandidateOutcome>,
    /// The outcome of each campaign's steps.
    steps: Vec<(Id<Campaign>, Value)>,
    /// The experiments of all campaigns that were checked.
    experiments: Object,
}

struct CandidateOutcome {
    campaign: Id<Campaign>,
    denial: Option<Reason>,
    detail: Value,
}

impl CandidateOutcome {
    const fn won(campaign: Id<Campaign>) -> Self {
        Self { campaign, denial: None, detail: Value::Null }
    }
}

impl Tracer {
    /// Begins a slot.
    pub(crate) fn enter(&mut self, slot: Id<Slot>) {
        self.slots.push((slot, Vec::new()));
    }

    /// Records that the campaign fills the current slot.
    pub(crate) fn won(&mut self, campaign: Id<Campaign>) {
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.insert(0, CandidateOutcome::won(campaign));
        }
    }

    /// Records why the campaign does not fill the current slot.
    pub(crate) fn denied(&mut self, campaign: Id<Campaign>, reason: Reason, detail: Value) {
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.push(CandidateOutcome { campaign, denial: Some(reason), detail });
        }
    }

    /// Records the attributes that a message had no value for.
    pub(crate) fn missing(&mut self, message: Id<Text>, attributes: &[Id<Attribute>]) {
        for attribute in attributes.iter().map(|attribute| (message, *attribute)) {
            if !self.missing.contains(&attribute) {
                self.missing.push(attribute);
            }
        }
    }

    /// Records that the campaign has the next action.
    pub(crate) fn chosen(&mut self, campaign: Id<Campaign>) {
        self.next.insert(0, CandidateOutcome::won(campaign));
    }

    /// Records why the campaign does not have the next action.
    pub(crate) fn passed(&mut self, campaign: Id<Campaign>, reason: Reason, detail: Value) {
        self.next.push(CandidateOutcome { campaign, denial: Some(reason), detail });
    }

    /// Records the outcome of one of the campaign's steps.
    pub(crate) fn step(&mut self, campaign: Id<Campaign>, step: Value) {
        self.steps.push((campaign, step));
    }

    /// Records the state of an experiment.
    pub(crate) fn experiment(&mut self, key: &str, state: Value) {
        self.experiments.insert(key, state);
    }

    /// Returns `{plan, now, partial, missing: [{message, attribute}], slots: {slot: [{campaign, outcome, detail}]},
    /// nextAction: [{…, steps}], experiments}`.
    pub(crate) fn finish(self, plan: &Plan, facts: &Facts) -> Value {
        let Self { slots, missing, next, steps, experiments } = self;
        let missing = missing.iter().map(|(message, attribute)| {
            let mut out = Object::new();
            out.insert("message", plan.text(*message));
            out.insert("attribute", plan.get(*attribute).map_or("", |row| plan.text(row.name)));
            Value::Object(out)
        });
        let missing = Value::Array(missing.collect());
        let slots = slots.into_iter().filter(|(_, outcomes)| !outcomes.is_empty());
        let slots = slots.filter_map(|(id, outcomes)| {
            let outcomes = outcomes.into_iter().map(|outcome| Value::Object(outcome.into_object(plan))).collect();
            Some((plan.text(plan.get(id)?.id), Value::Array(outcomes)))
        });
        let next = next.into_iter().map(|outcome| {
            let own = steps.iter().filter(|(campaign, _)| *campaign == outcome.campaign);
            let own: Vec<Value> = own.map(|(_, step)| step.clone()).collect();
            let mut out = outcome.into_object(plan);
            if !own.is_empty() {
                out.insert("steps", Value::Array(own));
            }
            Value::Object(out)
        });
        let partial = facts.profile.partial.iter().map(|part| Value::from(part.as_str())).collect();
        let mut out = Object::new();
        out.insert("plan", plan.id());
        out.insert("now", facts.now);
        out.insert("partial", Value::Array(partial));
        out.insert("missing", missing);
        out.insert("slots", Value::Object(slots.collect()));
        out.insert("nextAction", Value::Array(next.collect()));
        out.insert("experiments", Value::Object(experiments));
        Value::Object(out)
    }
}

impl CandidateOutcome {
    fn into_object(self, plan: &Plan) -> Object {
        let mut out = Object::new();
        let campaign = plan.get(self.campaign);
        out.insert("campaign", campaign.map_or("", |row| plan.text(row.id)));
        out.insert("priority", Value::Number(campaign.map_or(0.0, |row| f64::from(row.priority))));
        out.insert("outcome", self.denial.map_or("won", Reason::code));
        if self.detail != Value::Null {
            out.insert("detail", self.detail);
        }
        out
    }
}
