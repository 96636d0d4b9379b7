//! Profiles: events up to the edges of windows, clocks that differ, and parts that a token had no room for.

use serde_json::{Map, Value, json};

use super::{Dice, HOUR, SUBJECTS, account, consents, fact, time};

/// Returns a time up to now, sometimes later, by the clock of a host that is ahead of this one.
fn time_elsewhere(dice: &mut Dice, now: i64) -> i64 {
    if dice.percent(5) { now + *dice.pick(&[1, 60_000, HOUR]) } else { time(dice, now) }
}

pub fn profile(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let mut traits = Map::new();
    for name in ["tier", "score", "vip", "tags", "cart", "wa_ok", "timezone", "home", "app", "account", "ends", "level"]
    {
        if dice.percent(85) {
            traits.insert(name.to_owned(), json!([fact(dice, name), time_elsewhere(dice, now), dice.below(1 << 32)]));
        }
    }
    let mut consent = Map::new();
    for (purpose, state) in consents(dice, 30).as_object().unwrap() {
        consent.insert(purpose.clone(), json!([state, time_elsewhere(dice, now), 1]));
    }
    let mut assignments = Map::new();
    for experiment in rules["experiments"].as_object().unwrap().keys() {
        if dice.percent(30) {
            let variation = dice.pick(&["control", "bold", "gone"]);
            assignments.insert(
                format!("{experiment}__{}", dice.below(3)),
                json!([variation, time_elsewhere(dice, now), dice.below(1 << 32)]),
            );
        }
    }
    let mut out = json!({
        "subject": dice.pick(&SUBJECTS), "traits": traits, "consent": consent, "assignments": assignments,
        "exposures": exposures(dice, rules, now), "accounts": account::known(dice, rules, now),
    });
    if dice.percent(30) {
        // As a token that was too long.
        let dropped = dice.subset(&["traits", "assignments", "exposures"], 60);
        for part in dropped.iter().filter_map(Value::as_str) {
            out.as_object_mut().unwrap().remove(part);
        }
        out["partial"] = Value::Array(dropped);
    }
    out
}

/// Returns exposures with some of the keys that caps can count.
fn exposures(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let of = |kind: &str, section: &str| {
        let names = rules[section].as_object().into_iter().flatten();
        names.map(|(id, _)| format!("{kind}:{id}")).collect::<Vec<_>>()
    };
    let named = [of("campaign", "campaigns"), of("message", "messages"), of("offer", "offers"), of("slot", "slots")];
    let keys = named.into_iter().flatten().chain(["all", "class:promo", "class:service"].map(str::to_owned));
    let mut out = Map::new();
    for key in keys {
        for key in [key.clone(), format!("{key}@web"), format!("{key}@email")] {
            if dice.percent(8) {
                let count = 1 + dice.below(3);
                let mut stamps: Vec<_> = (0..count).map(|_| (time(dice, now), dice.below(1 << 32))).collect();
                stamps.sort_unstable();
                out.insert(key, json!(stamps));
            }
        }
    }
    Value::Object(out)
}
