//! What conditions may refer to, and what they do refer to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use throughline::plan::Id;
use throughline::plan::tables::{Attribute, Counter, Journey, Segment, Zone};
use throughline::{Millis, Value, canonical};

use crate::tree::Node;

/// What conditions may refer to, how strictly they are read, and what they have referred to so far.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The declared attributes, by name.
    pub attributes: BTreeMap<String, Known>,
    /// The segments, by id.
    pub segments: BTreeMap<String, Id<Segment>>,
    /// The journeys and the ids of their steps, by id.
    pub journeys: BTreeMap<String, (Id<Journey>, Vec<String>)>,
    /// The purposes that policies and channels name; none if any purpose will do.
    pub purposes: BTreeSet<String>,
    /// The saved groups, by name.
    pub groups: BTreeMap<String, Group>,
    /// The counters by key, as far as they have a number yet.
    pub counters: BTreeMap<String, Id<Counter>>,
    /// The time zones by name, as far as they have a number yet.
    pub zones: BTreeMap<String, Id<Zone>>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// Whose language it is.
    pub dialect: Dialect,
    /// What the conditions have referred to so far.
    pub uses: Uses,
}

/// An attribute as conditions see it.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its row.
    pub id: Id<Attribute>,
    /// Its declared type, such as `string`.
    pub kind: &'static str,
    /// The only values that it has; empty for any.
    pub values: Vec<String>,
}

/// A saved group as conditions see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Group {
    /// Values without an attribute.
    Values(Vec<Value>),
    /// Values of an attribute; without one, the condition says which.
    List {
        /// The attribute.
        attribute: Option<String>,
        /// The values.
        values: Vec<Value>,
    },
    /// Whoever satisfies a condition.
    Condition(Node),
}

/// Whose language conditions are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Ours: mistakes are errors, and there are operators for segments, events, time, consent and journeys.
    #[default]
    Rules,
    /// GrowthBook's: where its SDKs say false, so does the plan, and the mistake is a warning. Only its own operators.
    GrowthBook,
}

/// What conditions refer to.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// Names of attributes.
    pub attributes: BTreeSet<String>,
    /// Ids of segments.
    pub segments: BTreeSet<String>,
    /// Ids of journeys.
    pub journeys: BTreeSet<String>,
    /// Counters, by key.
    pub counters: BTreeMap<String, CounterSpec>,
    /// Names of time zones.
    pub zones: BTreeSet<String>,
    /// Whether the subject's local time matters, so that any zone can.
    pub local: bool,
}

/// Events to remember.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CounterSpec {
    /// The event's name.
    pub event: String,
    /// A condition on its properties.
    pub filter: Option<Node>,
    /// How many times are enough.
    pub keep: u32,
    /// How far back; zero for ever.
    pub within: Millis,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            segments: BTreeMap::new(),
            journeys: BTreeMap::new(),
            purposes: BTreeSet::new(),
            groups: BTreeMap::new(),
            counters: BTreeMap::new(),
            zones: BTreeMap::new(),
            zone: TimeZone::UTC,
            dialect: Dialect::Rules,
            uses: Uses::default(),
        }
    }
}

impl Scope {
    /// The counter of an event with a filter, noted as used: it keeps at least the last `keep` times within `within`
    /// (zero: for ever). Its number is that of [`Self::counters`], zero as long as it has none.
    pub fn counter(&mut self, event: &str, filter: Option<&Node>, keep: u32, within: Millis) -> Id<Counter> {
        let key = counter_key(event, filter);
        let id = self.counters.get(&key).copied().unwrap_or(Id::new(0));
        let new = CounterSpec { event: event.to_owned(), filter: filter.cloned(), keep, within };
        let spec = self.uses.counters.entry(key).or_insert(new);
        let for_ever = spec.within == Millis(0) || within == Millis(0);
        spec.within = if for_ever { Millis(0) } else { spec.within.max(within) };
        spec.keep = spec.keep.max(keep);
        id
    }

    /// The zone with this name, noted as used. Its number is that of [`Self::zones`], zero as long as it has none.
    pub fn zone(&mut self, name: &str) -> Id<Zone> {
        self.uses.zones.insert(name.to_owned());
        self.zones.get(name).copied().unwrap_or(Id::new(0))
    }

    /// The declared attribute that a path begins with, the longest if there are several, its name, and the rest of the path.
    pub(crate) fn attribute<'p>(&self, path: &'p str) -> Option<(&'p str, Option<&'p str>, &Known)> {
        let whole = self.attributes.get(path).map(|known| (path, None, known));
        whole.or_else(|| {
            path.rmatch_indices('.').find_map(|(dot, _)| {
                let (name, rest) = path.split_at_checked(dot)?;
                Some((name, rest.strip_prefix('.'), self.attributes.get(name)?))
            })
        })
    }
}

/// The name of a counter in profiles, equal in every plan that has the counter: 40 bits of a SHA-256 over event and filter,
/// in base32.
///
/// Among a thousand counters, two have the same name with a chance of one in two millions.
fn counter_key(event: &str, filter: Option<&Node>) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let named = Value::Array(vec![event.into(), filter.map_or(Value::Null, Node::to_value)]);
    let hash = Sha256::digest(canonical::to_string(&named));
    let bits = hash.iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let digit = |place: u32| DIGITS.get((bits >> place.saturating_mul(5) & 31) as usize).copied();
    (0..8).rev().filter_map(digit).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_needs_share_a_counter_that_is_enough_for_all() {
        let mut scope = Scope::default();
        let filter = Node::from_value(&Value::Object([("path", Value::from("/pricing"))].into_iter().collect()));
        scope.counter("Page Viewed", Some(&filter), 3, Millis(48));
        scope.counter("Page Viewed", Some(&filter), 2, Millis(96));
        scope.counter("Page Viewed", None, 1, Millis(7));
        scope.counter("Page Viewed", None, 5, Millis(0));
        scope.counter("Page Viewed", None, 1, Millis(9));
        let needs: Vec<_> =
            scope.uses.counters.values().map(|spec| (spec.filter.is_some(), spec.keep, spec.within)).collect();
        assert_eq!(needs.len(), 2);
        assert!(needs.contains(&(true, 3, Millis(96))));
        assert!(needs.contains(&(false, 5, Millis(0))), "for ever is longer than everything");
    }

    #[test]
    fn names_of_counters_stay_as_they_are() {
        assert_eq!(counter_key("Order Completed", None), "stefwtfy");
    }
}
