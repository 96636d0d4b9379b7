//! Triggers: events with a condition on their properties.

use crate::condition::scope::CounterSpec;
use crate::source::cursor::{Cursor, Fields, ReadContext, Reference};

/// An event, and a condition on its properties.
#[derive(Clone, Debug)]
pub struct Trigger<'a> {
    /// The event's name.
    pub event: Reference<'a>,
    /// The condition.
    pub filter: Option<Cursor<'a>>,
}

impl Trigger<'_> {
    /// The counter of its last time.
    pub fn counter(&self) -> CounterSpec {
        let filter = self.filter.as_ref().map(|filter| filter.node.clone());
        CounterSpec { event: self.event.name.to_owned(), filter, ..CounterSpec::default() }
    }
}

impl<'a> Trigger<'a> {
    /// Reads `event` and `where` of a map.
    pub fn read(fields: &Fields<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        let event = fields.required("event", out).and_then(|cursor| cursor.named(out));
        Some(Self { event: event?, filter: fields.get("where") })
    }
}
