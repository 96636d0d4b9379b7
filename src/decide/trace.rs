//! The explanation: who listens to the same evaluation, if anybody does.

use crate::condition::Evaluator;
use crate::decide::campaign::{Cause, Denial};
use crate::facts::Facts;
use crate::plan::tables::{Campaign, Slot};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::value::{Object, Value};

/// Writes down what happens while a decision is made.
#[derive(Default)]
pub(crate) struct Tracer {
    /// In the order in which the slots were filled, which is the plan's.
    slots: Vec<(Id<Slot>, Vec<Outcome>)>,
}

struct Outcome {
    campaign: Id<Campaign>,
    denial: Option<Denial>,
    condition: Option<Value>,
}

impl Tracer {
    /// What follows is about this slot.
    pub(crate) fn enter(&mut self, slot: Id<Slot>) {
        self.slots.push((slot, Vec::new()));
    }

    /// The campaign fills the slot.
    pub(crate) fn won(&mut self, campaign: Id<Campaign>) {
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.insert(0, Outcome { campaign, denial: None, condition: None });
        }
    }

    /// The campaign does not fill the slot.
    pub(crate) fn denied(&mut self, campaign: Id<Campaign>, denial: Denial, eval: &mut Evaluator<'_>) {
        let condition = match denial.by {
            Cause::Condition(node) => Some(eval.explain(node)),
            _ => None,
        };
        if let Some((_, outcomes)) = self.slots.last_mut() {
            outcomes.push(Outcome { campaign, denial: Some(denial), condition });
        }
    }

    /// `{plan, now, partial, slots: {slot: [{campaign, outcome, detail}]}}`
    pub(crate) fn finish(self, plan: &Plan, facts: &Facts) -> Value {
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
        out.insert("slots", Value::Object(slots.collect()));
        Value::Object(out)
    }
}

impl Outcome {
    fn into_value(self, plan: &Plan) -> Value {
        let mut out = Object::new();
        out.insert("campaign", plan.get(self.campaign).map_or("", |row| plan.text(row.id)));
        out.insert("outcome", self.denial.map_or("won", |denial| denial.reason.code()));
        let detail = self.condition.or_else(|| self.denial.and_then(|denial| detail(plan, denial.by)));
        if let Some(detail) = detail {
            out.insert("detail", detail);
        }
        Value::Object(out)
    }
}

/// What decided, in words and numbers.
fn detail(plan: &Plan, by: Cause) -> Option<Value> {
    let mut out = Object::new();
    match by {
        Cause::Purpose(purpose) => out.insert("purpose", plan.text(purpose)),
        Cause::Schedule(from, until) => {
            out.insert("from", from);
            out.insert("until", until);
        }
        Cause::Holdout(id) => out.insert("holdout", plan.text(plan.get(id)?.id)),
        Cause::Suppression(id) => out.insert("suppression", Value::Number(f64::from(id.0))),
        Cause::Cap(id, seen) => {
            let cap = plan.get(id)?;
            out.insert("cap", plan.text(cap.key));
            out.insert("max", Value::Number(f64::from(cap.max)));
            out.insert("seen", Value::Number(f64::from(seen)));
        }
        Cause::Offer(id) => out.insert("offer", plan.text(plan.get(id)?.id)),
        Cause::Campaign(id) => out.insert("campaign", plan.text(plan.get(id)?.id)),
        Cause::Condition(_) | Cause::Message | Cause::Channel => return None,
    }
    Some(Value::Object(out))
}
