//! Conditions on attributes, events and positions.

use serde_json::{Value, json};

use super::fact::{POSITIONS, home, words};
use super::{Dice, EVENTS, PATHS, PURPOSES, STATES, history, operator};

/// Returns a condition of limited depth over segments that are defined before.
pub fn condition(dice: &mut Dice, segments: &[String], depth: u64) -> Value {
    match dice.below(if depth == 0 { 15 } else { 20 }) {
        0 => event_condition(dice),
        4 => history::condition(dice),
        5 => history::local(dice),
        6 => distance(dice),
        7 if dice.percent(40) => saved_group(dice),
        1 => {
            let mut out = json!({ "event": dice.pick(&EVENTS) });
            out[*dice.pick(&["$lt", "$lte", "$gt", "$gte"])] = json!(dice.pick(&["1h", "6h", "2d"]));
            history::once(dice, &mut out, 30);
            json!({ "$recency": out })
        }
        2 => json!({ "$consent": { (*dice.pick(&PURPOSES)): dice.pick(&STATES) } }),
        3 if !segments.is_empty() => json!({ (*dice.pick(&["$segment", "$stage"])): dice.pick(segments) }),
        15 => json!({ "$and": [condition(dice, segments, depth - 1), condition(dice, segments, depth - 1)] }),
        16 | 17 => json!({ "$or": [condition(dice, segments, depth - 1), condition(dice, segments, depth - 1)] }),
        18 => json!({ (*dice.pick(&["$nor", "$and"])): [condition(dice, segments, depth - 1)] }),
        19 => json!({ "$not": condition(dice, segments, depth - 1) }),
        _ => comparison(dice),
    }
}

fn event_condition(dice: &mut Dice) -> Value {
    let mut out = json!({ "name": dice.pick(&EVENTS) });
    if dice.percent(40) {
        out["where"] = operator::filter(dice);
    }
    if dice.percent(60) {
        out["count"] = dice
            .pick(&[
                json!(2),
                json!({ "$gte": 3 }),
                json!({ "$lt": 2 }),
                json!({ "$gt": 1, "$lte": 4 }),
                json!({ "$gte": 1 }),
            ])
            .clone();
    }
    if dice.percent(70) {
        out["within"] = json!(dice.pick(&["1h", "6h", "48h"]));
    }
    history::once(dice, &mut out, 30);
    json!({ "$event": out })
}

/// Returns a condition on the distance to the places of the rules. No position is near a boundary.
fn distance(dice: &mut Dice) -> Value {
    let mut out = json!({});
    if dice.percent(60) {
        out["to"] = dice.pick(&[json!("north"), json!("south"), json!(["south", "north"])]).clone();
    }
    if dice.percent(30) {
        out["from"] = json!("home");
    }
    out[*dice.pick(&["$lt", "$lte", "$gt", "$gte"])] = json!(dice.pick(&["25km", "1000km", "4321.5km", "12000km"]));
    json!({ "$distance": out })
}

/// Returns a condition on an attribute, a member of it, or its size.
fn comparison(dice: &mut Dice) -> Value {
    let name = *dice.pick(&[
        "tier",
        "tier",
        "weather",
        "country",
        "locale",
        "account.plan",
        "id",
        "path",
        "ip",
        "ip",
        "utmSource",
        "utmMedium",
        "gclid",
        "liFatId",
        "scCid",
        "partner",
        "deviceType",
        "browser",
        "nearestPlace",
        "score",
        "score",
        "cart.total",
        "home.latitude",
        "tags.length",
        "vip",
        "app",
        "app",
        "ends",
        "ends",
        "level",
        "tags",
        "tags",
        "tags.0",
        "seen",
        "bought",
        "cart.items",
        "cart.items",
        "cart.items.0.sku",
        "home",
    ]);
    let test = match name {
        "ends" => operator::date(dice),
        "level" => operator::level(dice),
        _ if dice.percent(12) => operator::any(dice),
        "score" | "cart.total" | "home.latitude" | "tags.length" => operator::number(dice),
        "vip" => json!(dice.percent(50)),
        "app" => operator::version(dice),
        "ip" => operator::network(dice),
        "tags" | "seen" | "bought" => operator::list(dice),
        "cart.items" => operator::things(dice),
        "home" => home(*dice.pick(&POSITIONS)),
        "path" => operator::text(dice, &PATHS),
        _ => operator::text(dice, words(name)),
    };
    if dice.percent(15) { json!({ (name): { "$not": test } }) } else { json!({ (name): test }) }
}

/// Returns saved groups: values, values of an attribute, and a condition.
pub fn groups(dice: &mut Dice) -> Value {
    json!({
        "few": ["gold", "a", 7, "p1", "chrome", "1.9.0"],
        "named": { "type": "list", "attributeKey": dice.pick(&["tier", "tags"]), "values": ["gold", "é", "b"] },
        "such": { "type": "condition", "condition": comparison(dice) },
    })
}

fn saved_group(dice: &mut Dice) -> Value {
    let mut out = json!({ "id": dice.pick(&["named", "such"]) });
    if dice.percent(30) {
        out["attributeKey"] = json!(dice.pick(&["weather", "seen"]));
    }
    json!({ "$savedGroup": out })
}
