//! The fuzz targets: functions that take any bytes and panic when a law does not hold.
//!
//! `fuzz_targets/` passes them to libFuzzer. `tests/fuzz.rs` replays the seeds in `fuzz/seeds/` in every
//! `cargo test`.

mod decide;
mod events;
mod exercise;
mod facts;
mod payload;
mod plan;
mod rules;
mod template;
mod token;

/// A target, which takes any bytes.
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
