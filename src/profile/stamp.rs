//! Stamps, and the joins that keep the first or the last of what is stamped.

use crate::collections::{SortedMap, SortedSet};
use crate::json::Value;
use crate::json::canonical;
use crate::json::codec::{JsonCodec, read_tuple, via_value};
use crate::json::input::{DecodeFault, JsonSource};
use crate::prelude::*;
use crate::text::fnv::fnv32a;
use crate::time::Millis;

/// More stamps than this are never kept, whatever a plan or a token says.
pub const MAX_STAMPS: usize = 256;

/// When an event happened, and which one it was: the order of all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(
    /// The time of the event.
    pub Millis,
    /// A hash of the event's id, to tell events of one millisecond apart.
    pub u32,
);

impl Stamp {
    /// The stamp of the event with this id at this time.
    #[must_use]
    pub fn new(at: Millis, event_id: &str) -> Self {
        Self(at, fnv32a(event_id))
    }

    /// The time of the event.
    #[must_use]
    pub const fn at(self) -> Millis {
        self.0
    }
}

/// A value and the event that set it: `[value, time, id]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stamped<T>(
    /// The value.
    pub T,
    /// When it was set.
    pub Millis,
    /// A hash of the id of the event that set it.
    pub u32,
);

impl<T> Stamped<T> {
    /// A value with the stamp of the event that set it.
    pub const fn new(value: T, stamp: Stamp) -> Self {
        Self(value, stamp.0, stamp.1)
    }

    /// The stamp of the event that set it.
    pub const fn stamp(&self) -> Stamp {
        Stamp(self.1, self.2)
    }
}

via_value!(Stamp);

impl JsonCodec for Stamp {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        read_tuple(input, "a stamp: [time, id]", 0, &mut [&mut self.0, &mut self.1])
    }
    fn to_value(&self) -> Value {
        Value::Array(vec![self.0.to_value(), self.1.to_value()])
    }
}

impl<T: JsonCodec + Default> JsonCodec for Stamped<T> {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        let expected = "a value with its stamp: [value, time, id]";
        read_tuple(input, expected, 0, &mut [&mut self.0, &mut self.1, &mut self.2])
    }
    fn to_value(&self) -> Value {
        Value::Array(vec![self.0.to_value(), self.1.to_value(), self.2.to_value()])
    }
}

/// Sets a value unless a later one is known.
pub(crate) fn keep_latest<T: Clone + JsonCodec>(map: &mut SortedMap<Stamped<T>>, key: &str, new: &Stamped<T>) {
    match map.get_mut(key) {
        Some(old) if !is_later(new, old) => {}
        Some(old) => *old = new.clone(),
        None => {
            map.insert(key, new.clone());
        }
    }
}

/// Whether a value comes after another. Of two with one stamp it is the one with the greater JSON text, so that even then
/// the order of arrival decides nothing.
fn is_later<T: JsonCodec>(new: &Stamped<T>, old: &Stamped<T>) -> bool {
    let text = |stamped: &Stamped<T>| canonical::to_string(&stamped.0.to_value());
    new.stamp() > old.stamp() || (new.stamp() == old.stamp() && text(new) > text(old))
}

/// Sets a value unless an earlier one is known.
pub(crate) fn keep_first<T: Clone + Ord>(map: &mut SortedMap<Stamped<T>>, key: &str, new: &Stamped<T>) {
    match map.get_mut(key) {
        Some(old) if (old.stamp(), &old.0) <= (new.stamp(), &new.0) => {}
        Some(old) => *old = new.clone(),
        None => {
            map.insert(key, new.clone());
        }
    }
}

/// Notes when an offer was seen unless it was seen earlier.
pub(crate) fn keep_first_offer(offers: &mut SortedMap<Stamp>, offer: &str, stamp: Stamp) {
    if offers.get(offer).is_none_or(|first| stamp < *first) {
        offers.insert(offer, stamp);
    }
}

/// Adds stamps and keeps the last `keep` of all.
pub(crate) fn keep_last(
    map: &mut SortedMap<SortedSet<Stamp>>,
    key: &str,
    stamps: impl Iterator<Item = Stamp>,
    keep: usize,
) {
    let keep = keep.min(MAX_STAMPS);
    if keep == 0 {
        return;
    }
    let kept = map.get_or_insert_with(key, SortedSet::new);
    kept.extend(stamps);
    kept.keep_last(keep);
}
