//! Answers "why did this campaign not show?" from an explanation.

use crate::decide::Explanation;
use crate::decision::reason::Reason;
use crate::json::{Object, Value};
use crate::plan::tables::{Campaign, Slot};
use crate::plan::{Id, Plan};
use crate::prelude::*;

impl Explanation<'_> {
    /// Adds the answer to why a campaign does not show: in one slot, or else in each of its slots and as the next
    /// action.
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

    /// Returns the campaign's outcome in a list, with the deciding part of its condition. Only for bots there is no
    /// list.
    fn answer_in(&self, outcomes: &Value, campaign: &str) -> Object {
        let Value::Array(outcomes) = outcomes else { return outcome(Reason::Bot) };
        let found = outcomes.iter().find(|found| found.at(["campaign"]).as_str() == Some(campaign));
        let Some(found) = found.and_then(Value::as_object) else { return outcome(Reason::Bot) };
        let because = found.get("detail").and_then(deciding);
        let is_kept = |name: &str| name != "campaign" && (name != "detail" || because.is_none());
        let mut out: Object =
            found.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name, value.clone())).collect();
        if let Some(because) = because {
            out.insert("because", Value::Object(because));
        }
        out
    }
}

fn is_placed(plan: &Plan, slot: &Slot, campaign: Id<Campaign>) -> bool {
    plan.get(slot.candidates)
        .is_some_and(|index| plan.rows(index.placements).any(|(_, placement)| placement.campaign == campaign))
}

fn outcome(reason: Reason) -> Object {
    [("outcome", Value::from(reason.code()))].into_iter().collect()
}

/// Returns the first test that decided the condition of a detail, with the members on the path to it, and the path.
fn deciding(detail: &Value) -> Option<Object> {
    let (mut node, mut path) = match detail.at(["when"]) {
        Value::Null => (detail, String::new()),
        when => (when, "when".to_owned()),
    };
    node.at(["op"]).as_str()?;
    let mut out = Object::new();
    loop {
        let members = node.as_object()?;
        members.iter().filter(|(name, _)| *name != "of").for_each(|(name, value)| out.insert(name, value.clone()));
        let Some((at, child)) = responsible(node) else { break };
        let dot = if path.is_empty() { "" } else { "." };
        path = format!("{path}{dot}of[{at}]");
        node = child;
    }
    out.insert("path", path.as_str());
    Some(out)
}

/// Returns the first part that decided the node's result; `None` for a test, and for tests of a whole list.
fn responsible(node: &Value) -> Option<(usize, &Value)> {
    let op = node.at(["op"]).as_str()?;
    let Value::Array(parts) = node.at(["of"]) else { return None };
    if ["$all", "$elemMatch"].contains(&op) {
        return None;
    }
    let holds = (*node.at(["holds"]) == Value::Bool(true)) != (op == "$not");
    parts.iter().enumerate().find(|(_, part)| *part.at(["holds"]) == Value::Bool(holds))
}
