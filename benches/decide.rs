//! How long the core takes natively: decisions with more campaigns and more slots, and loading a plan.
//!
//! `cargo bench --bench decide` is enough for work on the core: criterion says what has changed since the last time. `make bench`
//! holds the medians against the budgets and puts them beside those of the other hosts (`benches/native.mjs`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a tool for developers; criterion's macros make functions without documentation"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Map, Value, json};
use throughline::{Facts, Plan, decide, explain};
use throughline_compiler::{Options, Source, compile};

/// How many campaigns match, however many there are.
const MATCHING: usize = 10;
/// So many campaigns fit into one file.
const IN_A_FILE: usize = 5_000;

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().sample_size(50).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = more_campaigns, more_slots, around_a_decision, load
}
criterion_main!(benches);

fn more_campaigns(criterion: &mut Criterion) {
    for campaigns in [10, 100, 1_000, 10_000, 100_000] {
        let (plan, facts) = case(campaigns, 1);
        let id = BenchmarkId::new("campaigns", campaigns);
        criterion.benchmark_group("decide").bench_function(id, |bench| bench.iter(|| decide(&plan, &facts)));
    }
}

fn more_slots(criterion: &mut Criterion) {
    for slots in [10, 100] {
        let (plan, facts) = case(1_000, slots);
        let id = BenchmarkId::new("slots", slots);
        criterion.benchmark_group("decide").bench_function(id, |bench| bench.iter(|| decide(&plan, &facts)));
    }
}

/// With a hundred campaigns: facts and decision as JSON, and an explanation.
fn around_a_decision(criterion: &mut Criterion) {
    let (plan, facts) = case(100, 1);
    let text = self::facts().to_string();
    let mut group = criterion.benchmark_group("decide");
    group.bench_function("json", |bench| {
        bench.iter(|| decide(&plan, &Facts::from_json(&text).unwrap()).to_json());
    });
    group.bench_function("explain", |bench| bench.iter(|| explain(&plan, &facts)));
}

fn load(criterion: &mut Criterion) {
    let plan = edge_plan(&rules(1_000, 1));
    criterion.bench_function("load", |bench| bench.iter(|| Plan::load(&plan).unwrap()));
}

/// Campaigns, dealt out to the slots: each for a plan, a country, a device and a score, of which [`MATCHING`] fit the facts; in
/// several files, because one has at most 4 MB.
fn rules(count: usize, slots: usize) -> Vec<Value> {
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

/// The edge plan of rules in several files.
fn edge_plan(files: &[Value]) -> Vec<u8> {
    let name = |(number, file): (usize, &Value)| Source::new(format!("{number}.json"), file.to_string());
    compile(&files.iter().enumerate().map(name).collect::<Vec<_>>(), Options::default()).plans.unwrap().edge
}

fn facts() -> Value {
    json!({
        "now": 1_760_000_000_000_i64,
        "profile": { "subject": "p1", "traits": { "group": ["g0", 1, 1], "market": ["AT", 1, 1], "device": ["mobile", 1, 1], "score": [99, 1, 1], "firstName": ["Ann", 1, 1] } },
        "request": { "attributes": { "path": "/" }, "consent": { "personalization": "granted", "analytics": "granted" } },
    })
}

fn case(count: usize, slots: usize) -> (Plan, Facts) {
    let case = (Plan::load(&edge_plan(&rules(count, slots))).unwrap(), support::facts(&facts()));
    assert!(!decide(&case.0, &case.1).slots.is_empty(), "a slot is filled");
    case
}
