//! Triggers: events with a condition on their properties.

use crate::condition::{CounterSpec, When};
use crate::source::cursor::{Fields, ReadContext, Reference};

/// An event with a condition on its properties.
#[derive(Clone, Debug)]
pub struct Trigger<'a> {
    /// The name of the event.
    pub event: Reference<'a>,
    /// The condition.
    pub filter: Option<When<'a>>,
    /// The property whose values count once each; empty for none.
    pub once: &'a str,
}

impl<'a> Trigger<'a> {
    /// Returns the counter that keeps the last time of the event.
    pub fn counter(&self) -> CounterSpec<'a> {
        CounterSpec { filter: self.filter.clone(), once: self.once, ..CounterSpec::of(self.event.name) }
    }

    /// Reads `event`, `where` and `once` of a map.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let event = fields.required("event", out).and_then(|cursor| cursor.reference(out));
        let once = fields.get("once").and_then(|cursor| cursor.text(out)).unwrap_or_default();
        Some(Self { event: event?, filter: fields.get("where").map(When::new), once })
    }
}
