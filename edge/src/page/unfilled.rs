//! Counts of slots and pages that were left as they came, for `GET health`.

use core::cell::RefCell;

use throughline::{Object, Value};

use crate::error::log;
use crate::prelude::*;

/// The counts of one isolate, by reason.
#[derive(Default)]
pub struct Unfilled(RefCell<Vec<(&'static str, u32)>>);

impl Unfilled {
    /// Counts a slot or a page. Each reason is logged once.
    pub fn count(&self, reason: &'static str) {
        let mut counts = self.0.borrow_mut();
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                log(&format!("page: a slot was left as it came: {reason} (docs/edge.md, \"Which pages are filled\")"));
                counts.push((reason, 1));
            }
        }
    }

    /// Returns the counts, `{"ambiguous": 2}`.
    pub fn to_json(&self) -> Value {
        let counts = self.0.borrow();
        Value::Object(
            counts.iter().map(|(reason, count)| (*reason, Value::Number(f64::from(*count)))).collect::<Object>(),
        )
    }
}
