//! Schedules: the time spans of offers and campaigns.

use jiff::tz::TimeZone;
use throughline::Millis;

use crate::source::cursor::{Fields, ReadContext};

/// A half-open time span: from `from` to before `until`.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The first moment of the span.
    pub from: Millis,
    /// The first moment after the span.
    pub until: Millis,
}

impl Schedule {
    /// The span that contains every moment.
    pub const ALWAYS: Self = Self { from: Millis::MIN, until: Millis::MAX };

    /// Reads `from` and `until` of a map.
    pub fn read(fields: &Fields<'_>, zone: &TimeZone, out: &mut ReadContext<'_>) -> Self {
        let from = fields.get("from").and_then(|cursor| cursor.time(zone, out)).unwrap_or(Millis::MIN);
        let until = fields.get("until");
        let end = until.as_ref().and_then(|cursor| cursor.time(zone, out)).unwrap_or(Millis::MAX);
        if let (Some(until), true) = (until, from >= end) {
            let message = "`until` is not after `from`";
            until.error("impossible-schedule", message, out).expected("an `until` after `from`");
        }
        Self { from, until: end }
    }
}
