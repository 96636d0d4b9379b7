//! The profile: the state of a subject.
//!
//! Every part is a *join*: traits and consent keep the greatest stamp, offers and assignments the least, counters and
//! exposures are sets of stamps. So events can arrive in any order and any number of times, and the profiles of two
//! hosts merge.

pub(crate) mod account;
pub(crate) mod claims;
pub(crate) mod occurrence;
pub(crate) mod once;
pub(crate) mod stamp;
pub(crate) mod traits;

use crate::collections::{SortedMap, SortedSet};
use crate::event::consent::Consent;
use crate::json::Value;
use crate::json::codec::{json_codec, string_enum};
use crate::plan::{Plan, tables};
use crate::prelude::*;
use crate::profile::account::Account;
use crate::profile::claims::ClaimedFacts;
use crate::profile::occurrence::{Occurrence, remember};
use crate::profile::traits::DeclaredTraits;
use crate::time::Millis;
use stamp::{Stamp, Stamped, keep_consent, keep_first, keep_first_offer, keep_last, keep_latest};

/// A subject's position in a journey.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// The event that began it; a later event may begin it again.
    pub entered: Stamp,
    /// The id of the current step, or of the last one if it has ended.
    pub step: String,
    /// The time at which it reached that step.
    pub since: Millis,
    /// Whether it is active, and if not, how it ended.
    pub status: InstanceStatus,
}

/// The status of a journey instance. Later variants are further on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceStatus {
    /// It is active.
    #[default]
    Active,
    /// Its last step is done.
    Completed,
    /// Its last step is done, but its last message was suppressed.
    Suppressed,
    /// An exit event ended it.
    Exited,
    /// Its goal was reached.
    Converted,
}

/// The state of a subject: `reduce` changes it, conditions read it, and a token carries a projection of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The subject's id: the unit of hashing for experiments and holdouts.
    pub subject: String,
    /// Traits, by name.
    pub traits: SortedMap<Stamped<Value>>,
    /// Consent, by purpose.
    pub consent: SortedMap<Stamped<Consent>>,
    /// Traits and consent that ids without a proof claimed: see [`Profile::effective_trait`] and
    /// [`Profile::effective_consent`].
    pub claims: ClaimedFacts,
    /// Occurrences of counted events, by the counter's key.
    pub counters: SortedMap<SortedSet<Occurrence>>,
    /// Exposures, by keys such as `campaign:intro`.
    pub exposures: SortedMap<SortedSet<Stamp>>,
    /// The first exposure to each offer, by the offer's id.
    pub offers: SortedMap<Stamp>,
    /// The first variation seen, by `experiment__bucketVersion`.
    pub assignments: SortedMap<Stamped<String>>,
    /// Journeys, by id.
    pub journeys: SortedMap<Instance>,
    /// The accounts that the subject was assigned to, by their keys: see [`Profile::account`].
    pub accounts: SortedMap<Account>,
    /// The segments whose membership the collector decided.
    pub segments: SortedSet<String>,
    /// The parts that are incomplete, because the token's budget cut them.
    pub partial: SortedSet<String>,
}

json_codec! {
    Profile {
        subject: Optional "subject",
        traits: Optional "traits",
        consent: Optional "consent",
        claims: Optional "claims",
        counters: Optional "counters",
        exposures: Optional "exposures",
        offers: Optional "offers",
        assignments: Optional "assignments",
        journeys: Optional "journeys",
        accounts: Optional "accounts",
        segments: Optional "segments",
        partial: Optional "partial",
    }
}
json_codec! {
    Instance {
        entered: Required "entered",
        step: Optional "step",
        since: Required "since",
        status: Required "status",
    }
}
string_enum!(InstanceStatus, "one of: active, completed, suppressed, exited, converted");
impl InstanceStatus {
    /// Returns the name of this status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Suppressed => "suppressed",
            Self::Exited => "exited",
            Self::Converted => "converted",
        }
    }

    /// Returns the status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Active, Self::Completed, Self::Suppressed, Self::Exited, Self::Converted];
        all.into_iter().find(|status| status.name() == name)
    }
}

impl Profile {
    /// Creates an empty profile of a subject.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), ..Self::default() }
    }

    /// Merges all facts of another profile; the subject's id stays.
    ///
    /// A device's profile is made to claims before, with [`Profile::into_claims`]: a device is not the person.
    ///
    /// The merge is commutative (except for the subject's id), associative and idempotent, for one `plan`, which
    /// defines how many stamps are enough.
    pub fn merge(&mut self, plan: &Plan, other: &Self) {
        for (name, value) in &other.traits {
            keep_latest(&mut self.traits, name, value);
        }
        DeclaredTraits::new(plan, false).limit(&mut self.traits);
        for (purpose, state) in &other.consent {
            keep_consent(&mut self.consent, purpose, state);
        }
        self.claims.merge(plan, &other.claims);
        for (key, occurrences) in &other.counters {
            remember(plan, &mut self.counters, key, occurrences.iter().cloned());
        }
        for (key, stamps) in &other.exposures {
            keep_last(&mut self.exposures, key, stamps.iter().copied(), exposure_keep(plan, key));
        }
        for (offer, stamp) in &other.offers {
            keep_first_offer(&mut self.offers, offer, *stamp);
        }
        for (key, variation) in &other.assignments {
            keep_first(&mut self.assignments, key, variation);
        }
        for (journey, instance) in &other.journeys {
            keep_furthest(&mut self.journeys, journey, instance);
        }
        for (key, account) in &other.accounts {
            self.accounts.get_or_insert_with(key, Account::default).merge(plan, account);
        }
        self.segments.extend(other.segments.iter().cloned());
        self.partial.extend(other.partial.iter().cloned());
    }
}

/// Returns the number of exposures of a key that are enough; 0 if no cap of the plan counts them.
pub(crate) fn exposure_keep(plan: &Plan, key: &str) -> usize {
    plan.find::<tables::Exposure>(key, |row| row.key).map_or(0, |(_, row)| row.keep as usize)
}

/// Keeps the instance that was entered last, and of the same instance the state that is further on.
pub(crate) fn keep_furthest(journeys: &mut SortedMap<Instance>, journey: &str, new: &Instance) {
    let further = |instance: &Instance| (instance.entered, instance.status, instance.since);
    match journeys.get_mut(journey) {
        Some(old) if further(old) >= further(new) => {}
        Some(old) => *old = new.clone(),
        None => {
            journeys.insert(journey, new.clone());
        }
    }
}
