//! Counters with `once`: all events with one value of a property are one occurrence.
//!
//! A reload of the order page reports an order again, perhaps days later. So the stamp of an occurrence has a hash of
//! the value in place of that of the event's id, and the first report of each value is the one that counts.
//!
//! # Why the kept reports form a join
//!
//! For a set S of reports, let
//!
//! - first(S) be the least report of each value, of which the first [`FIRST_VALUES`] are kept, and
//! - last(S) be the greatest report of each value, of which the last `keep` are kept.
//!
//! Both are joins, by the argument at [`remember`](super::occurrence::remember). The kept set is the union of the two:
//! a report that either of them needs is in the part that has it, and reports that neither needs change neither.
//!
//! # What counts beyond the first values
//!
//! No bounded set can recognise every value that was ever reported. The first [`FIRST_VALUES`] are recognised for good.
//! Of further ones the last `keep` are known, each by its last report, so a reload moves them but adds nothing.

use crate::collections::SortedSet;
use crate::identity::identifier_text;
use crate::identity::placeholder::is_placeholder;
use crate::json::{Object, ValueRef};
use crate::plan::Plan;
use crate::plan::tables::Counter;
use crate::prelude::*;
use crate::profile::occurrence::Occurrence;
use crate::profile::stamp::Stamp;

/// The number of values whose first reports are kept.
pub(crate) const FIRST_VALUES: usize = 32;

/// Returns the stamp of an event for a counter: with `once` it has the hash of the property's value.
///
/// An event without a value that names something is an occurrence of its own: a shop that sends no order ids, or the
/// same placeholder with each order, loses no order.
pub(crate) fn stamp_of(plan: &Plan, row: &Counter, properties: &Object, stamp: Stamp) -> Stamp {
    if row.once.is_empty() {
        return stamp;
    }
    let path = plan.list(row.once).map(|name| plan.text(name));
    let value = identifier_text(&ValueRef::Object(properties).walk(path).to_value());
    match value.filter(|value| !is_placeholder(value)) {
        Some(value) => Stamp::new(stamp.at(), &value),
        None => stamp,
    }
}

/// Keeps the first report of each of the first values, and the last report of each of the last `keep` values.
pub(super) fn truncate(reports: &mut SortedSet<Occurrence>, keep: usize) {
    let first = outermost(reports.iter().enumerate(), FIRST_VALUES);
    let last = outermost(reports.iter().enumerate().rev(), keep);
    let mut next: usize = 0;
    reports.retain(|_| {
        let place = next;
        next = next.saturating_add(1);
        first.iter().chain(&last).any(|(_, kept)| *kept == place)
    });
}

/// Returns the first report of each value with its place, until there are `most` values.
fn outermost<'a>(reports: impl Iterator<Item = (usize, &'a Occurrence)>, most: usize) -> Vec<(u32, usize)> {
    let mut found: Vec<(u32, usize)> = Vec::new();
    for (place, Occurrence { stamp: Stamp(_, value), .. }) in reports {
        if found.len() < most && !found.iter().any(|(known, _)| known == value) {
            found.push((*value, place));
        }
    }
    found
}

/// Checks whether this is the first of the kept reports of its value.
pub(super) fn is_first_report(kept: Option<&SortedSet<Occurrence>>, report: &Occurrence) -> bool {
    let first = kept.into_iter().flatten().find(|other| other.stamp.1 == report.stamp.1);
    first.is_some_and(|first| core::ptr::eq(first, report))
}
