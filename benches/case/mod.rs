//! The rules and facts of the benches.

use serde_json::{Map, Value, json};
use throughline::{Facts, Plan, decide};
use throughline_compiler::{Options, Source, compile};

/// The number of campaigns that match, whatever the total.
const MATCHING: usize = 10;
/// The maximum number of campaigns in a file.
const IN_A_FILE: usize = 5_000;

/// Returns campaigns, distributed over the slots, of which [`MATCHING`] match the facts.
///
/// Each has a condition on a plan, a country, a device and a score. Several files are needed, because one is
/// limited to 4 MB.
pub fn rules(count: usize, slots: usize) -> Vec<Value> {
    let groups = (count / MATCHING).max(1);
    let mut files = Vec::new();
    for numbers in (0..count).collect::<Vec<_>>().chunks(IN_A_FILE) {
        let mut campaigns = Map::new();
        let mut messages = Map::new();
        for &number in numbers {
            campaigns.insert(format!("c{number}"), json!({
                "class": "promo", "priority": (number * 7 + number / 10) % 997, "slots": { format!("s{}", number % slots): format!("m{number}") },
                "when": { "group": format!("g{}", number % groups), "market": { "$in": ["AT", "DE"] }, "device": "mobile", "score": { "$gte": number % 50 } },
            }));
            messages.insert(format!("m{number}"), json!({ "renditions": [{ "channel": "web", "html": format!("<h1>{number} {{{{ firstName | default: 'there' }}}}</h1>") }] }));
        }
        files.push(json!({ "messages": messages, "campaigns": campaigns }));
    }
    let slots: Map<_, _> = (0..slots).map(|slot| (format!("s{slot}"), json!({ "pages": ["/"] }))).collect();
    files.push(json!({
        "attributes": {
            "group": { "type": "string", "edge": true }, "market": { "type": "string", "edge": true }, "device": { "type": "string", "edge": true }, "score": { "type": "number", "edge": true }, "firstName": { "type": "string", "edge": true },
        },
        "channels": { "web": {} }, "slots": slots,
    }));
    files
}

/// Compiles the edge plan of rules in several files.
pub fn edge_plan(files: &[Value]) -> Vec<u8> {
    let name = |(number, file): (usize, &Value)| Source::new(format!("{number}.json"), file.to_string());
    compile(&files.iter().enumerate().map(name).collect::<Vec<_>>(), Options::default()).plans.unwrap().edge
}

/// Returns the facts of a subject in the first group.
pub fn facts() -> Value {
    json!({
        "now": 1_760_000_000_000_i64,
        "profile": { "subject": "p1", "traits": { "group": ["g0", 1, 1], "market": ["AT", 1, 1], "device": ["mobile", 1, 1], "score": [99, 1, 1], "firstName": ["Ann", 1, 1] } },
        "request": { "attributes": { "path": "/" }, "consent": { "personalization": "granted", "analytics": "granted" } },
    })
}

/// Returns a plan and facts that fill a slot.
pub fn case(count: usize, slots: usize) -> (Plan, Facts) {
    let case = (Plan::load(&edge_plan(&rules(count, slots))).unwrap(), Facts::from_json(&facts().to_string()).unwrap());
    assert!(!decide(&case.0, &case.1).slots.is_empty(), "a slot is filled");
    case
}
