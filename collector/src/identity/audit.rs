//! The audit of identities: source records, people, conflicts and blocked merges, for each source and in total.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name under which the numbers of all sources together are kept. No source has an empty name.
pub const TOTAL: &str = "";

/// The numbers of one profile, by source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProfileReport {
    /// The profile.
    pub profile: String,
    /// Later reports have greater numbers.
    pub revision: i64,
    /// The numbers by source, and those of all sources under [`TOTAL`]. A merged profile has none.
    pub numbers: BTreeMap<String, SourceNumbers>,
}

/// The numbers of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceNumbers {
    /// The `identify` calls of trusted senders.
    pub records: i64,
    /// The people whom they are about.
    pub people: i64,
    /// The identifiers that were refused.
    pub conflicts: i64,
    /// The merges that were blocked.
    pub blocked: i64,
}

/// The numbers of all profiles, by source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals(pub BTreeMap<String, SourceNumbers>);

impl SourceNumbers {
    /// Returns the numbers with the opposite sign.
    pub const fn negated(self) -> Self {
        Self {
            records: self.records.saturating_neg(),
            people: self.people.saturating_neg(),
            conflicts: self.conflicts.saturating_neg(),
            blocked: self.blocked.saturating_neg(),
        }
    }

    const fn plus(self, other: &Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            people: self.people.saturating_add(other.people),
            conflicts: self.conflicts.saturating_add(other.conflicts),
            blocked: self.blocked.saturating_add(other.blocked),
        }
    }
}

impl Totals {
    /// Adds the numbers of a source.
    pub fn add(&mut self, source: &str, numbers: &SourceNumbers) {
        let sum = self.0.entry(source.to_owned()).or_default();
        *sum = sum.plus(numbers);
    }

    /// Adds the numbers of other profiles.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|(source, numbers)| self.add(source, numbers));
    }
}
