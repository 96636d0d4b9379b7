//! Attributes that hold the latest distinct values of an event property.

use throughline::Millis;
use throughline::internals::plan::tables::Fold;

use crate::condition::{CounterSpec, When};
use crate::rules::trigger::Trigger;
use crate::source::cursor::{Cursor, ReadContext};

/// The maximum number of values that a profile keeps.
const MOST: u32 = 256;
/// The number of values if the rules do not give one.
const LAST: u32 = 10;

/// The latest distinct values of an event property, newest first.
#[derive(Clone, Debug)]
pub struct EventValues<'a> {
    /// The events.
    pub event: Trigger<'a>,
    /// The property; dots lead into objects, and into each object of a list.
    pub property: &'a str,
    /// The maximum number of values.
    pub last: u32,
    /// The maximum age of the events; zero for unlimited.
    pub within: Millis,
}

impl<'a> EventValues<'a> {
    /// Reads the map at `source` of an attribute.
    pub fn read(kind: &str, cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        if kind != "list" {
            cursor
                .error("wrong-type", "the values of an event property form a list", out)
                .expected("`type: list`, or the source `profile` or `request`");
        }
        let fields = cursor.fields(&["event", "where", "property", "last", "within"], out);
        let event = Trigger::read(&fields, out);
        let property = fields.required("property", out).and_then(|cursor| cursor.text(out));
        let filter = fields.get("where").map(When::new);
        filter.iter().for_each(|filter| filter.read_filter(&mut out.diagnostics));
        let last = fields.get("last").and_then(|cursor| cursor.integer(1..=MOST, out)).unwrap_or(LAST);
        let within = fields.get("within").and_then(|cursor| cursor.duration(out)).unwrap_or_default();
        Some(Self { event: Trigger { filter, ..event? }, property: property?, last, within })
    }

    /// Returns the counter that keeps the values.
    pub fn counter(&self) -> CounterSpec<'a> {
        CounterSpec {
            property: self.property,
            fold: Fold::Values,
            keep: self.last,
            within: self.within,
            ..self.event.counter()
        }
    }
}
