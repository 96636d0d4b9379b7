//! Conditions on who somebody is, what happened, and where.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a generator for tests")]

use serde_json::{Value, json};

use super::{Dice, EVENTS, PATHS, PURPOSES, STATES, history, words};

/// A condition at most so deep, over segments that are defined before.
pub fn condition(dice: &mut Dice, segments: &[String], depth: u64) -> Value {
    match dice.below(if depth == 0 { 10 } else { 14 }) {
        0 => event_condition(dice),
        4 => history::condition(dice),
        5 => history::local(dice),
        6 => distance(dice),
        1 => {
            let mut out = json!({ "event": dice.pick(&EVENTS) });
            out[*dice.pick(&["$lt", "$lte", "$gt", "$gte"])] = json!(dice.pick(&["1h", "6h", "2d"]));
            json!({ "$recency": out })
        }
        2 => json!({ "$consent": { (*dice.pick(&PURPOSES)): dice.pick(&STATES) } }),
        3 if !segments.is_empty() => json!({ (*dice.pick(&["$segment", "$stage"])): dice.pick(segments) }),
        10 => json!({ "$and": [condition(dice, segments, depth - 1), condition(dice, segments, depth - 1)] }),
        11 => json!({ "$or": [condition(dice, segments, depth - 1), condition(dice, segments, depth - 1)] }),
        12 => json!({ (*dice.pick(&["$nor", "$and"])): [condition(dice, segments, depth - 1)] }),
        13 => json!({ "$not": condition(dice, segments, depth - 1) }),
        _ => comparison(dice),
    }
}

fn event_condition(dice: &mut Dice) -> Value {
    let mut out = json!({ "name": dice.pick(&EVENTS) });
    if dice.percent(40) {
        out["where"] = json!({ "path": dice.pick(&PATHS) });
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
    json!({ "$event": out })
}

/// How far it is to the places of the rules; no position is near an edge.
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

fn comparison(dice: &mut Dice) -> Value {
    let name = *dice.pick(&[
        "tier",
        "score",
        "vip",
        "cart.total",
        "account.plan",
        "weather",
        "country",
        "locale",
        "utmSource",
        "gclid",
        "deviceType",
        "seen",
    ]);
    let operand = match name {
        "score" | "cart.total" => number_condition(dice),
        "vip" => json!(dice.percent(50)),
        "seen" => dice
            .pick(&[
                json!({ "$exists": true }),
                json!({ "$exists": false }),
                json!({ "$in": ["a", 7] }),
                json!({ "$nin": ["b", "/"] }),
            ])
            .clone(),
        _ => text_condition(dice, name),
    };
    json!({ (name): operand })
}

fn number_condition(dice: &mut Dice) -> Value {
    let number = *dice.pick(&[0.0, 7.0, 2.5, 100.0]);
    match dice.below(7) {
        0 => json!(number),
        1 => json!({ "$in": [7, 100] }),
        2 => json!({ "$exists": dice.percent(50) }),
        3 => json!({ "$not": { "$gt": number } }),
        4 => json!({ "$gte": 2, "$lt": number + 3.0 }),
        _ => json!({ (*dice.pick(&["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"])): number }),
    }
}

fn text_condition(dice: &mut Dice, name: &str) -> Value {
    let words = words(name);
    match dice.below(7) {
        0 => json!({ "$in": [words[0], words[1]] }),
        1 => json!({ "$nin": [words[0], words[2]] }),
        2 => json!({ "$exists": dice.percent(50) }),
        3 => json!({ "$not": { "$eq": words[0] } }),
        4 | 5 => json!(dice.pick(words)),
        _ => json!({ (*dice.pick(&["$eq", "$ne", "$lt", "$gte"])): dice.pick(words) }),
    }
}
