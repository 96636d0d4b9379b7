//! A program that decides, for counting instructions.
//!
//! `benches/profile.mjs` runs it under valgrind's callgrind, which counts inside one of the two functions at
//! the end.
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a tool for developers, and it uses a part of the case"
)]

mod case;

use std::hint::black_box;

use throughline::{Facts, Plan, decide};

/// The number of counted decisions.
const DECISIONS: usize = 200;

fn main() {
    let (plan, facts) = case::case(100, 1);
    let text = case::facts().to_string();
    for _ in 0..DECISIONS {
        black_box(with_json(&plan, &text));
        black_box(alone(&plan, &facts));
    }
    println!("{DECISIONS}");
}

/// Decides once, from JSON to JSON.
#[inline(never)]
fn with_json(plan: &Plan, text: &str) -> String {
    decide(plan, &Facts::from_json(text).unwrap()).to_json()
}

/// Decides once.
#[inline(never)]
fn alone(plan: &Plan, facts: &Facts) -> usize {
    decide(plan, facts).slots.len()
}
