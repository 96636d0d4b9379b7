//! The explanation: an observer of the same evaluation. The silent one compiles to nothing.

use std::collections::BTreeMap;

use crate::condition::Evaluator;
use crate::decide::campaign::{Cause, Denial};
use crate::facts::Facts;
use crate::plan::tables::{Campaign, Slot};
use crate::plan::{Id, Plan};
use crate::value::{Object, Value};

/// Is told what happens while a decision is made.
pub(crate) trait Observer {
    /// Whether anybody listens; if not, candidates that cannot win any more are not looked at.
    const ON: bool;
    /// The campaign fills the slot.
    fn won(&mut self, slot: Id<Slot>, campaign: Id<Campaign>);
    /// The campaign does not fill the slot.
    fn denied(&mut self, slot: Id<Slot>, campaign: Id<Campaign>, denial: Denial, eval: &mut Evaluator<'_>);
}

/// Listens to nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    const ON: bool = false;
    fn won(&mut self, _: Id<Slot>, _: Id<Campaign>) {}
    fn denied(&mut self, _: Id<Slot>, _: Id<Campaign>, _: Denial, _: &mut Evaluator<'_>) {}
}

/// Writes down everything.
#[derive(Default)]
pub(crate) struct Tracer {
    slots: BTreeMap<Id<Slot>, Vec<Outcome>>,
}

struct Outcome {
    campaign: Id<Campaign>,
    denial: Option<Denial>,
    condition: Option<Value>,
}

impl Observer for Tracer {
    const ON: bool = true;

    fn won(&mut self, slot: Id<Slot>, campaign: Id<Campaign>) {
        self.slots.entry(slot).or_default().insert(0, Outcome { campaign, denial: None, condition: None });
    }

    fn denied(&mut self, slot: Id<Slot>, campaign: Id<Campaign>, denial: Denial, eval: &mut Evaluator<'_>) {
        let condition = match denial.by {
            Cause::Condition(node) => Some(eval.explain(node)),
            _ => None,
        };
        self.slots.entry(slot).or_default().push(Outcome { campaign, denial: Some(denial), condition });
    }
}

impl Tracer {
    /// `{plan, now, partial, slots: {slot: [{campaign, outcome, detail}]}}`
    pub(crate) fn finish(self, plan: &Plan, facts: &Facts) -> Value {
        let slots = self.slots.into_iter().filter_map(|(id, outcomes)| {
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
