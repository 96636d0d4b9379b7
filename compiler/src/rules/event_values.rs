//! Attributes that are the last different values of a property of events.

use throughline::Millis;
use throughline::internals::plan::PlanBuilder;
use throughline::internals::plan::tables::Fold;

use crate::condition::scope::CounterSpec;
use crate::rules::trigger::Trigger;
use crate::source::cursor::{Cursor, ReadContext};

/// A profile keeps at most so many values.
const MOST: u32 = 256;
/// So many without a number in the rules.
const LAST: u32 = 10;

/// The last different values of a property of events, the newest first.
#[derive(Clone, Debug)]
pub struct EventValues<'a> {
    /// The events.
    pub event: Trigger<'a>,
    /// The property; dots lead into objects, and into all objects of a list.
    pub property: &'a str,
    /// At most so many.
    pub last: u32,
    /// The events are less than so long ago; zero for ever.
    pub within: Millis,
}

impl<'a> EventValues<'a> {
    /// Reads the map that stands as the `source` of an attribute.
    pub fn read(kind: &str, cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Self> {
        if kind != "list" {
            cursor
                .error("wrong-type", "the values of an event property form a list", out)
                .expected("`type: list`, or the source `profile` or `request`");
        }
        let fields = cursor.fields(&["event", "where", "property", "last", "within"], out);
        let event = Trigger::read(&fields, out);
        let property = fields.required("property", out).and_then(|cursor| cursor.text(out));
        if let Some(filter) = fields.get("where") {
            let mut plan = PlanBuilder::default();
            crate::condition::compile_filter(filter.node, &filter.path, &mut plan, &mut out.diagnostics);
        }
        let last = fields.get("last").and_then(|cursor| cursor.whole(1..=MOST, out)).unwrap_or(LAST);
        let within = fields.get("within").and_then(|cursor| cursor.duration(out)).unwrap_or_default();
        Some(Self { event: event?, property: property?, last, within })
    }

    /// The counter that remembers them.
    pub fn counter(&self) -> CounterSpec {
        let property = self.property.to_owned();
        CounterSpec { property, fold: Fold::Values, keep: self.last, within: self.within, ..self.event.counter() }
    }
}
