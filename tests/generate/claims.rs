//! Claims: consent on the device with its time, and what ids without a proof say.

use serde_json::{Map, Value, json};

use super::{Dice, HOUR, consents, fact, time};

/// The ids that claim something.
const IDS: [&str; 3] = ["v1", "v2", "anon-3"];

/// Adds the time of the consent on the device, and claims in the profile and in events.
pub fn add(dice: &mut Dice, facts: &mut Value, now: i64) {
    if dice.percent(50) {
        let at = if dice.percent(10) { now + HOUR } else { time(dice, now) };
        facts["request"]["consentAt"] = json!(at);
    }
    if dice.percent(30) {
        facts["profile"]["claims"] = in_profile(dice, now);
    }
    let Some(events) = facts["events"].as_array_mut() else { return };
    for event in events {
        if dice.percent(12) {
            event["claimedBy"] = json!(dice.pick(&IDS));
        }
        // Words of one millisecond, of the person and of ids.
        if !event["consent"].is_null() && dice.percent(50) {
            event["at"] = json!(now - HOUR);
        }
    }
}

fn in_profile(dice: &mut Dice, now: i64) -> Value {
    let mut traits = Map::new();
    for name in ["tier", "score", "timezone"] {
        if dice.percent(50) {
            traits.insert(name.to_owned(), json!([fact(dice, name), time(dice, now), dice.below(1 << 32)]));
        }
    }
    let mut consent = Map::new();
    for id in IDS {
        let mut states = Map::new();
        for (purpose, state) in consents(dice, 25).as_object().unwrap() {
            states.insert(purpose.clone(), json!([state, time(dice, now), dice.below(1 << 32)]));
        }
        if !states.is_empty() {
            consent.insert(id.to_owned(), Value::Object(states));
        }
    }
    json!({ "traits": traits, "consent": consent })
}
