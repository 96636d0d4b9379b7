//! Stages of the relationship: segments in an order, of which the first one that somebody is in is theirs.

use std::collections::BTreeSet;

use crate::rules::{self, Files, Rules};
use crate::source::cursor::{ReadContext, Reference};

/// More stages than this tell nobody anything.
const MAX_STAGES: usize = 32;

/// Reads the one `stages` of all files.
pub fn read<'a>(files: &Files<'a>, out: &mut ReadContext<'_>) -> Vec<Reference<'a>> {
    files.single("stages", out).map(|cursor| cursor.texts(out)).unwrap_or_default()
}

/// Tells of stages that are no segments, stand twice, or are too many.
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
