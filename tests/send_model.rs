//! Law: right before a message of a journey leaves, the core and the naive model in `tests/reference/` say alike whether it may.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

mod generate;
mod reference;
mod support;

use std::collections::BTreeMap;

use generate::Dice;
use serde_json::Value;
use throughline::{Event, Millis, Plan, Profile, Waiting, Withheld, authorize, reduce};

/// Messages for each set of rules: compiling takes longer than asking.
const MESSAGES: u64 = 20;

#[test]
fn the_core_lets_messages_leave_as_the_naive_model() {
    let mut seen = Seen::default();
    for seed in 0..support::cases(3_000) / MESSAGES {
        let rules = generate::journey::rules(seed);
        let plan = support::plan(&rules);
        for number in 0..MESSAGES {
            let dice = &mut Dice::new(!(seed * MESSAGES + number));
            let facts = generate::journey::person(dice, &rules);
            let (waiting, now) = (generate::journey::waiting(dice, &rules, &facts), facts["now"].as_i64().unwrap());
            let others = generate::journey::others(dice, &rules, now);
            let wanted = reference::send::authorize(&rules, &facts, &others, &waiting, now);
            let found = ask(&plan, &profile(&plan, &facts), &others, &waiting, now);
            assert_eq!(
                found, wanted,
                "case {seed}/{number}:\nwaiting {waiting:#}\nothers {others:#?}\nnow {now}\nfacts {facts:#}\nrules {rules:#}"
            );
            seen.note(found);
        }
    }
    seen.assert_each(
        &[
            "consent_missing",
            "expired",
            "holdout",
            "journey_ended",
            "no_rendition",
            "offer_conflict",
            "outside_schedule",
            "suppressed",
            "unreachable",
            "already_seen",
            "capped",
            "cooling_down",
            "quiet_hours",
        ],
        &["capped", "cooling_down", "quiet_hours"],
    );
}

/// What is against a message, and until when.
type Against = Option<(&'static str, Option<i64>)>;

fn ask(plan: &Plan, profile: &Profile, others: &[Value], waiting: &Value, now: i64) -> Against {
    let others: Vec<Event> = others.iter().map(|event| serde_json::from_value(event.clone()).unwrap()).collect();
    let text = |name: &str| waiting[name].as_str().unwrap();
    let waiting = Waiting {
        journey: text("journey"),
        entered: serde_json::from_value(waiting["entered"].clone()).unwrap(),
        message: text("message"),
        channel: text("channel"),
        expires: waiting["expires"].as_i64().map_or(Millis::MAX, Millis),
    };
    match authorize(plan, profile, &others, &waiting, Millis(now)) {
        Ok(()) => None,
        Err(Withheld::Later(reason, at)) => Some((reason.code(), Some(at.0))),
        Err(withheld) => Some((withheld.code(), None)),
    }
}

fn profile(plan: &Plan, facts: &Value) -> Profile {
    let known = support::facts(facts);
    let mut profile = known.profile;
    known.events.iter().for_each(|event| reduce(plan, &mut profile, event));
    profile
}

/// How often what came about.
#[derive(Default)]
struct Seen(BTreeMap<(&'static str, bool), u32>);

impl Seen {
    fn note(&mut self, found: Against) {
        let (reason, until) = found.unwrap_or(("sent", None));
        *self.0.entry((reason, until.is_some())).or_default() += 1;
    }

    /// A generator that leads to few of the reasons would prove little.
    fn assert_each(&self, never: &[&'static str], later: &[&'static str]) {
        let wanted = never.iter().map(|reason| (*reason, false)).chain(later.iter().map(|reason| (*reason, true)));
        for what in wanted.chain([("sent", false)]) {
            assert!(self.0.get(&what).is_some_and(|count| *count >= 5), "too few of {what:?}: {:?}", self.0);
        }
    }
}
