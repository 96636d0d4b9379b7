//! Occurrences of counted events: a time and, if a condition asks for it, one value.
//!
//! A counter's fold says which occurrences are kept: the last ones, the first ones, or the last one of each value. Each
//! fold is a join, so events can arrive in any order, any number of times, and in parts that are merged.

use core::cmp::Ordering;

use crate::collections::{SortedMap, SortedSet};
use crate::facts::reading;
use crate::json::ValueRef;
use crate::json::canonical;
use crate::json::codec::{JsonCodec, read_tuple};
use crate::json::input::{DecodeFault, JsonSource};
use crate::json::{Object, Value};
use crate::plan::tables::{Counter, Fold, Sequence};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::once;
use crate::profile::stamp::{MAX_STAMPS, Stamp};
use crate::text::fnv::fnv64a;
use crate::time::Millis;

/// Longer strings are not kept as values, in bytes.
const MAX_TEXT: usize = 200;
/// Doubles hold all integers of this number of bits.
const SAFE_BITS: u32 = 53;

/// An occurrence of a counted event: `[time, id]`, or `[time, id, value]` if the counter asks for a value.
#[derive(Clone, Debug, Default)]
pub struct Occurrence {
    /// The stamp of the event.
    pub stamp: Stamp,
    /// The value; `null` for a counter that only counts.
    pub value: Value,
}

impl Occurrence {
    /// Returns the time of the event.
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
    /// Orders by time and event. Values break ties, so that merge order never matters.
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

/// Adds occurrences of a counter, and keeps those that are enough for the plan.
///
/// # Why `keep` occurrences are enough
///
/// A window ends now, so it cuts off early occurrences only. If a dropped occurrence lies in the window, the `keep`
/// later ones do, too. So the window counts min(true count, `keep`), and "at least n within w" is exact for every w
/// and every n up to `keep`. The compiler sets `keep` to the greatest number that any condition on the counter compares
/// with.
///
/// # Why arrival and merge order do not matter
///
/// For a set S of occurrences, let
///
/// - best(S) be the greatest occurrence of each key, where the key is the value (`Distinct`, `Values`) or the event
///   (the other folds), and
/// - keep(S) be the last n of best(S), or the first n for `Fold::First`.
///
/// Then keep(keep(A) ∪ keep(B)) = keep(A ∪ B):
///
/// - An occurrence among the n best of the union has at most as many rivals in its own part, so the part keeps it.
/// - An occurrence that a part drops has n rivals there. The union has rivals of the same keys, so it drops it, too.
///
/// On kept sets, A ⊔ B = keep(A ∪ B) is therefore a join: commutative, idempotent, and associative, because both
/// groupings are keep(A ∪ B ∪ C). Adding an event is the case where B has one element; `merge` is the general one. The
/// laws `reduce_does_not_depend_on_order_or_repetition` and `merging_is_reducing_all` in `tests/laws.rs` check it.
pub(crate) fn remember(
    plan: &Plan,
    counters: &mut SortedMap<SortedSet<Occurrence>>,
    key: &str,
    new: impl Iterator<Item = Occurrence>,
) {
    let Some((_, row)) = plan.find::<Counter>(key, |row| row.key) else { return };
    let keep = (row.keep as usize).min(MAX_STAMPS);
    if keep == 0 {
        return;
    }
    let fold = row.fold;
    let kept = counters.get_or_insert_with(key, SortedSet::new);
    if !row.once.is_empty() {
        kept.extend(new);
        once::truncate(kept, keep);
        return;
    }
    for occurrence in new {
        // best(S): the last occurrence of each value, or the greatest value of each event.
        let is_same = |other: &Occurrence| match fold {
            Fold::Distinct | Fold::Values => other.value == occurrence.value,
            Fold::Last | Fold::First | Fold::Sum => other.stamp == occurrence.stamp,
        };
        match kept.iter().find(|other| is_same(other)) {
            Some(other) if *other >= occurrence => continue,
            Some(_) => kept.retain(|other| !is_same(other)),
            None => {}
        }
        kept.insert(occurrence);
    }
    truncate(kept, fold, keep);
}

/// Returns the occurrences of a counter that count, in their order.
pub(crate) fn counted<'a>(
    plan: &Plan,
    counters: &'a SortedMap<SortedSet<Occurrence>>,
    counter: Id<Counter>,
) -> impl DoubleEndedIterator<Item = &'a Occurrence> + Clone + use<'a> {
    let row = plan.get(counter);
    let kept = row.and_then(|row| counters.get(plan.text(row.key)));
    let is_once = row.is_some_and(|row| !row.once.is_empty());
    let counts = move |occurrence: &&Occurrence| !is_once || once::is_first_report(kept, occurrence);
    kept.into_iter().flatten().filter(counts)
}

/// Keeps the first or last occurrences of a counter.
pub(crate) fn truncate(kept: &mut SortedSet<Occurrence>, fold: Fold, keep: usize) {
    match fold {
        Fold::First => kept.keep_first(keep),
        Fold::Last | Fold::Distinct | Fold::Sum | Fold::Values => kept.keep_last(keep),
    }
}

/// Returns the values that a counter keeps of an event with these properties; none if the event does not count.
///
/// A counter of values keeps each item of a list.
pub(crate) fn values_of(plan: &Plan, row: &Counter, properties: &Object) -> Vec<Value> {
    if row.property.is_empty() {
        return vec![Value::Null];
    }
    let fold = row.fold;
    let path: Vec<&str> = plan.list(row.property).map(|name| plan.text(name)).collect();
    let mut found = Vec::new();
    match fold {
        Fold::Values => collect(ValueRef::Object(properties), &path, &mut found),
        Fold::Distinct | Fold::Last | Fold::First | Fold::Sum => found.push(ValueRef::Object(properties).walk(path)),
    }
    found.into_iter().filter_map(|value| kept_value(value, fold)).collect()
}

/// Collects the values at a path, which may lead through lists, and the items of a list at its end.
///
/// It stops at the number of occurrences that a profile can keep.
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

/// Returns a scalar in the form that the counter keeps, if it keeps it.
fn kept_value(value: ValueRef<'_>, fold: Fold) -> Option<Value> {
    let is_single = match value {
        ValueRef::Number(number) => number.is_finite(),
        ValueRef::Text(text) => text.len() <= MAX_TEXT || fold == Fold::Distinct,
        ValueRef::Bool(_) => true,
        ValueRef::Null | ValueRef::List(_) | ValueRef::Object(_) => false,
    };
    match fold {
        _ if !is_single => None,
        // why: distinct values are only compared with each other, so a hash of each is enough and keeps tokens short.
        Fold::Distinct => Some(fingerprint(value)),
        Fold::Sum => reading::number(value).map(Value::Number),
        Fold::Last | Fold::First | Fold::Values => Some(value.to_value()),
    }
}

/// Returns 53 bits of a hash, which tell values apart.
fn fingerprint(value: ValueRef<'_>) -> Value {
    let hash = fnv64a([value.type_name(), &value.to_text()]) >> (u64::BITS - SAFE_BITS);
    Value::from(Millis(hash.cast_signed()))
}

/// Returns the latest occurrence of the sequence's first event that its second event followed in time, with the first
/// such follower.
pub(crate) fn latest_pair<'a>(
    plan: &Plan,
    counters: &'a SortedMap<SortedSet<Occurrence>>,
    row: &Sequence,
    now: Millis,
) -> Option<(&'a Occurrence, &'a Occurrence)> {
    let last = |counter| {
        let past = counted(plan, counters, counter).rev().filter(|occurrence| occurrence.at() <= now);
        past.take(row.last as usize).collect::<Vec<_>>()
    };
    let (first, then) = (last(row.first), last(row.then));
    first.into_iter().find_map(|start| {
        let next = then.iter().rev().find(|end| end.at() > start.at())?;
        (next.at().minus(start.at()) < row.within).then_some((start, *next))
    })
}
