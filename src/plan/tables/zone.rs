//! Time zones.

use crate::plan::row::{Id, Span, tables};
use crate::prelude::*;

tables! {
    /// A time zone: its offsets from UTC, in seconds. The first row is the zone of subjects that have none.
    27 Zone {
        /// The offset before the first change.
        before: i32,
        /// The changes that follow no rule, in their order.
        changes: Span<ZoneChange>,
        /// The offset of standard time after the changes.
        standard: i32,
        /// The offset of summer time after the changes.
        summer: i32,
        /// The rule by which clocks change after the last change; `None` for standard time all year.
        rule: Option<Id<ZoneRule>>,
    }
    /// A change of a zone's offset.
    28 ZoneChange {
        /// The time, in seconds since 1970-01-01T00:00:00Z.
        at: u32,
        /// The offset from then on.
        offset: i32,
    }
    /// The days on which clocks are put forward and back each year, as in a POSIX rule (`M3.5.0/2`).
    29 ZoneRule {
        /// Month, week and weekday of the day on which summer time begins, as decimal digits: `0350` is March, last, Sunday.
        start: u32,
        /// The second of that day in standard time; it can be negative or beyond the day.
        start_time: i32,
        /// Month, week and weekday of the day on which it ends.
        end: u32,
        /// The second of that day in summer time; it can be negative or beyond the day.
        end_time: i32,
    }
    /// A name of a zone.
    ///
    /// INVARIANT: the rows are sorted by `hash`, because names are found by binary search.
    30 ZoneName {
        /// A hash of the name in lower case.
        hash: u32,
        /// The zone.
        zone: Id<Zone>,
    }
}
