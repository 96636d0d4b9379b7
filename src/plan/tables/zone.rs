//! Time zones.

use crate::plan::row::{Id, Span, tables};
use crate::prelude::*;

tables! {
    /// A time zone: its offsets from UTC, in seconds. The first row is the zone of subjects that have none.
    27 Zone {
        /// The offset before the first change, as a signed number.
        before: u32,
        /// Changes that follow no rule, in their order.
        changes: Span<ZoneChange>,
        /// The offset of standard time after the changes, as a signed number.
        standard: u32,
        /// The offset of summer time after the changes, as a signed number.
        summer: u32,
        /// When clocks are put forward and back after the changes; none for standard time all year.
        rule: Option<Id<ZoneRule>>,
    }
    /// A change of a zone's offset.
    28 ZoneChange {
        /// When, in seconds since 1970-01-01T00:00:00Z.
        at: u32,
        /// The offset from then on, as a signed number.
        offset: u32,
    }
    /// When clocks are put forward and back each year, as POSIX has it (`M3.5.0/2`).
    29 ZoneRule {
        /// Month, week and weekday of the day on which summer time begins, as decimal digits: `0350` is March, last, Sunday.
        start: u32,
        /// The second of that day in standard time, as a signed number.
        start_time: u32,
        /// Month, week and weekday of the day on which it ends.
        end: u32,
        /// The second of that day in summer time, as a signed number.
        end_time: u32,
    }
    /// A name of a zone; the rows are sorted by `hash`.
    30 ZoneName {
        /// A hash of the name in lower case.
        hash: u32,
        /// The zone.
        zone: Id<Zone>,
    }
}
