//! The direct answer to "why did this campaign not show?", read out of an explanation.

use crate::decide::Explanation;
use crate::decision::reason::Reason;
use crate::json::{Object, Value};
use crate::plan::tables::{Campaign, Slot};
use crate::plan::{Id, Plan};
use crate::prelude::*;

impl Explanation<'_> {
    /// The explanation with the direct answer to why a campaign does not show: in one slot, or else in each that it is for and
    /// as the next action.
    #[must_use]
    pub fn why_not(mut self, plan: &Plan, campaign: &str, slot: Option<&str>) -> Self {
        let mut out = Object::new();
        out.insert("campaign", campaign);
        let mut campaigns = plan.rows(plan.all::<Campaign>());
        match campaigns.find(|(_, row)| plan.text(row.id) == campaign) {
            None => out.insert("outcome", Reason::UnknownCampaign.code()),
            Some((id, row)) => {
                let slots = plan.rows(plan.all::<Slot>()).map(|(_, row)| row);
                let slots = slots.filter(|row| slot.map_or(is_placed(plan, row, id), |name| plan.text(row.id) == name));
                let answer = |row: Slot| (plan.text(row.id), Value::Object(self.in_slot(plan, &row, id, campaign)));
                let mut answers: Object = slots.map(answer).collect();
                if let Some(name) = slot.filter(|_| answers.is_empty()) {
                    answers.insert(name, Value::Object(outcome(Reason::UnknownSlot)));
                }
                out.insert("slots", Value::Object(answers));
                if slot.is_none() && !row.next.is_empty() {
                    out.insert("nextAction", Value::Object(self.answer_in(self.trace.at(["nextAction"]), campaign)));
                }
            }
        }
        self.answer = Some(Value::Object(out));
        self
    }

    fn in_slot(&self, plan: &Plan, slot: &Slot, id: Id<Campaign>, campaign: &str) -> Object {
        let name = plan.text(slot.id);
        if !is_placed(plan, slot, id) {
            return outcome(Reason::NotPlaced);
        }
        match self.decision.reasons.get(name) {
            None => outcome(Reason::NotAsked),
            Some(_) => self.answer_in(self.trace.at(["slots", name]), campaign),
        }
    }

    /// What a list of outcomes says of the campaign; of a condition the part that decided. Only programs have no list.
    fn answer_in(&self, outcomes: &Value, campaign: &str) -> Object {
        let Value::Array(outcomes) = outcomes else { return outcome(Reason::Bot) };
        let found = outcomes.iter().find(|found| found.at(["campaign"]).as_str() == Some(campaign));
        let Some(found) = found.and_then(Value::as_object) else { return outcome(Reason::Bot) };
        let because = found.get("detail").and_then(deciding);
        let told = |name: &str| name != "campaign" && (name != "detail" || because.is_none());
        let mut out: Object =
            found.iter().filter(|(name, _)| told(name)).map(|(name, value)| (name, value.clone())).collect();
        if let Some(because) = because {
            out.insert("because", Value::Object(because));
        }
        out
    }
}

fn is_placed(plan: &Plan, slot: &Slot, campaign: Id<Campaign>) -> bool {
    plan.get(slot.candidates)
        .is_some_and(|lane| plan.rows(lane.placements).any(|(_, placement)| placement.campaign == campaign))
}

fn outcome(reason: Reason) -> Object {
    [("outcome", Value::from(reason.code()))].into_iter().collect()
}

/// Of the condition in a detail the first test that decided, with all that was noted on the way down to it, and the way.
fn deciding(detail: &Value) -> Option<Object> {
    let (mut node, mut path) = match detail.at(["when"]) {
        Value::Null => (detail, String::new()),
        when => (when, "when".to_owned()),
    };
    node.at(["op"]).as_str()?;
    let mut out = Object::new();
    loop {
        let notes = node.as_object()?;
        notes.iter().filter(|(name, _)| *name != "of").for_each(|(name, value)| out.insert(name, value.clone()));
        let Some((at, child)) = responsible(node) else { break };
        let dot = if path.is_empty() { "" } else { "." };
        path = format!("{path}{dot}of[{at}]");
        node = child;
    }
    out.insert("path", path.as_str());
    Some(out)
}

/// The first part that made the node what it is; none for a test, and for what is asked of a list as a whole.
fn responsible(node: &Value) -> Option<(usize, &Value)> {
    let op = node.at(["op"]).as_str()?;
    let Value::Array(parts) = node.at(["of"]) else { return None };
    if ["$all", "$elemMatch"].contains(&op) {
        return None;
    }
    let holds = (*node.at(["holds"]) == Value::Bool(true)) != (op == "$not");
    parts.iter().enumerate().find(|(_, part)| *part.at(["holds"]) == Value::Bool(holds))
}
