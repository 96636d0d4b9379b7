//! Counters and sequences: the events that conditions need a profile to remember.

use sha2::{Digest, Sha256};
use throughline::canonical;
use throughline::internals::plan::tables::Fold;
use throughline::{Millis, Value};

use super::when::When;

/// Events to remember.
#[derive(Clone, Debug)]
pub struct CounterSpec<'a> {
    /// The event's name.
    pub event: &'a str,
    /// A condition on its properties.
    pub filter: Option<When<'a>>,
    /// The property whose value is remembered; empty for none.
    pub property: &'a str,
    /// The property that names what happened: events with one value count once. Empty for none.
    pub once: &'a str,
    /// The occurrences that are kept.
    pub fold: Fold,
    /// The number of occurrences that is enough.
    pub keep: u32,
    /// How far back; zero for ever.
    pub within: Millis,
}

/// An event that is followed by another.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceSpec {
    /// The key of the first event's counter.
    pub first: String,
    /// The key of the other event's counter.
    pub then: String,
    /// The other event is less than this long after the first.
    pub within: Millis,
    /// The first event is less than this long ago; zero for ever.
    pub since: Millis,
    /// The number of last events of each kind that are looked at.
    pub last: u32,
}

impl Default for CounterSpec<'_> {
    fn default() -> Self {
        Self { event: "", filter: None, property: "", once: "", fold: Fold::Last, keep: 1, within: Millis(0) }
    }
}

impl<'a> CounterSpec<'a> {
    /// The counter of an event's last time.
    #[must_use]
    pub fn of(event: &'a str) -> Self {
        Self { event, ..Self::default() }
    }

    /// Returns the name of this counter in profiles, equal in every plan that has it: 40 bits of a SHA-256 over event, filter
    /// and what of the events is kept, in base32.
    ///
    /// Among a thousand counters, two have the same name with a chance of one in two millions.
    #[must_use]
    pub fn key(&self) -> String {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let filter = self.filter.as_ref().map_or(Value::Null, |filter| filter.node().to_value());
        let mut named = vec![self.event.into(), filter];
        // A counter that only counts has the name that it had before there were others.
        if !self.property.is_empty() || self.fold != Fold::Last {
            named.extend([self.property.into(), self.fold.name().into()]);
        }
        // Two sums over different numbers of events are two counters.
        if self.fold == Fold::Sum {
            named.push(Value::Number(f64::from(self.keep)));
        }
        if !self.once.is_empty() {
            named.extend(["once".into(), self.once.into()]);
        }
        let hash = Sha256::digest(canonical::to_string(&Value::Array(named)));
        let bits = hash.iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let digit = |place: u32| DIGITS.get((bits >> place.saturating_mul(5) & 31) as usize).copied();
        (0..8).rev().filter_map(digit).map(char::from).collect()
    }

    /// Extends it to what another counter of the same key needs.
    pub fn widen(&mut self, other: &Self) {
        let for_ever = self.within == Millis(0) || other.within == Millis(0);
        self.within = if for_ever { Millis(0) } else { self.within.max(other.within) };
        self.keep = self.keep.max(other.keep);
    }
}

impl SequenceSpec {
    /// A sequence of the events of two counters, which look back equally far.
    #[must_use]
    pub fn new(first: &CounterSpec<'_>, then: &CounterSpec<'_>, within: Millis) -> Self {
        Self { first: first.key(), then: then.key(), within, since: first.within, last: first.keep }
    }

    /// Returns its name among the sequences of a plan.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {} {} {} {}", self.first, self.then, self.within.0, self.since.0, self.last)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_counters_stay_as_they_are() {
        let order = CounterSpec::of("Order Completed");
        assert_eq!(order.key(), "stefwtfy");
        let first = CounterSpec { fold: Fold::First, ..order.clone() };
        let total = CounterSpec { fold: Fold::Sum, property: "total", ..order.clone() };
        let once = CounterSpec { once: "order_id", ..order.clone() };
        let keys: BTreeSet<String> = [&order, &first, &total, &once].map(CounterSpec::key).into_iter().collect();
        assert_eq!(keys.len(), 4, "other values, other counters");
    }
}
