//! One decision for one visitor.

use throughline::{Decision, Event, Facts, Millis, Plan, Request, allows_storage, decide, decision_id};

use crate::prelude::*;
use crate::visitor::Visitor;

/// A decision, its facts, and the visitor it was made for.
pub struct VisitorDecision {
    /// The visitor; [unknown](Visitor::unknown) if the rules do not allow storage on this device.
    pub visitor: Visitor,
    /// The decision.
    pub decision: Decision<'static>,
    /// The facts that the decision was made from.
    pub facts: Facts,
}

/// Decides for a visitor, exactly once. `events` returns the request's events for the id of the decision.
///
/// If the rules do not allow storage, cookies are neither written nor read: the decision is made for an
/// [unknown visitor](Visitor::unknown).
pub fn decide_for_visitor(
    plan: &Plan,
    visitor: Visitor,
    request: Request,
    now: Millis,
    events: &dyn Fn(&str) -> Vec<Event>,
) -> VisitorDecision {
    decide_with(plan, visitor, request, now, events, decide)
}

/// Decides with `decide`. Its type makes sure that a request never costs a second decision.
fn decide_with(
    plan: &Plan,
    visitor: Visitor,
    request: Request,
    now: Millis,
    events: &dyn Fn(&str) -> Vec<Event>,
    decide: impl for<'a> FnOnce(&'a Plan, &'a Facts) -> Decision<'a>,
) -> VisitorDecision {
    let (visitor, facts) = facts_for_visitor(plan, visitor, request, now, events);
    let decision = decide(plan, &facts).into_owned();
    VisitorDecision { visitor, decision, facts }
}

/// Returns the visitor that a decision may be made for, and the facts for it. This does not decide.
//
// Why storage can be checked first, and only once:
// - `Decision::store` depends on consent and on `request.bot` alone, so `allows_storage` returns it without a decision.
// - Consent comes from the request, the profile, and the request's events. The check therefore uses the profile of the
//   visitor as recognised, and the facts hold the events before the check.
// - A presented token is not stored on this device, so a visitor who is not recognised by cookie stays known.
// - An unknown visitor has no cookie. The second pass of the former recursion never made them unknown again.
// - The subject is part of the decision's id. Events of the recognised visitor carry the wrong id when the visitor
//   becomes unknown, so they are made again. They cannot be made late: consent in an event affects the check.
pub fn facts_for_visitor(
    plan: &Plan,
    visitor: Visitor,
    request: Request,
    now: Millis,
    events: &dyn Fn(&str) -> Vec<Event>,
) -> (Visitor, Facts) {
    let mut facts = Facts { now, profile: visitor.profile.clone(), request, events: Vec::new() };
    facts.events = events(&decision_id(plan, &facts));
    if !visitor.is_by_device() || allows_storage(plan, &facts) {
        return (visitor, facts);
    }
    let visitor = visitor.unknown();
    facts.profile = visitor.profile.clone();
    facts.events = events(&decision_id(plan, &facts));
    (visitor, facts)
}

#[cfg(test)]
#[path = "decide_for_visitor_tests.rs"]
mod tests;
