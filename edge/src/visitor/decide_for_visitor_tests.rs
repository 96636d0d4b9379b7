//! One decision per request, and the same one as the algorithm of four decisions made.
#![allow(
    dead_code,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "tests fail by panicking"
)]

#[path = "../../../tests/generate/mod.rs"]
mod generate;
#[path = "../../../tests/support/mod.rs"]
mod support;

use core::cell::Cell;

use generate::Dice;
use throughline::EventKind;

use super::*;

/// The former algorithm: a decision for the id, one for the visitor, and both again for an unknown visitor.
fn decide_twice(
    plan: &Plan,
    visitor: Visitor,
    request: Request,
    now: Millis,
    events: &dyn Fn(&str) -> Vec<Event>,
) -> VisitorDecision {
    let mut facts = Facts { now, profile: visitor.profile.clone(), request, events: Vec::new() };
    facts.events = events(&decide(plan, &facts).id());
    let decision = decide(plan, &facts).into_owned();
    if decision.store || !visitor.is_by_device() {
        return VisitorDecision { visitor, decision, facts };
    }
    decide_twice(plan, visitor.unknown(), facts.request, now, events)
}

fn visitor(facts: &Facts, dice: &mut Dice) -> Visitor {
    Visitor {
        id: if dice.percent(90) { "v0123456789".to_owned() } else { String::new() },
        profile: facts.profile.clone(),
        version: dice.below(3),
        presented: dice.percent(15).then(|| "token".to_owned()),
        session: facts.now,
        ..Visitor::default()
    }
}

#[test]
fn one_decision_gives_what_up_to_four_gave() {
    let mut outcomes = [0; 2];
    for seed in 0..support::cases(100) {
        let rules = generate::rules(seed);
        let plan = support::plan(&rules);
        for at in 0..4 {
            let facts = support::facts(&generate::facts(&rules, seed.wrapping_mul(31).wrapping_add(at)));
            let visitor = visitor(&facts, &mut Dice::new(seed ^ at));
            let events = |decision: &str| {
                let view = Event {
                    id: format!("{decision}:page"),
                    kind: EventKind::Page,
                    name: "Page Viewed".to_owned(),
                    at: facts.now,
                    trusted: true,
                    ..Event::default()
                };
                facts.events.iter().cloned().chain([view]).collect()
            };
            let count = Cell::new(0);
            let (request, now) = (facts.request.clone(), facts.now);
            let found = decide_with(&plan, visitor.clone(), request.clone(), now, &events, |plan, facts| {
                count.set(count.get() + 1);
                decide(plan, facts)
            });
            let wanted = decide_twice(&plan, visitor.clone(), request, now, &events);
            assert_eq!(count.get(), 1, "seed {seed}");
            assert_eq!(found.decision, wanted.decision, "seed {seed}");
            assert_eq!(found.facts, wanted.facts, "seed {seed}");
            assert_eq!(format!("{:?}", found.visitor), format!("{:?}", wanted.visitor), "seed {seed}");
            let [unknown, recognised] = &mut outcomes;
            *(if found.visitor.id == visitor.id { recognised } else { unknown }) += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 50), "recognised and unknown visitors: {outcomes:?}");
}
