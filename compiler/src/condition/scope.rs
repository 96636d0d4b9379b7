//! What conditions may refer to, and what they do refer to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use throughline::canonical;
use throughline::internals::plan::Id;
use throughline::internals::plan::tables::{Attribute, Counter, Fold, Journey, Place, Segment, Sequence, Zone};
use throughline::{Millis, Value};

use crate::source::tree::Node;

/// What conditions may refer to, how strictly they are read, and what they have referred to so far.
#[derive(Clone, Debug)]
pub struct ConditionScope {
    /// The declared attributes, by name.
    pub attributes: BTreeMap<String, KnownAttribute>,
    /// The segments, by id.
    pub segments: BTreeMap<String, Id<Segment>>,
    /// The segments that are stages, in their order.
    pub stages: Vec<String>,
    /// The journeys and the ids of their steps, by id.
    pub journeys: BTreeMap<String, (Id<Journey>, Vec<String>)>,
    /// The purposes that policies and channels name; none if any purpose will do.
    pub purposes: BTreeSet<String>,
    /// The saved groups, by name.
    pub groups: BTreeMap<String, KnownGroup>,
    /// The counters by key, as far as they have a number yet.
    pub counters: BTreeMap<String, Id<Counter>>,
    /// The sequences by key, as far as they have a number yet.
    pub sequences: BTreeMap<String, Id<Sequence>>,
    /// The time zones by name, as far as they have a number yet.
    pub zones: BTreeMap<String, Id<Zone>>,
    /// The places, by id.
    pub places: BTreeMap<String, Id<Place>>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// Whose language it is.
    pub dialect: Dialect,
    /// What the conditions have referred to so far.
    pub uses: ConditionUses,
}

/// An attribute as conditions see it.
#[derive(Clone, Debug)]
pub struct KnownAttribute {
    /// Its row.
    pub id: Id<Attribute>,
    /// Its declared type, such as `string`.
    pub kind: &'static str,
    /// The only values that it has; empty for any.
    pub values: Vec<String>,
}

/// A saved group as conditions see it.
#[derive(Clone, Debug, PartialEq)]
pub enum KnownGroup {
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
pub struct ConditionUses {
    /// Names of attributes.
    pub attributes: BTreeSet<String>,
    /// Ids of segments.
    pub segments: BTreeSet<String>,
    /// Ids of journeys.
    pub journeys: BTreeSet<String>,
    /// Counters, by key.
    pub counters: BTreeMap<String, CounterSpec>,
    /// Sequences, by key.
    pub sequences: BTreeMap<String, SequenceSpec>,
    /// Names of time zones.
    pub zones: BTreeSet<String>,
    /// Whether the subject's local time matters, so that any zone can.
    pub local: bool,
    /// Whether the places matter.
    pub places: bool,
}

/// Events to remember.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterSpec {
    /// The event's name.
    pub event: String,
    /// A condition on its properties.
    pub filter: Option<Node>,
    /// The property whose value is remembered; empty for none.
    pub property: String,
    /// Which occurrences are kept.
    pub fold: Fold,
    /// How many are enough.
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
    /// Less than so long after the first.
    pub within: Millis,
    /// The first is less than so long ago; zero for ever.
    pub since: Millis,
    /// So many last events of each kind are looked at.
    pub last: u32,
}

impl Default for CounterSpec {
    fn default() -> Self {
        Self {
            event: String::new(),
            filter: None,
            property: String::new(),
            fold: Fold::Last,
            keep: 1,
            within: Millis(0),
        }
    }
}

impl CounterSpec {
    /// The name of this counter in profiles, equal in every plan that has it: 40 bits of a SHA-256 over event, filter and what
    /// of the events is kept, in base32.
    ///
    /// Among a thousand counters, two have the same name with a chance of one in two millions.
    #[must_use]
    pub fn key(&self) -> String {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut named = vec![self.event.as_str().into(), self.filter.as_ref().map_or(Value::Null, Node::to_value)];
        // A counter that only counts has the name that it had before there were others.
        if !self.property.is_empty() || self.fold != Fold::Last {
            named.extend([self.property.as_str().into(), self.fold.name().into()]);
        }
        // How many numbers are added up is not for others to say.
        if self.fold == Fold::Sum {
            named.push(Value::Number(f64::from(self.keep)));
        }
        let hash = Sha256::digest(canonical::to_string(&Value::Array(named)));
        let bits = hash.iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let digit = |place: u32| DIGITS.get((bits >> place.saturating_mul(5) & 31) as usize).copied();
        (0..8).rev().filter_map(digit).map(char::from).collect()
    }

    /// Asks for what another one of the same key asks for, too.
    pub fn widen(&mut self, other: &Self) {
        let for_ever = self.within == Millis(0) || other.within == Millis(0);
        self.within = if for_ever { Millis(0) } else { self.within.max(other.within) };
        self.keep = self.keep.max(other.keep);
    }
}

impl Default for ConditionScope {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            segments: BTreeMap::new(),
            stages: Vec::new(),
            journeys: BTreeMap::new(),
            purposes: BTreeSet::new(),
            groups: BTreeMap::new(),
            counters: BTreeMap::new(),
            sequences: BTreeMap::new(),
            zones: BTreeMap::new(),
            places: BTreeMap::new(),
            zone: TimeZone::UTC,
            dialect: Dialect::Rules,
            uses: ConditionUses::default(),
        }
    }
}

impl ConditionScope {
    /// The number of a counter, noted as used: that of [`Self::counters`], zero as long as it has none.
    pub fn counter(&mut self, spec: CounterSpec) -> Id<Counter> {
        let key = spec.key();
        let id = self.counters.get(&key).copied().unwrap_or(Id::new(0));
        match self.uses.counters.get_mut(&key) {
            Some(known) => known.widen(&spec),
            None => {
                self.uses.counters.insert(key, spec);
            }
        }
        id
    }

    /// The number of a sequence, noted as used: that of [`Self::sequences`], zero as long as it has none.
    pub fn sequence(&mut self, first: CounterSpec, then: CounterSpec, within: Millis, since: Millis) -> Id<Sequence> {
        let last = first.keep;
        let spec = SequenceSpec { first: first.key(), then: then.key(), within, since, last };
        let key = format!("{} {} {} {} {last}", spec.first, spec.then, within.0, since.0);
        let id = self.sequences.get(&key).copied().unwrap_or(Id::new(0));
        self.counter(first);
        self.counter(then);
        self.uses.sequences.insert(key, spec);
        id
    }

    /// The zone with this name, noted as used. Its number is that of [`Self::zones`], zero as long as it has none.
    pub fn zone(&mut self, name: &str) -> Id<Zone> {
        self.uses.zones.insert(name.to_owned());
        self.zones.get(name).copied().unwrap_or(Id::new(0))
    }

    /// The declared attribute that a path begins with, the longest if there are several, its name, and the rest of the path.
    pub(crate) fn attribute<'p>(&self, path: &'p str) -> Option<(&'p str, Option<&'p str>, &KnownAttribute)> {
        let whole = self.attributes.get(path).map(|known| (path, None, known));
        whole.or_else(|| {
            path.rmatch_indices('.').find_map(|(dot, _)| {
                let (name, rest) = path.split_at_checked(dot)?;
                Some((name, rest.strip_prefix('.'), self.attributes.get(name)?))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_viewed() -> CounterSpec {
        CounterSpec { event: "Page Viewed".to_owned(), ..CounterSpec::default() }
    }

    #[test]
    fn equal_needs_share_a_counter_that_is_enough_for_all() {
        let mut scope = ConditionScope::default();
        let filter = Node::from_value(&Value::Object([("path", Value::from("/pricing"))].into_iter().collect()));
        let spec = |filter: Option<&Node>, keep, within| CounterSpec {
            filter: filter.cloned(),
            keep,
            within: Millis(within),
            ..page_viewed()
        };
        scope.counter(spec(Some(&filter), 3, 48));
        scope.counter(spec(Some(&filter), 2, 96));
        scope.counter(spec(None, 1, 7));
        scope.counter(spec(None, 5, 0));
        scope.counter(spec(None, 1, 9));
        let needs: Vec<_> =
            scope.uses.counters.values().map(|spec| (spec.filter.is_some(), spec.keep, spec.within)).collect();
        assert_eq!(needs.len(), 2);
        assert!(needs.contains(&(true, 3, Millis(96))));
        assert!(needs.contains(&(false, 5, Millis(0))), "for ever is longer than everything");
    }

    #[test]
    fn names_of_counters_stay_as_they_are() {
        let order = CounterSpec { event: "Order Completed".to_owned(), ..CounterSpec::default() };
        assert_eq!(order.key(), "stefwtfy");
        let first = CounterSpec { fold: Fold::First, ..order.clone() };
        let total = CounterSpec { fold: Fold::Sum, property: "total".to_owned(), ..order.clone() };
        let keys: BTreeSet<String> = [&order, &first, &total].map(CounterSpec::key).into_iter().collect();
        assert_eq!(keys.len(), 3, "other values, other counters");
    }
}
