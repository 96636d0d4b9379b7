//! Accounts and their members.

use serde_json::{Map, Value, json};

use super::{CLASSES, Dice, HOUR, fact, operator, time};

pub const IDS: [&str; 2] = ["acme", "Zoë & co"];
/// The keys of these two accounts in profiles.
const KEYS: [&str; 2] = ["1a7259393f7cd1d0", "185e6bb81efd3d51"];

/// Makes one in four caps a cap of the account.
pub fn unit(dice: &mut Dice, cap: &mut Value) {
    if dice.percent(25) {
        cap["unit"] = json!("account.id");
    }
}

/// Makes the account the unit of some experiments, holdouts and exclusion groups. A page can split and test
/// by an account only if the token may carry its id.
pub fn add(dice: &mut Dice, rules: &mut Value) {
    let knows_id = rules["attributes"]["account.id"]["edge"] == true;
    let units = if knows_id { &["account.id", "account.id", "account.plan"][..] } else { &["account.plan"] };
    for section in ["experiments", "holdouts", "exclusions"] {
        for thing in rules[section].as_object_mut().into_iter().flat_map(Map::values_mut) {
            if dice.percent(25) {
                thing["unit"] = json!(dice.pick(units));
            }
        }
    }
    for campaign in rules["campaigns"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if knows_id && dice.percent(10) {
            campaign["when"]["account.id"] = operator::text(dice, &IDS);
        }
    }
}

/// Returns the accounts of a profile.
pub fn known(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let mut out = Map::new();
    for key in KEYS {
        if dice.percent(30) {
            let mut account =
                json!({ "joined": [time(dice, now), dice.below(1 << 32)], "exposures": seen(dice, rules, now) });
            if dice.percent(60) {
                account["traits"] =
                    json!({ "plan": [fact(dice, "account.plan"), time(dice, now), dice.below(1 << 32)] });
            }
            out.insert(key.to_owned(), account);
        }
    }
    Value::Object(out)
}

fn seen(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let campaigns: Vec<&String> = rules["campaigns"].as_object().into_iter().flat_map(Map::keys).collect();
    let mut out = Map::new();
    for _ in 0..dice.below(4) {
        let key = match dice.below(4) {
            0 => "all".to_owned(),
            1 => "all@web".to_owned(),
            2 => format!("class:{}", dice.pick(&CLASSES)),
            _ => format!("campaign:{}", dice.pick(&campaigns)),
        };
        let mut stamps: Vec<(i64, u64)> = (0..=dice.below(3)).map(|_| (time(dice, now), dice.below(1 << 32))).collect();
        stamps.sort_unstable();
        out.insert(key, json!(stamps));
    }
    Value::Object(out)
}

/// Returns the facts of an account: those without a request, with its `id`.
pub fn own(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let id = dice.pick(&IDS);
    let count = 1 + dice.below(6);
    let mut events = vec![joining(dice, id, now - 6 * HOUR)];
    events.extend((0..count).map(|_| heard(dice, rules, now)));
    json!({ "id": id, "profile": { "subject": "account" }, "events": events })
}

/// Returns a member's event, which is forwarded to its account.
pub fn heard(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let mut event = super::journey::event(dice, rules, now);
    event["type"] = json!("track");
    event
}

/// Returns an event that makes somebody a member of the account.
pub fn joining(dice: &mut Dice, id: &str, at: i64) -> Value {
    let properties = json!({ "groupId": id, "traits": { "plan": fact(dice, "account.plan") } });
    json!({ "id": format!("join-{at}"), "type": "group", "at": at, "trusted": true, "properties": properties })
}

/// Turns an event into a group call.
pub fn call(dice: &mut Dice, event: &mut Value) {
    event["type"] = json!("group");
    event["properties"] = json!({ "groupId": dice.pick(&IDS) });
    if dice.percent(60) {
        event["properties"]["traits"] = json!({ "plan": fact(dice, "account.plan") });
    }
    if dice.percent(10) {
        event["properties"]["groupId"] = json!(7);
    }
}
