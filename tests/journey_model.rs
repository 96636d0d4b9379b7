//! Law: the core and the naive model in `tests/reference/` advance journeys alike, for generated rules and
//! stories.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use throughline::{Action, Advance, Event, Millis, Plan, Profile, advance, advance_account, reduce};

use crate::generate::{self, Dice};
use crate::reference;
use crate::support;

/// The number of stories for each set of rules, because compiling takes longer than advancing.
const STORIES: u64 = 10;
/// The number of times that the time advances in a story.
const MOMENTS: u64 = 8;

#[test]
fn the_core_advances_journeys_as_the_naive_model() {
    let wanted = [
        "active",
        "completed",
        "suppressed",
        "exited",
        "converted",
        "sent",
        "expired",
        "capped",
        "quiet_hours",
        "cooling_down",
        "waits",
    ];
    tell("id", 1_000, &wanted);
}

/// Checks stories of accounts, whose profiles get their members' events; every other journey is an account's.
#[test]
fn the_core_advances_journeys_of_accounts_as_the_naive_model() {
    tell("account.id", 200, &["active", "completed", "exited", "converted", "member_message", "waits"]);
}

/// Runs stories of a person or of an account; the `wanted` outcomes must occur in them.
fn tell(unit: &'static str, cases: u64, wanted: &[&str]) {
    let mut seen = BTreeMap::new();
    for seed in 0..support::cases(cases) / STORIES {
        let mut rules = generate::journey::rules(seed);
        if unit != "id" {
            let journeys = rules["journeys"].as_object_mut().unwrap().values_mut();
            journeys.step_by(2).for_each(|journey| journey["unit"] = json!(unit));
        }
        let plan = support::plan(&rules);
        for number in 0..STORIES {
            let dice = &mut Dice::new(!(seed * STORIES + number));
            let case = format!("{unit}, case {seed}/{number}");
            Story::new(&plan, &rules, unit, dice).tell(dice, &mut seen, &case);
        }
    }
    // A generator without these outcomes would prove nothing.
    for what in wanted {
        assert!(seen.get(*what).is_some_and(|count| *count >= 5), "too few of `{what}`: {seen:?}");
    }
}

/// A subject, as the core and the model know it.
struct Story<'a> {
    plan: &'a Plan,
    rules: &'a Value,
    /// The unit of the subject: a person (`id`), or an account (`account.id`).
    unit: &'static str,
    now: i64,
    profile: Profile,
    facts: Value,
    on_its_way: Vec<Event>,
}

impl<'a> Story<'a> {
    fn new(plan: &'a Plan, rules: &'a Value, unit: &'static str, dice: &mut Dice) -> Self {
        let facts = generate::journey::person(dice, rules);
        let known = support::facts(&facts);
        let mut profile = known.profile;
        known.events.iter().for_each(|event| reduce(plan, &mut profile, event));
        Self { plan, rules, unit, now: known.now.0, profile, facts, on_its_way: Vec::new() }
    }

    fn tell(&mut self, dice: &mut Dice, seen: &mut BTreeMap<String, u32>, case: &str) {
        let mut note = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
        for moment in 0..MOMENTS {
            let sent = serde_json::to_value(&self.on_its_way).unwrap();
            let journeys = self.journeys();
            let others = sent.as_array().unwrap();
            let wanted = reference::journey::advance(self.rules, &self.facts, self.unit, &journeys, others, self.now);
            let found = match self.unit {
                "id" => advance(self.plan, &self.profile, &self.on_its_way, Millis(self.now)),
                _ => advance_account(self.plan, &self.profile, Millis(self.now)),
            };
            let (actions, wake_at) = (found.actions.clone(), found.wake_at);
            let found = self.take(found);
            let differences = support::differences(&wanted, &found, false);
            assert!(
                differences.is_empty(),
                "{case}, moment {moment}:\n{}\nbefore {journeys:#}\nnow {}\non its way {sent:#}\nfacts {:#}\nrules {:#}",
                differences.join("\n"),
                self.now,
                self.facts,
                self.rules,
            );
            let places = found["journeys"].as_object().unwrap();
            places.values().filter_map(|place| place["status"].as_str()).for_each(&mut note);
            for action in found["actions"].as_array().unwrap() {
                note(action["outcome"].as_str().unwrap_or("sent"));
            }
            found["member_messages"].as_array().unwrap().iter().for_each(|_| note("member_message"));
            wake_at.iter().for_each(|_| note("waits"));
            self.go_on(dice, &actions, wake_at);
        }
    }

    /// Sends what was on its way, sometimes what became due, too, and adds other events until another moment.
    fn go_on(&mut self, dice: &mut Dice, actions: &[Action], wake_at: Option<Millis>) {
        let mut due: Vec<Event> = actions.iter().filter_map(Action::sent).collect();
        due.iter_mut().for_each(|event| event.at = Millis(self.now));
        let mut sent = std::mem::take(&mut self.on_its_way);
        if dice.percent(60) {
            sent.append(&mut due);
        }
        self.on_its_way = due;
        sent.iter().for_each(|event| self.hear(&serde_json::to_value(event).unwrap()));
        let later = self.now + *dice.pick(&[1, 60_000, 600_000, 3_600_000, 7 * 3_600_000]);
        self.now = match wake_at {
            Some(wake_at) if dice.percent(50) => wake_at.0,
            Some(wake_at) if dice.percent(30) => wake_at.0 - 1,
            _ => later,
        };
        for _ in 0..dice.below(3) {
            let event = generate::journey::event(dice, self.rules, self.now);
            self.hear(&event);
        }
    }

    fn hear(&mut self, event: &Value) {
        reduce(self.plan, &mut self.profile, &serde_json::from_value(event.clone()).unwrap());
        self.facts["events"].as_array_mut().unwrap().push(event.clone());
    }

    /// Replaces the profile; returns the result in the model's form.
    fn take(&mut self, found: Advance) -> Value {
        self.profile = found.profile;
        let actions: Vec<Value> = found.actions.iter().map(action).collect();
        let member_messages = serde_json::to_value(&found.member_messages).unwrap();
        json!({ "journeys": self.journeys(), "actions": actions, "member_messages": member_messages, "wakeAt": found.wake_at.map(|at| at.0) })
    }

    fn journeys(&self) -> Value {
        serde_json::to_value(&self.profile).unwrap().get("journeys").cloned().unwrap_or_else(|| json!({}))
    }
}

fn action(action: &Action) -> Value {
    let outcome = match &action.outcome {
        Ok(letter) => serde_json::from_str(&throughline::canonical::to_string(&letter.to_value())).unwrap(),
        Err(withheld) => json!(withheld.code()),
    };
    json!({
        "sendId": action.send_id, "journey": action.journey, "entered": action.entered, "step": action.step, "class": action.class.name(),
        "message": action.message, "offer": action.offer, "at": action.at.0, "expires": Some(action.expires.0).filter(|at| *at != i64::MAX), "outcome": outcome,
    })
}
