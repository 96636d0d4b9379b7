//! Law: within the time of a cap no more messages are sent than it allows, whatever happens, and by any
//! number of journeys.

use serde_json::{Value, json};
use throughline::{Action, Event, Millis, PendingMessage, Plan, Profile, SendBlocked, advance, authorize, reduce};

use crate::generate::{self, Dice};
use crate::support;

/// The number of stories for each set of rules, because compiling takes longer than running one.
const STORIES: u64 = 10;
/// The number of times that the time advances in a story.
const MOMENTS: u64 = 12;
const WINDOWS: [(&str, i64); 3] = [("10m", 600_000), ("1h", 3_600_000), ("6h", 6 * 3_600_000)];

#[test]
fn no_more_leaves_than_a_cap_allows() {
    let (mut sent, mut held_back) = (0, 0);
    for seed in 0..support::cases(300) / STORIES {
        let dice = &mut Dice::new(seed);
        let (per, window) = *dice.pick(&WINDOWS);
        let max = 1 + dice.below(2);
        let plan = support::plan(&rules(seed, max, per));
        for number in 0..STORIES {
            let mut story =
                Story { plan: &plan, profile: Profile::new("p"), waiting: Vec::new(), on_its_way: Vec::new() };
            let dice = &mut Dice::new(!(seed * STORIES + number));
            let mut left = Vec::new();
            let mut now = generate::NOON;
            for _ in 0..MOMENTS {
                held_back += story.at(dice, now, &mut left);
                let recent = left.iter().filter(|at| **at > now - window).count() as u64;
                assert!(recent <= max, "case {seed}/{number}: {left:?} at {now}, {max} per {per}");
                now += *dice.pick(&[1, 60_000, 600_000, 3_600_000]);
            }
            sent += left.len();
        }
    }
    // Where nothing or everything is sent, the cap has no effect to test.
    assert!(sent >= 100 && held_back >= 100, "{sent} left, {held_back} did not");
}

/// Returns rules with promotion in several journeys under one cap.
fn rules(seed: u64, max: u64, per: &str) -> Value {
    let mut rules = generate::journey::rules(seed);
    let cap = json!({ "class": "promo", "channel": ["email", "whatsapp", "push"], "max": max, "per": per });
    rules["policies"] = json!({ "consent": { "default": "granted" }, "caps": [cap] });
    let journeys = rules["journeys"].as_object_mut().unwrap();
    journeys.values_mut().for_each(|journey| journey["class"] = json!("promo"));
    rules
}

struct Story<'a> {
    plan: &'a Plan,
    profile: Profile,
    /// The messages that became due and are not sent.
    waiting: Vec<Action>,
    /// The messages that are sent and not in the profile yet.
    on_its_way: Vec<Event>,
}

impl Story<'_> {
    /// Advances the time: records sent messages, adds events, and sends what is due and allowed. Returns the
    /// number of withheld messages.
    fn at(&mut self, dice: &mut Dice, now: i64, left: &mut Vec<i64>) -> usize {
        if dice.percent(70) {
            self.on_its_way.drain(..).for_each(|event| reduce(self.plan, &mut self.profile, &event));
        }
        for _ in 0..1 + dice.below(3) {
            let event = json!({ "id": format!("{now}-{}", dice.below(1 << 32)), "type": "track", "event": dice.pick(&generate::EVENTS), "at": now,
                "properties": { "path": dice.pick(&generate::PATHS) } });
            reduce(self.plan, &mut self.profile, &serde_json::from_value(event).unwrap());
        }
        // Journeys do not know of each other's due messages; only the authorisation does.
        let due = advance(self.plan, &self.profile, &[], Millis(now));
        self.profile = due.profile;
        self.waiting.extend(due.actions);
        let waiting = std::mem::take(&mut self.waiting);
        let before = (waiting.len(), left.len());
        for action in waiting {
            match self.ask(&action, now) {
                Ok(()) => {
                    self.on_its_way.extend(action.sent().map(|event| Event { at: Millis(now), ..event }));
                    left.push(now);
                }
                Err(SendBlocked::Later(..)) => self.waiting.push(action),
                Err(_) => {}
            }
        }
        before.0 + before.1 - left.len()
    }

    fn ask(&self, action: &Action, now: i64) -> Result<(), SendBlocked> {
        let channel = &action.outcome.as_ref().map_err(|withheld| *withheld)?.channel;
        let Action { journey, entered, message, expires, .. } = action;
        let waiting = PendingMessage { journey, entered: *entered, message, channel, expires: *expires };
        authorize(self.plan, &self.profile, &self.on_its_way, &waiting, Millis(now))
    }
}
