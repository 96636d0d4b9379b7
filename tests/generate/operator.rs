//! Tests of values: every operator, with operands that facts often match.

use serde_json::{Value, json};

use super::fact::{DATES, LEVELS, VERSIONS, tag, thing};
use super::{Dice, PATHS, pattern};

const SKUS: [&str; 3] = ["a", "b", "É"];

/// Returns a test of an attribute that often has one of these strings.
pub fn text(dice: &mut Dice, words: &[&str]) -> Value {
    match dice.below(10) {
        0..=3 => json!(dice.pick(words)),
        4 => json!({ (*dice.pick(&["$inGroup", "$notInGroup"])): dice.pick(&["few", "named"]) }),
        _ => letters(dice, words),
    }
}

/// Returns operators on a string.
fn letters(dice: &mut Dice, words: &[&str]) -> Value {
    let (word, other) = (*dice.pick(words), *dice.pick(words));
    match dice.below(9) {
        8 => json!({ (*dice.pick(&["$inHashed", "$ninHashed"])): [word, other] }),
        0 => json!({ (*dice.pick(&["$in", "$nin"])): [word, other] }),
        1 => json!({ (*dice.pick(&["$ini", "$nini"])): [in_other_case(word), other, 7] }),
        2 | 4 | 5 => json!({ (*dice.pick(&["$regex", "$regexi"])): pattern::pattern(dice) }),
        3 => json!({ "$exists": dice.percent(50) }),
        _ => json!({ (*dice.pick(&["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"])): word }),
    }
}

fn in_other_case(word: &str) -> String {
    if word.to_uppercase() == word { word.to_lowercase() } else { word.to_uppercase() }
}

pub fn number(dice: &mut Dice) -> Value {
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

/// Returns a test of an IP address.
pub fn network(dice: &mut Dice) -> Value {
    let networks = [
        "203.0.113.0/24",
        "203.0.113.8/29",
        "10.0.0.1",
        "2001:db8::/32",
        "::ffff:203.0.112.0/116",
        "0.0.0.0/0",
        "::/0",
    ];
    json!({ (*dice.pick(&["$inCidr", "$inCidr", "$ninCidr"])): [dice.pick(&networks[..5]), dice.pick(&networks)] })
}

pub fn version(dice: &mut Dice) -> Value {
    let (version, other) = (*dice.pick(&VERSIONS), *dice.pick(&VERSIONS));
    match dice.below(8) {
        0 => json!(version),
        1 => json!({ (*dice.pick(&["$eq", "$ne", "$lt", "$gte"])): version }),
        2 => json!({ (*dice.pick(&["$in", "$nin"])): [version, other] }),
        _ => json!({ (*dice.pick(&["$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte"])): version }),
    }
}

/// Returns a test of a date: against others, or against the current time.
pub fn date(dice: &mut Dice) -> Value {
    let relation = *dice.pick(&["$lt", "$lte", "$gt", "$gte"]);
    let (date, other) = (*dice.pick(&DATES), *dice.pick(&DATES));
    let from_now = *dice.pick(&["now", "now+1d", "now-1d", "now+90h"]);
    match dice.below(8) {
        0 => json!(date),
        1 => json!({ (*dice.pick(&["$eq", "$ne"])): date }),
        2 => json!({ (*dice.pick(&["$in", "$nin"])): [date, other] }),
        3 => json!({ "$exists": dice.percent(50) }),
        4 => json!({ "$gte": "now", "$lt": "now+1d" }),
        5 => json!({ relation: from_now, "$not": { "$lt": date } }),
        6 => json!({ relation: from_now }),
        _ => json!({ relation: date }),
    }
}

/// Returns a test of one of the levels.
pub fn level(dice: &mut Dice) -> Value {
    let (level, other) = (*dice.pick(&LEVELS), *dice.pick(&LEVELS));
    match dice.below(4) {
        0 => json!({ (*dice.pick(&["$eq", "$ne", "$lt", "$gte"])): level }),
        1 => json!({ (*dice.pick(&["$in", "$nin"])): [level, other, 3] }),
        2 => json!({ "$exists": dice.percent(50) }),
        _ => json!(level),
    }
}

/// Returns a test of a list of strings and numbers.
pub fn list(dice: &mut Dice) -> Value {
    let (tag, other) = (tag(dice), tag(dice));
    match dice.below(11) {
        0 => json!({ (*dice.pick(&["$in", "$nin", "$ini", "$nini"])): [tag, other] }),
        1 => json!({ "$size": dice.below(3) }),
        2 => json!({ "$size": { (*dice.pick(&["$gt", "$lte", "$ne"])): 1 } }),
        3 => json!({ "$all": [tag] }),
        4 => json!({ "$all": [tag, { (*dice.pick(&["$gt", "$lt"])): 8 }] }),
        5 | 6 => json!({ "$alli": [in_other_case(tag.as_str().unwrap_or("a"))] }),
        7 => json!({ "$elemMatch": letters(dice, &SKUS) }),
        8 => {
            json!({ "$elemMatch": { (*dice.pick(&["$gt", "$lte", "$ne"])): 5, "$type": dice.pick(&["number", "string"]) } })
        }
        9 => json!({ "$exists": dice.percent(50) }),
        _ => json!([tag, other]),
    }
}

/// Returns a test of a list of items with a `sku` and a `size`.
pub fn things(dice: &mut Dice) -> Value {
    let thing = thing(dice);
    let member = match dice.below(3) {
        0 => json!({ "sku": letters(dice, &SKUS) }),
        1 => json!({ "size": number(dice) }),
        _ => json!({ "sku": dice.pick(&SKUS) }),
    };
    match dice.below(8) {
        0 => json!({ "$size": { (*dice.pick(&["$gte", "$lt"])): 1 + dice.below(2) } }),
        1 => json!({ "$all": [thing] }),
        2 => json!([thing]),
        3 => json!({ "$elemMatch": thing }),
        4 => json!({ "$elemMatch": { (*dice.pick(&["$and", "$or", "$nor"])): [{ "sku": thing["sku"] }, member] } }),
        5 => json!({ "$elemMatch": { "size": thing["size"], "$not": member } }),
        _ => json!({ "$elemMatch": member }),
    }
}

/// Returns a test of a value of any type.
pub fn any(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => letters(dice, &["gold", "7", ""]),
        1 => number(dice),
        2 => version(dice),
        3 => list(dice),
        4 => things(dice),
        5 => json!(dice.pick(&[None, Some(true), Some(false)])),
        _ => json!({ "$type": dice.pick(&["string", "number", "boolean", "array", "object", "null"]) }),
    }
}

/// Returns a filter of events by their properties.
pub fn filter(dice: &mut Dice) -> Value {
    match dice.below(12) {
        0 => json!({ "path": letters(dice, &PATHS) }),
        1 => json!({ "price": { "$gt": 2 }, "$not": { "path": "/" } }),
        2 => json!({ "$or": [{ "item.sku": any(dice) }, { "price": 1.5 }] }),
        3 => json!({ "items": { "$elemMatch": { "sku": letters(dice, &SKUS) } } }),
        4 => json!({ "items.length": { "$lt": 2 } }),
        _ => json!({ "path": dice.pick(&PATHS) }),
    }
}
