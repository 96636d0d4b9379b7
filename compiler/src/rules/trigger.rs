//! Triggers: events with a condition on their properties.

use crate::condition::scope::CounterSpec;
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// An event with a condition on its properties.
#[derive(Clone, Debug)]
pub struct Trigger<'a> {
    /// The name of the event.
    pub event: Reference<'a>,
    /// The condition.
    pub filter: Option<Cursor<'a>>,
}

impl Trigger<'_> {
    /// Returns the counter that keeps the last time of the event.
    pub fn counter(&self) -> CounterSpec {
        let filter = self.filter.as_ref().map(|filter| filter.node.clone());
        CounterSpec { event: self.event.name.to_owned(), filter, ..CounterSpec::default() }
    }
}

impl<'a> Trigger<'a> {
    /// Reads `event` and `where` of a map.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let event = fields.required("event", out).and_then(|cursor| cursor.reference(out));
        Some(Self { event: event?, filter: fields.get("where") })
    }
}
