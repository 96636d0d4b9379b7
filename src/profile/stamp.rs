//! Stamps, and the joins that keep the first or the last stamped value.

use crate::collections::{SortedMap, SortedSet};
use crate::event::consent::Consent;
use crate::json::Value;
use crate::json::canonical;
use crate::json::codec::{JsonCodec, read_tuple, via_value};
use crate::json::input::{DecodeFault, JsonSource};
use crate::prelude::*;
use crate::text::fnv::fnv32a;
use crate::time::Millis;

/// The greatest number of stamps under one key, whatever a plan or a token asks for.
pub const MAX_STAMPS: usize = 256;

/// The time and identity of an event. Stamps order all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(
    /// The time of the event.
    pub Millis,
    /// A hash of the event's id, which orders the events of one millisecond.
    pub u32,
);

impl Stamp {
    /// Returns the stamp of the event with this id at this time.
    #[must_use]
    pub fn new(at: Millis, event_id: &str) -> Self {
        Self(at, fnv32a(event_id))
    }

    /// Returns the time of the event.
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
    /// The time at which it was set.
    pub Millis,
    /// A hash of the id of the event that set it.
    pub u32,
);

impl<T> Stamped<T> {
    /// Stamps a value with the event that set it.
    pub const fn new(value: T, stamp: Stamp) -> Self {
        Self(value, stamp.0, stamp.1)
    }

    /// Returns the stamp of the event that set it.
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

/// Sets a value unless a later one is present.
pub(crate) fn keep_latest<T: Clone + JsonCodec>(map: &mut SortedMap<Stamped<T>>, key: &str, new: &Stamped<T>) {
    match map.get_mut(key) {
        Some(old) if !is_later(new, old) => {}
        Some(old) => *old = new.clone(),
        None => {
            map.insert(key, new.clone());
        }
    }
}

/// Sets the consent for a purpose unless a later word is present. Of two words of one time the stricter counts.
pub(crate) fn keep_consent(map: &mut SortedMap<Stamped<Consent>>, purpose: &str, new: &Stamped<Consent>) {
    // why: the hash of an event's id orders arbitrarily, and must not turn a refusal into a grant.
    let strictness = |word: &Stamped<Consent>| match word.0 {
        Consent::Granted => 0,
        Consent::Pending => 1,
        Consent::Denied => 2,
    };
    let order = |word: &Stamped<Consent>| (word.1, u64::from(word.2) | strictness(word) << 32);
    match map.get_mut(purpose) {
        Some(old) if order(old) >= order(new) => {}
        Some(old) => *old = new.clone(),
        None => {
            map.insert(purpose, new.clone());
        }
    }
}

/// Checks whether a value is later than another.
///
/// The greater JSON counts between two values with one stamp, so that the order of arrival never matters.
fn is_later<T: JsonCodec>(new: &Stamped<T>, old: &Stamped<T>) -> bool {
    let text = |stamped: &Stamped<T>| canonical::to_string(&stamped.0.to_value());
    new.stamp() > old.stamp() || (new.stamp() == old.stamp() && text(new) > text(old))
}

/// Sets a value unless an earlier one is present.
pub(crate) fn keep_first<T: Clone + Ord>(map: &mut SortedMap<Stamped<T>>, key: &str, new: &Stamped<T>) {
    match map.get_mut(key) {
        Some(old) if (old.stamp(), &old.0) <= (new.stamp(), &new.0) => {}
        Some(old) => *old = new.clone(),
        None => {
            map.insert(key, new.clone());
        }
    }
}

/// Records when an offer was seen, unless it was seen earlier.
pub(crate) fn keep_first_offer(offers: &mut SortedMap<Stamp>, offer: &str, stamp: Stamp) {
    if offers.get(offer).is_none_or(|first| stamp < *first) {
        offers.insert(offer, stamp);
    }
}

/// Adds stamps, and keeps the last `keep` of all.
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
