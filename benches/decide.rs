//! How long the core takes natively, against the budgets of the design.
//!
//! No library: a decision takes a known, small time, so the median of many batches says all, and a bench that adds nothing to
//! build is one that people run.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "a tool for developers"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use throughline::{Facts, Plan, decide, explain};
use throughline_compiler::{Options, Source, compile};

/// How many campaigns match, however many there are.
const MATCHING: usize = 10;
/// So many campaigns fit into one file.
const IN_A_FILE: usize = 5_000;
/// The numbers of campaigns that are compared with a hundred.
const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

fn main() {
    let hundred = case(100, 1);
    let facts_json = facts().to_string();
    let base = time(|| drop(black_box(decide(&hundred.0, &hundred.1))));
    record(100, 1, base);
    row("decide natively, 100 campaigns, 1 slot", &nanos(base), Some(("300 ns", base <= Duration::from_nanos(300))));
    row(
        "- with facts from JSON and the decision to JSON",
        &nanos(time(|| {
            let facts: Facts = serde_json::from_str(&facts_json).unwrap();
            drop(black_box(decide(&hundred.0, &facts).to_json()));
        })),
        None,
    );
    row("- with an explanation", &nanos(time(|| drop(black_box(explain(&hundred.0, &hundred.1))))), None);
    for count in SIZES {
        let case = case(count, 1);
        let took = time(|| drop(black_box(decide(&case.0, &case.1))));
        record(count, 1, took);
        let ratio = took.as_nanos() as f64 / base.as_nanos() as f64;
        let budget = (count > 100).then_some(("3.0x", ratio <= 3.0));
        row(
            &format!("growth from 100 to {count} campaigns, {MATCHING} matching"),
            &format!("{ratio:.1}x ({})", nanos(took)),
            budget,
        );
    }
    for slots in [10, 100] {
        let case = case(1_000, slots);
        let took = time(|| drop(black_box(decide(&case.0, &case.1))));
        record(1_000, slots, took);
        row(&format!("1,000 campaigns in {slots} slots"), &nanos(took), None);
    }
    let thousand = edge_plan(&rules(1_000, 1));
    let load = time(|| drop(black_box(Plan::load(&thousand).unwrap())));
    row("load a plan of 1,000 campaigns", &nanos(load), Some(("1 ms", load <= Duration::from_millis(1))));
    row("- its size", &format!("{} KB", thousand.len() / 1024), None);
}

/// One line of the table that `make bench` prints.
fn row(what: &str, found: &str, budget: Option<(&str, bool)>) {
    let verdict = budget
        .map_or(String::new(), |(limit, holds)| format!("{limit:>9}  {}", if holds { "ok" } else { "over budget" }));
    println!("{what:<58} {found:>22} {verdict}");
}

/// A line for the plots of docs/benchmarks.md, if somebody collects them.
fn record(campaigns: usize, slots: usize, time: Duration) {
    let Some(file) = std::env::var_os("THROUGHLINE_BENCH_OUT") else { return };
    let line = json!({ "bench": "decide", "campaigns": campaigns, "slots": slots, "nanos": time.as_nanos() as u64 });
    writeln!(OpenOptions::new().append(true).create(true).open(file).unwrap(), "{line}").unwrap();
}

/// The median time of one run, from batches that are long enough to measure.
fn time(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    let mut runs = 0_u32;
    while start.elapsed() < Duration::from_millis(200) {
        run();
        runs += 1;
    }
    let batch = (runs / 20).max(1);
    let mut batches: Vec<Duration> = (0..25)
        .map(|_| {
            let start = Instant::now();
            (0..batch).for_each(|_| run());
            start.elapsed() / batch
        })
        .collect();
    batches.sort();
    *batches.get(batches.len() / 2).unwrap()
}

fn nanos(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    if nanos < 1e4 { format!("{nanos:.0} ns") } else { format!("{:.1} us", nanos / 1e3) }
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
