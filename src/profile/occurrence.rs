//! What is remembered of counted events: when each one happened and, if a condition asks for more, one value.
//!
//! A counter says which occurrences are enough: the last ones, the first ones, or of each value the last one. Each of these is
//! a join, so events can come in any order, any number of times, and in parts that are merged.

use core::cmp::Ordering;

use crate::collections::{SortedMap, SortedSet};
use crate::json::ValueRef;
use crate::json::canonical;
use crate::json::codec::{JsonCodec, read_tuple};
use crate::json::input::{DecodeFault, JsonSource};
use crate::json::{Object, Value};
use crate::plan::Plan;
use crate::plan::tables::{Counter, Fold, Sequence};
use crate::prelude::*;
use crate::profile::stamp::{MAX_STAMPS, Stamp};
use crate::text::fnv::fnv64a;
use crate::time::Millis;

/// Longer texts are not remembered, in bytes.
const MAX_TEXT: usize = 200;
/// Doubles hold whole numbers of so many bits.
const SAFE_BITS: u32 = 53;

/// When a counted event happened, and the value that the counter asks for: `[time, id]` or `[time, id, value]`.
#[derive(Clone, Debug, Default)]
pub struct Occurrence {
    /// When, and which event.
    pub stamp: Stamp,
    /// The value; null for a counter that only counts.
    pub value: Value,
}

impl Occurrence {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Millis {
        self.stamp.at()
    }

    fn text(&self) -> String {
        canonical::to_string(&self.value)
    }
}

impl From<Stamp> for Occurrence {
    fn from(stamp: Stamp) -> Self {
        Self { stamp, value: Value::Null }
    }
}

impl Ord for Occurrence {
    /// By time and event. Values are only compared so that even of what cannot be (one event, two values) arrival decides nothing.
    fn cmp(&self, other: &Self) -> Ordering {
        self.stamp.cmp(&other.stamp).then_with(|| self.text().cmp(&other.text()))
    }
}

impl PartialOrd for Occurrence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Occurrence {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Occurrence {}

impl JsonCodec for Occurrence {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        let expected = "an occurrence: [time, id] or [time, id, value]";
        let Stamp(time, id) = &mut self.stamp;
        read_tuple(input, expected, 1, &mut [time, id, &mut self.value])
    }
    fn to_value(&self) -> Value {
        let value = Some(&self.value).filter(|value| **value != Value::Null).cloned();
        Value::Array([self.stamp.0.to_value(), self.stamp.1.to_value()].into_iter().chain(value).collect())
    }
}

/// Adds occurrences of a counter and keeps those that are enough for the plan.
pub(crate) fn remember(
    plan: &Plan,
    counters: &mut SortedMap<SortedSet<Occurrence>>,
    key: &str,
    new: impl Iterator<Item = Occurrence>,
) {
    let Some((_, row)) = plan.find::<Counter>(key, |row| row.key) else { return };
    let keep = (row.keep as usize).min(MAX_STAMPS);
    let Some(fold) = Fold::from_number(row.fold).filter(|_| keep > 0) else { return };
    let kept = counters.get_or_insert_with(key, SortedSet::new);
    for occurrence in new {
        // Of one value the last occurrence counts, and of one event the greatest value.
        let is_same = |known: &Occurrence| match fold {
            Fold::Distinct | Fold::Values => known.value == occurrence.value,
            Fold::Last | Fold::First | Fold::Sum => known.stamp == occurrence.stamp,
        };
        match kept.iter().find(|known| is_same(known)) {
            Some(known) if *known >= occurrence => continue,
            Some(_) => kept.retain(|known| !is_same(known)),
            None => {}
        }
        kept.insert(occurrence);
    }
    shorten(kept, fold, keep);
}

/// Keeps as many as are enough.
pub(crate) fn shorten(kept: &mut SortedSet<Occurrence>, fold: Fold, keep: usize) {
    match fold {
        Fold::First => kept.keep_first(keep),
        Fold::Last | Fold::Distinct | Fold::Sum | Fold::Values => kept.keep_last(keep),
    }
}

/// What a counter remembers of an event with these properties; nothing if the event has no such value and does not count.
///
/// Of a list, a counter of values remembers each.
pub(crate) fn values_of(plan: &Plan, row: &Counter, properties: &Object) -> Vec<Value> {
    if row.property.is_empty() {
        return vec![Value::Null];
    }
    let Some(fold) = Fold::from_number(row.fold) else { return Vec::new() };
    let path: Vec<&str> = plan.list(row.property).map(|name| plan.text(name)).collect();
    let mut found = Vec::new();
    match fold {
        Fold::Values => collect(ValueRef::Object(properties), &path, &mut found),
        Fold::Distinct | Fold::Last | Fold::First | Fold::Sum => found.push(ValueRef::Object(properties).walk(path)),
    }
    found.into_iter().filter_map(|value| remembered(value, fold)).collect()
}

/// The values at a path that leads through lists as well, and the items of the list at its end; so many as a profile can keep.
fn collect<'v>(found: ValueRef<'v>, path: &[&str], out: &mut Vec<ValueRef<'v>>) {
    let next = path.split_first().map(|(name, rest)| (found.walk([*name]), rest));
    match (found, next) {
        (ValueRef::Null, _) => {}
        _ if out.len() >= MAX_STAMPS => {}
        (ValueRef::List(items), None | Some((ValueRef::Null, _))) => {
            items.iter().for_each(|item| collect(item.into(), path, out));
        }
        (_, Some((value, rest))) => collect(value, rest, out),
        (value, None) => out.push(value),
    }
}

/// A single value, as the counter keeps it.
fn remembered(value: ValueRef<'_>, fold: Fold) -> Option<Value> {
    let is_single = match value {
        ValueRef::Number(number) => number.is_finite(),
        ValueRef::Text(text) => text.len() <= MAX_TEXT || fold == Fold::Distinct,
        ValueRef::Bool(_) => true,
        ValueRef::Null | ValueRef::List(_) | ValueRef::Object(_) => false,
    };
    match fold {
        _ if !is_single => None,
        // What was seen matters only as far as it differs: so the value itself need not be kept.
        Fold::Distinct => Some(fingerprint(value)),
        Fold::Sum => matches!(value, ValueRef::Number(_)).then(|| value.to_value()),
        Fold::Last | Fold::First | Fold::Values => Some(value.to_value()),
    }
}

/// A number that tells values apart: 53 bits of a hash.
fn fingerprint(value: ValueRef<'_>) -> Value {
    let hash = fnv64a([value.type_name(), &value.to_text()]) >> (u64::BITS - SAFE_BITS);
    Value::from(Millis(hash.cast_signed()))
}

/// The latest event of the sequence's first kind that was followed in time by one of its second kind, and the first such.
pub(crate) fn latest_pair<'a>(
    plan: &Plan,
    counters: &'a SortedMap<SortedSet<Occurrence>>,
    row: &Sequence,
    now: Millis,
) -> Option<(&'a Occurrence, &'a Occurrence)> {
    let occurrences = |counter| counters.get(plan.text(plan.get::<Counter>(counter)?.key));
    let last = |counter| {
        let past = occurrences(counter)?.iter().rev().filter(|occurrence| occurrence.at() <= now);
        Some(past.take(row.last as usize).collect::<Vec<_>>())
    };
    let (first, then) = (last(row.first)?, last(row.then)?);
    first.into_iter().find_map(|start| {
        let next = then.iter().rev().find(|end| end.at() > start.at())?;
        (next.at().minus(start.at()) < row.within).then_some((start, *next))
    })
}
