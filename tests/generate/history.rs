//! Conditions on events and on the time.

use serde_json::{Value, json};

use super::fact::ZONES;
use super::{Dice, EVENTS, operator};

/// Returns a property that is sometimes missing, unusual or a list.
pub fn sku(dice: &mut Dice) -> Value {
    let long = "long".repeat(60);
    dice.pick(&[
        json!("a"),
        json!("b"),
        json!("c"),
        json!(7),
        json!(7.5),
        json!(true),
        json!(null),
        json!(["a"]),
        json!(long),
    ])
    .clone()
}

/// Returns an attribute that holds values of events.
pub fn values(dice: &mut Dice) -> Value {
    let mut source = event(dice);
    source["property"] = json!(dice.pick(&["item.sku", "items.sku", "path"]));
    within(dice, &mut source, "within");
    if dice.percent(70) {
        source["last"] = json!(1 + dice.below(4));
    }
    json!({ "type": "list", "edge": true, "source": source })
}

/// Returns the id of an order: the first ones are reported several times, the last ones name nothing.
pub fn order(dice: &mut Dice) -> Value {
    let ids = [json!("o1"), json!("o2"), json!(7), json!("7"), json!(1.5), json!("N/A"), json!(null), json!(true)];
    dice.pick(&ids).clone()
}

/// Makes events with one order count once.
pub fn once(dice: &mut Dice, out: &mut Value, chance: u64) {
    if dice.percent(chance) {
        out["once"] = json!(dice.pick(&["order", "order", "item.order"]));
    }
}

fn event(dice: &mut Dice) -> Value {
    let mut out = json!({ "event": dice.pick(&EVENTS) });
    if dice.percent(25) {
        out["where"] = operator::filter(dice);
    }
    out
}

fn within(dice: &mut Dice, out: &mut Value, key: &str) {
    if dice.percent(70) {
        out[key] = json!(dice.pick(&["1h", "6h", "48h"]));
    }
}

/// Returns a condition on the number, the sum, the first, the last or the sequence of events.
pub fn condition(dice: &mut Dice) -> Value {
    let mut out = event(dice);
    let property = *dice.pick(&["item.sku", "price", "path", "item", "items.sku"]);
    match dice.below(5) {
        0 => {
            out["property"] = json!(property);
            within(dice, &mut out, "within");
            if dice.percent(70) {
                out["count"] = dice.pick(&[json!(2), json!({ "$gte": 3 }), json!({ "$lt": 2 }), json!(0)]).clone();
            }
            json!({ "$distinct": out })
        }
        1 => {
            out["property"] = json!(dice.pick(&["price", "item.sku"]));
            within(dice, &mut out, "within");
            once(dice, &mut out, 40);
            if dice.percent(50) {
                out["last"] = json!(1 + dice.below(3));
            }
            out["total"] = dice
                .pick(&[json!({ "$gte": 21.5 }), json!({ "$lt": 20 }), json!(7.5), json!({ "$gt": 0, "$lte": 40 })])
                .clone();
            json!({ "$sum": out })
        }
        2 => {
            let step = |dice: &mut Dice| {
                let mut out = event(dice);
                once(dice, &mut out, 25);
                out
            };
            let (first, then) = (step(dice), step(dice));
            let mut out = json!({ "first": first, "then": then, "within": dice.pick(&["6h", "24h"]) });
            within(dice, &mut out, "since");
            if dice.percent(50) {
                out["last"] = json!(1 + dice.below(3));
            }
            json!({ "$sequence": out })
        }
        _ => {
            once(dice, &mut out, 30);
            let wants_value = dice.percent(70);
            if wants_value {
                out["property"] = json!(property);
                out["value"] = dice
                    .pick(&[
                        json!("a"),
                        json!({ "$in": ["b", 7, 20] }),
                        json!({ "$gte": 7 }),
                        json!({ "$ne": "c" }),
                        json!({ "$exists": false }),
                    ])
                    .clone();
            }
            if !wants_value || dice.percent(40) {
                out[*dice.pick(&["$lt", "$lte", "$gt", "$gte"])] = json!(dice.pick(&["1h", "6h", "2d"]));
            }
            json!({ (*dice.pick(&["$first", "$last"])): out })
        }
    }
}

/// Returns a local time near noon UTC on a day in October.
pub fn local(dice: &mut Dice) -> Value {
    if dice.percent(20) {
        let from = format!("2025-10-{:02}T{:02}:30:00", 8 + dice.below(3), dice.below(24));
        let by_clock = json!({ "from": from, "timezone": dice.pick(&["subject", ZONES[0]]) });
        return json!({ "$schedule": dice.pick(&[by_clock, json!({ "from": format!("{from}-03:00") }), json!({ "until": from })]) });
    }
    let mut out = json!({});
    if dice.percent(40) {
        out["weekday"] = dice.pick(&[json!("thu"), json!(["mon", "fri", "wed"]), json!(["sat", "sun"])]).clone();
    }
    if dice.percent(30) {
        out["date"] = dice
            .pick(&[
                json!({ "from": "2025-10-09", "until": "2025-10-10" }),
                json!({ "from": "10-09", "until": "10-11" }),
                json!({ "from": "10-10", "until": "10-09" }),
            ])
            .clone();
    }
    if dice.percent(30) {
        out["timezone"] = json!(dice.pick(&["subject", ZONES[0], ZONES[2]]));
    }
    if dice.percent(50) || out["date"].is_null() && out["weekday"].is_null() {
        let hour = |dice: &mut Dice, minute: &str| format!("{:02}:{minute}", dice.below(24));
        out["time"] = json!({ "from": hour(dice, "00"), "until": hour(dice, "30") });
    }
    json!({ "$local": out })
}
