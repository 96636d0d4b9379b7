//! Reasons: the places in the rules that need data outside of the collector.

use std::collections::BTreeMap;

use crate::condition::ConditionUses;

/// The number of definitions that are named for each disclosure.
const NAMED: usize = 5;

/// A kind of data that leaves the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DisclosureKind {
    /// The value of an attribute.
    Attribute,
    /// The membership in a segment that only the collector can decide.
    Segment,
    /// The last times of an event.
    Event,
}

impl DisclosureKind {
    /// Returns the name, as people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Segment => "segment",
            Self::Event => "event",
        }
    }
}

/// The places on pages that need data, by that data.
#[derive(Debug, Default)]
pub struct Reasons(BTreeMap<(DisclosureKind, String), (Vec<String>, usize)>);

impl Reasons {
    /// Notes what a condition uses.
    pub fn note(&mut self, uses: &ConditionUses<'_>, path: &str) {
        let attributes = uses.attributes.iter().map(|name| (DisclosureKind::Attribute, name.as_str()));
        let segments = uses.segments.iter().map(|id| (DisclosureKind::Segment, id.as_str()));
        let events = uses.counters.values().map(|counter| (DisclosureKind::Event, counter.event));
        for (kind, name) in attributes.chain(segments).chain(events) {
            self.note_one(kind, name, path);
        }
    }

    /// Notes one thing that a place needs.
    pub fn note_one(&mut self, kind: DisclosureKind, name: &str, path: &str) {
        let (first, count) = self.0.entry((kind, name.to_owned())).or_default();
        *count = count.saturating_add(1);
        if first.len() < NAMED {
            first.push(path.to_owned());
        }
    }

    /// Returns the events that some place needs.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        let events = self.0.keys().filter(|(kind, _)| *kind == DisclosureKind::Event);
        events.map(|(_, name)| name.as_str())
    }

    /// Checks whether some place needs it.
    pub fn has(&self, kind: DisclosureKind, name: &str) -> bool {
        self.0.contains_key(&(kind, name.to_owned()))
    }

    /// Returns some of the places that need it, and the number of all.
    pub fn get(&self, kind: DisclosureKind, name: &str) -> (Vec<String>, usize) {
        self.0.get(&(kind, name.to_owned())).cloned().unwrap_or_default()
    }
}
