//! The candidate index misses no campaign, and skips those that cannot match.

use serde_json::{Map, Value, json};
use throughline::internals::plan::tables::{
    Campaign, CandidateIndex, Constant, IndexedAttribute, Placement, Posting, SharedCondition, Slot,
};
use throughline::internals::plan::{Id, Ids};
use throughline::{Plan, decide, explain};

use crate::support;

/// Returns a campaign for each condition, the first one best, all for one slot and with a next action.
fn rules(conditions: &[Value]) -> Value {
    let mut campaigns = Map::new();
    for (number, when) in conditions.iter().enumerate() {
        campaigns.insert(
            format!("c{number:03}"),
            json!({
                "class": "promo", "priority": 999 - number, "when": when, "slots": { "hero": "m" },
                "offer": format!("o{}", number % 3), "next": [{ "channel": "whatsapp", "message": "m" }],
            }),
        );
    }
    json!({
        "attributes": {
            "any": { "type": "string", "source": "request" },
            "tags": { "type": "list", "edge": true },
            "tier": { "type": "string", "edge": true },
        },
        "segments": { "gold": { "when": { "tier": "gold" } }, "hot": { "when": { "$event": { "name": "Page Viewed", "count": { "$gte": 2 } } } } },
        "slots": { "hero": {} },
        "channels": { "web": {}, "whatsapp": {} },
        "offers": { "o0": { "group": "g" }, "o1": { "group": "g" }, "o2": { "group": "g" } },
        "messages": { "m": { "renditions": [{ "channel": "web", "html": "<b>hi</b>" }, { "channel": "whatsapp", "text": "hi" }] } },
        "campaigns": campaigns,
    })
}

/// Returns facts whose request has this value of the attribute `any`.
fn facts(any: &Value) -> Value {
    json!({
        "now": 1_760_000_000_000_i64,
        "profile": { "subject": "p", "traits": { "tags": [["a", 7, true, null, ["b"]], 1, 1], "tier": ["gold", 1, 1] } },
        "request": {
            "attributes": { "path": "/", "any": any },
            "consent": { "personalization": "granted", "analytics": "granted", "advertising": "granted" },
        },
    })
}

/// Returns every kind of test of a value, for values of every type.
fn tests() -> Vec<Value> {
    let values = [
        json!("a"),
        json!("7"),
        json!(""),
        json!("true"),
        json!("a,b"),
        json!("null"),
        json!("é"),
        json!(7),
        json!(0),
        json!(-0.0),
        json!(7.5),
        json!(true),
        json!(false),
        json!(null),
        json!(["a"]),
        json!({ "x": 1 }),
    ];
    let single: Vec<Value> = values.iter().filter(|value| !value.is_array() && !value.is_object()).cloned().collect();
    let mut tests: Vec<Value> = values.to_vec();
    for value in &single {
        tests.push(json!({ "$eq": value }));
        tests.push(json!({ "$ne": value }));
        tests.push(json!({ "$in": [value, "z"] }));
        tests.push(json!({ "$nin": [value] }));
        tests.push(json!({ "$not": { "$eq": value } }));
        tests.push(json!({ "$in": [value], "$exists": true }));
    }
    tests
}

/// Compares decisions with explanations. An explanation evaluates every campaign and compares strings by
/// GrowthBook's rules; a decision takes candidates from the index and compares interned ids.
#[test]
fn the_quick_way_agrees_with_the_exact_one_whatever_the_value_is() {
    let conditions = |name: &str| -> Vec<Value> {
        let plain = tests().into_iter().map(|test| json!({ name: test }));
        let mixed = tests().into_iter().map(|test| json!({ "$or": [{ name: test }, { "tier": "silver" }] }));
        let both = tests().into_iter().map(|test| json!({ "$segment": "gold", "$and": [{ name: test }] }));
        plain.chain(mixed).chain(both).collect()
    };
    let found = [
        json!("a"),
        json!("7"),
        json!(""),
        json!("true"),
        json!("é"),
        json!("A"),
        json!("aa"),
        json!("z"),
        json!("nobody's"),
        json!(7),
        json!(0),
        json!(-0.0),
        json!(7.5),
        json!(1),
        json!(true),
        json!(false),
        json!(null),
        json!(["a"]),
        json!(["a", "b"]),
        json!([]),
        json!([7, "7", true]),
        json!({ "x": 1 }),
        json!([["a"]]),
    ];
    for name in ["any", "tags"] {
        for condition in conditions(name) {
            // Among others that never hold, so that nothing hides it.
            let others = ["x", "y", "z"].map(|tier| json!({ "tier": tier }));
            let plan = support::plan(&rules(&[[condition.clone()].as_slice(), &others].concat()));
            for value in &found {
                let facts = support::facts(&facts(value));
                assert_eq!(decide(&plan, &facts), explain(&plan, &facts).decision, "{condition} where any is {value}");
            }
        }
    }
}

fn numbers(plan: &Plan, placements: Ids<Placement>) -> Vec<u32> {
    plan.list(placements)
        .map(|id| plan.get(plan.get(id).unwrap().campaign).map_or(0, |row: Campaign| row.priority))
        .collect()
}

fn slot_index(plan: &Plan) -> CandidateIndex {
    plan.get(plan.get(Id::<Slot>::new(0)).unwrap().candidates).unwrap()
}

#[test]
fn a_value_that_few_ask_for_finds_a_campaign() {
    let conditions: Vec<Value> = (0..100)
        .map(|number| json!({ "tier": "gold", "any": { "$in": [format!("v{}", number % 10), "all"] } }))
        .collect();
    let plan = support::plan(&rules(&conditions));
    let index = slot_index(&plan);
    assert!(index.always.is_empty(), "all are found by a value");
    let keys: Vec<IndexedAttribute> = plan.rows(index.attributes).map(|(_, key)| key).collect();
    assert_eq!(keys.len(), 1);
    let postings: Vec<(String, usize)> = plan
        .rows(keys[0].postings)
        .map(|(_, row): (_, Posting)| {
            let constant: Constant = plan.get(row.constant).unwrap();
            (plan.text(constant.text).to_owned(), numbers(&plan, row.placements).len())
        })
        .collect();
    let expected: Vec<(String, usize)> =
        [("all".to_owned(), 100)].into_iter().chain((0..10).map(|number| (format!("v{number}"), 10))).collect();
    assert_eq!(postings, expected, "sorted by value");
}

#[test]
fn what_is_rare_in_the_whole_plan_finds_a_campaign() {
    // In the slot all test for the same two values.
    let mut rules = rules(&vec![json!({ "any": "v0", "tier": "gold" }); 4]);
    rules["slots"]["side"] = json!({});
    for number in 1..6 {
        rules["campaigns"][format!("d{number}")] =
            json!({ "class": "promo", "when": { "tier": format!("t{number}") }, "slots": { "side": "m" } });
    }
    let plan = support::plan(&rules);
    let keys: Vec<IndexedAttribute> = plan.rows(slot_index(&plan).attributes).map(|(_, key)| key).collect();
    let names: Vec<&str> = keys.iter().map(|key| plan.text(plan.get(key.attribute).unwrap().name)).collect();
    assert_eq!(names, ["tier"]);
}

#[test]
fn campaigns_are_found_by_a_condition_that_they_share_and_otherwise_always_looked_at() {
    let mut conditions = vec![json!({ "$segment": "hot" }); 6];
    conditions.push(json!({ "any": { "$ne": "x" } }));
    let plan = support::plan(&rules(&conditions));
    let index = slot_index(&plan);
    let shared: Vec<Vec<u32>> =
        plan.rows(index.conditions).map(|(_, row): (_, SharedCondition)| numbers(&plan, row.placements)).collect();
    assert_eq!(shared, [[999, 998, 997, 996, 995, 994]], "one condition for all of them, best priority first");
    assert_eq!(numbers(&plan, index.always), [993]);
}

#[test]
fn conditions_that_share_their_parts_again_and_again_are_read_once() {
    let mut rules = rules(&vec![json!({ "$segment": "s14" }); 4]);
    for number in 0..15 {
        let below = if number == 0 { json!({ "any": "a" }) } else { json!({ "$segment": format!("s{}", number - 1) }) };
        let ways = json!({ "$and": [{ "$or": [below, { "tier": format!("x{number}") }] }, { "$or": [below, { "tier": format!("y{number}") }] }] });
        rules["segments"][format!("s{number}")] = json!({ "when": ways });
    }
    // With 2^15 paths through them this would not finish.
    let plan = support::plan(&rules);
    let facts = support::facts(&facts(&json!("a")));
    assert_eq!(decide(&plan, &facts), explain(&plan, &facts).decision);
    assert_eq!(decide(&plan, &facts).slots["hero"].campaign, "c000");
}
