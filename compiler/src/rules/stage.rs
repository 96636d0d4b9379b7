//! Stages of the relationship: ordered segments. A subject is in the first stage whose segment matches.

use std::collections::BTreeSet;

use crate::rules::{self, Files, Rules};
use crate::source::cursor::{ReadContext, Reference};

/// The maximum number of stages; more would not be informative.
const MAX_STAGES: usize = 32;

/// Reads the single `stages` section of all files.
pub fn read<'a>(files: &Files<'a>, out: &mut ReadContext<'_>) -> Vec<Reference<'a>> {
    files.single("stages", out).map(|cursor| cursor.references(out)).unwrap_or_default()
}

/// Reports unknown segments, duplicates, and too many stages.
pub fn check(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    let mut seen = BTreeSet::new();
    for (number, stage) in rules.stages.iter().enumerate() {
        rules::find(&rules.segments, stage, out);
        if !seen.insert(stage.name) {
            let message = format!("stage `{}` is defined twice", stage.name);
            stage.cursor.error("duplicate-id", message, out).expected("each stage once");
        }
        if number == MAX_STAGES {
            stage.cursor.error("too-large", "too many stages", out).expected(format!("at most {MAX_STAGES}"));
        }
    }
}
