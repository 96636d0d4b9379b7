//! Rules with journeys, and events for a subject in them.

use serde_json::{Map, Value, json};

use super::condition::condition;
use super::{Dice, EVENTS, PATHS, fact, history, ids, map, message, policy};

const CHANNELS: [&str; 3] = ["email", "whatsapp", "push"];

/// Returns rules with some journeys.
pub fn rules(seed: u64) -> Value {
    let dice = &mut Dice::new(seed);
    let mut rules = super::rules_by(dice);
    rules["channels"]["push"] = json!({});
    // A journey that requires a role which none of its channels has is an error.
    let campaigns = ids("campaign", 20).into_iter().map(|id| format!("/campaigns/{id}"));
    for owner in ["/policies", "/channels/email", "/channels/whatsapp"].map(str::to_owned).into_iter().chain(campaigns)
    {
        rules.pointer_mut(&owner).and_then(Value::as_object_mut).map(|owner| owner.remove("roles"));
    }
    for letter in ids("letter", 3) {
        let mut all = message(dice, "email", "text", &[None]);
        for channel in &CHANNELS[1..] {
            let more = message(dice, channel, "text", &[None])["renditions"].take();
            all["renditions"].as_array_mut().unwrap().extend(more.as_array().unwrap().iter().cloned());
        }
        rules["messages"][letter] = all;
    }
    if dice.percent(50) {
        let after = dice.pick(&[json!({ "event": "Order Completed" }), json!({ "message": "letter-0" })]).clone();
        rules["policies"]["cooldown"] =
            json!([{ "class": ["promo", "service"], "for": dice.pick(&["1h", "6h"]), "after": after }]);
    }
    if dice.percent(40) {
        let (channels, per) = (dice.subset(&CHANNELS, 80), dice.pick(&["10m", "6h", "day"]));
        let cap = json!({ "class": dice.pick(&["promo", "service"]), "channel": channels, "max": 1 + dice.below(2), "per": per });
        rules["policies"]["caps"].as_array_mut().unwrap().push(cap);
    }
    if dice.percent(85) {
        // Quiet in one channel only, so that a message that is sent by another one waits in this one.
        let mut quiet = policy::quiet(dice);
        quiet["channel"] = json!(dice.pick(&["push", "push", "email"]));
        rules["policies"]["quiet"] = json!([quiet]);
    }
    if dice.percent(20) {
        let cap =
            json!({ "message": format!("letter-{}", dice.below(3)), "max": 1, "per": dice.pick(&["6h", "total"]) });
        rules["policies"]["caps"].as_array_mut().unwrap().push(cap);
    }
    let names = |section: &str| rules[section].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (segments, offers) = (names("segments"), names("offers"));
    let count = 1 + dice.below(3);
    rules["journeys"] = map(&ids("journey", count), |_, _| journey(dice, &segments, &offers));
    rules
}

fn journey(dice: &mut Dice, segments: &[String], offers: &[String]) -> Value {
    let mut out = json!({
        "class": dice.pick(&["promo", "service", "service", "transactional"]),
        "enter": trigger(dice), "steps": steps(dice), "resume": dice.percent(40), "priority": dice.below(3) * 10,
    });
    match dice.below(5) {
        0 => out["enter"]["when"] = condition(dice, segments, 2),
        1 => out["enter"]["when"] = json!({ "$not": { "$journey": { "id": "journey-0", "state": "active" } } }),
        _ => {}
    }
    if dice.percent(80) {
        out["reenter"] = json!(dice.pick(&["never", "always", "always", "10m", "2h"]));
    }
    if dice.percent(50) {
        out["exit"] = (0..1 + dice.below(2)).map(|_| trigger(dice)).collect();
    }
    if dice.percent(50) {
        out["goal"] = trigger(dice);
        if dice.percent(70) {
            out["goal"]["within"] = json!(dice.pick(&["10m", "6h"]));
        }
    }
    if dice.percent(30) {
        out["topic"] = json!("deals");
    }
    if !offers.is_empty() && dice.percent(40) {
        out["offer"] = json!(dice.pick(offers));
    }
    out
}

fn trigger(dice: &mut Dice) -> Value {
    let mut out = json!({ "event": dice.pick(&EVENTS) });
    if dice.percent(40) {
        out["where"] = json!({ "path": dice.pick(&PATHS) });
    }
    history::once(dice, &mut out, 40);
    out
}

fn steps(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(4);
    let step = |dice: &mut Dice, id: String| {
        if dice.percent(45) {
            let mut step = json!({ "id": id, "wait": dice.pick(&["1m", "10m", "1h", "6h"]) });
            if dice.percent(40) {
                step["after"] = json!(dice.pick(&EVENTS));
            }
            return step;
        }
        let mut channels = dice.subset(&CHANNELS, 60);
        if channels.is_empty() {
            channels.push(json!("push"));
        }
        let mut step = json!({ "id": id, "send": format!("letter-{}", dice.below(3)), "channels": channels });
        if dice.percent(50) {
            step["ttl"] = json!(dice.pick(&["10m", "3h", "2d"]));
        }
        step
    };
    ids("step", count).into_iter().map(|id| step(dice, id)).collect()
}

/// Returns a person with past events: the first facts of a story, without a request.
pub fn person(dice: &mut Dice, rules: &Value) -> Value {
    let mut facts = super::facts_by(rules, dice);
    facts["request"] = json!({});
    if dice.percent(50) {
        facts["profile"]["traits"]["locale"] = json!([fact(dice, "locale"), 1, 1]);
    }
    if dice.percent(10) {
        let place = json!({ "entered": [1, 1], "step": "gone", "since": 1, "status": "active" });
        facts["profile"]["journeys"] = Value::Object(Map::from_iter([("journey-0".to_owned(), place)]));
    }
    facts
}

/// Returns a message of a journey that waits to be sent, sometimes one that the rules no longer have.
pub fn waiting(dice: &mut Dice, rules: &Value, facts: &Value) -> Value {
    let now = facts["now"].as_i64().unwrap();
    let begun = dice.pick(&[0, 60_000, 600_000, 3_600_000, 6 * 3_600_000]);
    let events = facts["events"].as_array().unwrap();
    let entered = match events.is_empty() || dice.percent(50) {
        true => json!([now - begun, dice.below(1 << 32)]),
        // Right before an event, with it, or right after it.
        false => {
            let event = dice.pick(events);
            json!([event["at"], dice.pick(&[0, mark(event["id"].as_str().unwrap()), u32::MAX])])
        }
    };
    let mut out = sent(dice, rules);
    out["entered"] = entered;
    if dice.percent(40) {
        out["expires"] = json!(now + dice.pick(&[-1, 0, 1, 600_000, 3 * 3_600_000, 86_400_000]));
    }
    if dice.percent(20) {
        let messages: Vec<&String> = rules["messages"].as_object().unwrap().keys().collect();
        out["message"] = json!(dice.pick(&messages));
    }
    if dice.percent(3) {
        out[*dice.pick(&["journey", "message", "channel"])] = json!("gone");
    }
    out
}

/// Returns the hash that orders events of equal time.
fn mark(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns messages that are on their way, too.
pub fn others(dice: &mut Dice, rules: &Value, now: i64) -> Vec<Value> {
    let count = dice.below(3);
    let message = |number| {
        let mut properties = sent(dice, rules);
        let journey = &rules["journeys"][properties["journey"].as_str().unwrap()];
        (properties["class"], properties["offer"]) = (journey["class"].clone(), journey["offer"].clone());
        properties["send_id"] = json!(format!("s-{number}"));
        json!({ "id": format!("s-{number}:sent"), "type": "track", "event": "Message Sent", "at": now, "trusted": true, "properties": properties })
    };
    (0..count).map(message).collect()
}

/// Returns a message of a journey in a channel.
fn sent(dice: &mut Dice, rules: &Value) -> Value {
    let journeys: Vec<&String> = rules["journeys"].as_object().unwrap().keys().collect();
    json!({
        "journey": dice.pick(&journeys), "message": format!("letter-{}", dice.below(3)), "channel": dice.pick(&CHANNELS),
    })
}

/// Returns an event, reported at once or late.
pub fn event(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let mut out = super::event(dice, rules, now);
    if dice.percent(60) {
        out["event"] = json!(dice.pick(&EVENTS));
        out["at"] = json!(now - *dice.pick(&[0, 0, 1, 60_000, 600_000, 3_599_999, 3_600_000]));
        out["properties"] = json!({ "path": dice.path(), "order": history::order(dice) });
    }
    out
}
