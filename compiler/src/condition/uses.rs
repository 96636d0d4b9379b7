//! The names that a condition uses: the plan needs them, or they leave the collector because of it.

use std::collections::{BTreeMap, BTreeSet};

use super::counter::{CounterSpec, SequenceSpec};
use super::tree::{Condition, History, SubjectTest};

/// The names that conditions use.
#[derive(Clone, Debug, Default)]
pub struct ConditionUses<'a> {
    /// Names of attributes.
    pub attributes: BTreeSet<String>,
    /// Ids of segments.
    pub segments: BTreeSet<String>,
    /// Ids of journeys.
    pub journeys: BTreeSet<String>,
    /// Counters, by key.
    pub counters: BTreeMap<String, CounterSpec<'a>>,
    /// Sequences, by key.
    pub sequences: BTreeMap<String, SequenceSpec>,
    /// Names of time zones.
    pub zones: BTreeSet<String>,
    /// Whether the subject's local time matters, so that any zone can.
    pub local: bool,
    /// Whether the places matter.
    pub places: bool,
}

impl<'a> ConditionUses<'a> {
    /// Returns the names that a condition uses.
    #[must_use]
    pub fn of(condition: &Condition<'a>) -> Self {
        let mut uses = Self::default();
        uses.add_condition(condition);
        uses
    }

    /// Adds the names that other conditions use.
    pub fn add(&mut self, more: Self) {
        more.counters.iter().for_each(|(key, spec)| self.widen(key.clone(), spec));
        self.attributes.extend(more.attributes);
        self.segments.extend(more.segments);
        self.journeys.extend(more.journeys);
        self.sequences.extend(more.sequences);
        self.zones.extend(more.zones);
        self.local |= more.local;
        self.places |= more.places;
    }

    /// Adds a counter; counters of one key become one that is enough for all.
    pub fn add_counter(&mut self, spec: &CounterSpec<'a>) {
        self.widen(spec.key(), spec);
    }

    fn widen(&mut self, key: String, spec: &CounterSpec<'a>) {
        self.counters.entry(key).or_insert_with(|| spec.clone()).widen(spec);
    }

    fn add_condition(&mut self, condition: &Condition<'a>) {
        match condition {
            Condition::All(parts) | Condition::Nor(parts) => parts.iter().for_each(|part| self.add_condition(part)),
            Condition::Any(parts) => parts.iter().for_each(|part| self.add_condition(&part.condition)),
            Condition::Not(condition) | Condition::SavedGroup { condition, .. } => self.add_condition(condition),
            Condition::Attribute(attribute) => {
                self.attributes.insert(attribute.name.to_owned());
            }
            Condition::Subject { test, .. } => self.add_subject_test(test),
            Condition::Never | Condition::Member { .. } => {}
        }
    }

    fn add_subject_test(&mut self, test: &SubjectTest<'a>) {
        match test {
            SubjectTest::Segment(segments) => {
                self.segments.extend(segments.iter().map(|segment| segment.id.to_owned()));
            }
            SubjectTest::Stage(stages) => {
                let ids = stages.iter().flat_map(|stage| stage.earlier.iter().chain([&stage.id]));
                self.segments.extend(ids.map(|id| (*id).to_owned()));
            }
            SubjectTest::History(tests) => tests.iter().for_each(|test| self.add_history(test)),
            SubjectTest::Schedule { is_local, .. } => self.local |= is_local,
            SubjectTest::Local(local) => {
                self.local |= local.zone.is_none();
                self.zones.extend(local.zone.clone());
            }
            SubjectTest::Distance(distance) => {
                self.places = true;
                self.attributes.extend(distance.from.map(str::to_owned));
            }
            SubjectTest::Consent(_) => {}
            SubjectTest::Journey { id, .. } => {
                self.journeys.insert((*id).to_owned());
            }
        }
    }

    fn add_history(&mut self, test: &History<'a>) {
        match test {
            History::Count { counter, .. }
            | History::Sum { counter, .. }
            | History::Edge { counter, .. }
            | History::Recency { counter, .. } => self.add_counter(counter),
            History::Sequence { first, then, within } => {
                let spec = SequenceSpec::new(first, then, *within);
                self.add_counter(first);
                self.add_counter(then);
                self.sequences.insert(spec.key(), spec);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use throughline::{Millis, Value};

    use super::*;
    use crate::condition::When;
    use crate::source::tree::Node;

    #[test]
    fn equal_needs_share_a_counter_that_is_enough_for_all() {
        let filter = Node::from_value(&Value::Object([("path", Value::from("/pricing"))].into_iter().collect()));
        let filter = When::at(&filter, "where");
        fn spec(filter: Option<When<'_>>, keep: u32, within: i64) -> CounterSpec<'_> {
            CounterSpec { filter, keep, within: Millis(within), ..CounterSpec::of("Page Viewed") }
        }
        let mut uses = ConditionUses::default();
        uses.add_counter(&spec(Some(filter.clone()), 3, 48));
        uses.add_counter(&spec(Some(filter.clone()), 2, 96));
        uses.add_counter(&spec(None, 1, 7));
        uses.add_counter(&spec(None, 5, 0));
        uses.add_counter(&spec(None, 1, 9));
        let needs: Vec<_> =
            uses.counters.values().map(|spec| (spec.filter.is_some(), spec.keep, spec.within)).collect();
        assert_eq!(needs.len(), 2);
        assert!(needs.contains(&(true, 3, Millis(96))));
        assert!(needs.contains(&(false, 5, Millis(0))), "for ever is longer than everything");
    }
}
