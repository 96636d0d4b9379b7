//! What is fuzzed: for each target a function that takes any bytes and panics where a law does not hold.
//!
//! `fuzz_targets/` hands them to libFuzzer; `tests/fuzz.rs` replays the seeds in `fuzz/seeds/` with them in every `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "fuzz targets fail by panicking"
)]

mod decide;
mod events;
mod exercise;
mod facts;
#[path = "../../tests/generate/mod.rs"]
mod generate;
mod payload;
mod plan;
#[path = "../../tests/reference/mod.rs"]
mod reference;
mod rules;
#[path = "../../tests/support/mod.rs"]
mod support;
mod template;
mod token;

/// A target takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its binary and of its seeds.
pub const TARGETS: [(&str, Target); 8] = [
    ("decide", decide::decide),
    ("events", events::events),
    ("facts", facts::facts),
    ("payload", payload::payload),
    ("plan", plan::plan),
    ("rules", rules::rules),
    ("template", template::template),
    ("token", token::token),
];

/// Runs the target of this name.
#[allow(dead_code, reason = "for the binaries")]
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no target `{name}`"));
    target(bytes);
}
