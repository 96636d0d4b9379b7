//! The explanation: who listens to the same evaluation, if anybody does.

use crate::facts::Facts;
use crate::plan::tables::{Attribute, Campaign, Slot, Text};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::reason::Reason;
use crate::value::{Object, Value};

/// Writes down what happens while a decision is made.
#[derive(Default)]
pub(crate) struct Tracer {
    /// In the order in which the slots were filled, which is the plan's.
    slots: Vec<(Id<Slot>, Vec<Outcome>)>,
    /// The attributes that messages wanted to write and that had nothing to write.
    missing: Vec<(Id<Text>, Id<Attribute>)>,
}

struct Outcome {
    campaign: Id<Campaign>,
    denial: Option<Reason>,
    detail: Value,
}

impl Tracer {
    /// What follows is about this slot.
    pub(crate) fn enter(&mut self, slot: Id<Slot>) {
        self.slots.push((slot, Vec::new()));
    }

    /// The campaign fills the slot.
    pub(crate) fn won(&mut self, campaign: Id<Campaign>) {
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.insert(0, Outcome { campaign, denial: None, detail: Value::Null });
        }
    }

    /// The campaign does not fill the slot, because of this.
    pub(crate) fn denied(&mut self, campaign: Id<Campaign>, reason: Reason, detail: Value) {
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.push(Outcome { campaign, denial: Some(reason), detail });
        }
    }

    /// A message wanted to write these attributes.
    pub(crate) fn missing(&mut self, message: Id<Text>, attributes: &[Id<Attribute>]) {
        for attribute in attributes.iter().map(|attribute| (message, *attribute)) {
            if !self.missing.contains(&attribute) {
                self.missing.push(attribute);
            }
        }
    }

    /// `{plan, now, partial, missing: [{message, attribute}], slots: {slot: [{campaign, outcome, detail}]}}`
    pub(crate) fn finish(self, plan: &Plan, facts: &Facts) -> Value {
        let missing = self.missing.iter().map(|(message, attribute)| {
            let mut out = Object::new();
            out.insert("message", plan.text(*message));
            out.insert("attribute", plan.get(*attribute).map_or("", |row| plan.text(row.name)));
            Value::Object(out)
        });
        let missing = Value::Array(missing.collect());
        let slots = self.slots.into_iter().filter(|(_, outcomes)| !outcomes.is_empty());
        let slots = slots.filter_map(|(id, outcomes)| {
            let outcomes = outcomes.into_iter().map(|outcome| outcome.into_value(plan)).collect();
            Some((plan.text(plan.get(id)?.id), Value::Array(outcomes)))
        });
        let partial = facts.profile.partial.iter().map(|part| Value::from(part.as_str())).collect();
        let mut out = Object::new();
        out.insert("plan", plan.id());
        out.insert("now", facts.now);
        out.insert("partial", Value::Array(partial));
        out.insert("missing", missing);
        out.insert("slots", Value::Object(slots.collect()));
        Value::Object(out)
    }
}

impl Outcome {
    fn into_value(self, plan: &Plan) -> Value {
        let mut out = Object::new();
        out.insert("campaign", plan.get(self.campaign).map_or("", |row| plan.text(row.id)));
        out.insert("outcome", self.denial.map_or("won", Reason::code));
        if self.detail != Value::Null {
            out.insert("detail", self.detail);
        }
        Value::Object(out)
    }
}
