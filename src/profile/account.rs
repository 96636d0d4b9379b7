//! The account of a subject: a company, a household, a team.
//!
//! A member's profile has a copy of the account's state, and merges later copies. The last event that names an account
//! determines which one is the subject's.

use crate::collections::{SortedMap, SortedSet};
use crate::event::names::{ACCOUNT, MESSAGE_SEEN, MESSAGE_SENT};
use crate::event::{Event, EventKind};
use crate::identity::identifier_text;
use crate::json::ValueRef;
use crate::json::codec::json_codec;
use crate::json::{Object, Value};
use crate::plan::Plan;
use crate::plan::tables::{
    Attribute, AttributeFlags, Counter, CounterFlags, Exposure, ExposureFlags, Journey, JourneyFlags,
};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, remember};
use crate::profile::stamp::{Stamp, Stamped, keep_last, keep_latest};
use crate::profile::traits::{DeclaredTraits, latest_value, name_of};
use crate::profile::{Instance, Profile, exposure_keep, keep_furthest};
use crate::text::fnv::fnv64a;

/// The property of a group call that names the account.
const GROUP_ID: &str = "groupId";

/// A member's copy of an account's state. Every part is a join, like the parts of a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// The last event that assigned the subject to it.
    pub joined: Stamp,
    /// Traits, by name.
    pub traits: SortedMap<Stamped<Value>>,
    /// Occurrences of counted events of its members, by the counter's key.
    pub counters: SortedMap<SortedSet<Occurrence>>,
    /// Exposures of its members, by keys such as `campaign:intro`.
    pub exposures: SortedMap<SortedSet<Stamp>>,
    /// Journeys of the account, by id.
    pub journeys: SortedMap<Instance>,
}

json_codec! {
    Account {
        joined: Required "joined",
        traits: Optional "traits",
        counters: Optional "counters",
        exposures: Optional "exposures",
        journeys: Optional "journeys",
    }
}

impl Account {
    pub(crate) fn merge(&mut self, plan: &Plan, other: &Self) {
        self.joined = self.joined.max(other.joined);
        for (name, value) in &other.traits {
            keep_latest(&mut self.traits, name, value);
        }
        DeclaredTraits::new(plan, true).limit(&mut self.traits);
        for (key, occurrences) in &other.counters {
            remember(plan, &mut self.counters, key, occurrences.iter().cloned());
        }
        for (key, stamps) in &other.exposures {
            keep_last(&mut self.exposures, key, stamps.iter().copied(), exposure_keep(plan, key));
        }
        for (journey, instance) in &other.journeys {
            keep_furthest(&mut self.journeys, journey, instance);
        }
    }
}

impl Profile {
    /// Returns the subject's account, if it belongs to one.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.accounts.values().max_by_key(|account| account.joined)
    }

    /// Returns the id of the subject's account, if the profile has it. A token need not carry it.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        let id = self.traits.get(ACCOUNT)?.0.at(["id"]).as_str()?;
        let (current, _) = self.accounts.iter().max_by_key(|(_, account)| account.joined)?;
        (current == key(id)).then_some(id)
    }

    /// Merges a copy of the account with this id, if the subject was assigned to it.
    pub fn merge_account(&mut self, plan: &Plan, id: &str, account: &Account) {
        if let Some(own) = self.accounts.get_mut(&key(id)) {
            own.merge(plan, account);
        }
    }

    /// Returns the members' copy of an account, of which this is the profile.
    ///
    /// It contains only the counters and exposures that the plan counts for accounts.
    #[must_use]
    pub fn to_account(&self, plan: &Plan) -> Account {
        let traits = self.account().map(|account| account.traits.clone()).unwrap_or_default();
        let exposures = plan.rows(plan.all::<Exposure>()).filter(|(_, row)| row.flags.contains(ExposureFlags::ACCOUNT));
        let counters = plan.rows(plan.all::<Counter>()).filter(|(_, row)| row.flags.contains(CounterFlags::ACCOUNT));
        Account {
            joined: Stamp::default(),
            traits,
            counters: entries(&self.counters, counters.map(|(_, row)| plan.text(row.key))),
            exposures: entries(&self.exposures, exposures.map(|(_, row)| plan.text(row.key))),
            journeys: self.journeys.clone(),
        }
    }

    /// Returns the traits of the subject by name, with the account's traits in `account`.
    #[must_use]
    pub fn traits_by_name(&self) -> Object {
        let claimed = self.claims.traits.iter().filter(|(name, _)| !self.traits.contains_key(name));
        let mut out: Object =
            self.traits.iter().chain(claimed).map(|(name, stamped)| (name, stamped.0.clone())).collect();
        if let (Some(account), Some(Value::Object(mut named))) = (self.account(), out.get(ACCOUNT).cloned()) {
            for (name, stamped) in account.traits.iter().filter(|(name, _)| *name != "id") {
                named.insert(name, stamped.0.clone());
            }
            out.insert(ACCOUNT, Value::Object(named));
        }
        out
    }

    /// Returns the account's value of an attribute such as `account.plan`.
    pub(crate) fn account_trait(&self, attribute: &str) -> Option<ValueRef<'_>> {
        let traits = &self.account()?.traits;
        latest_value(name_of(attribute, true), |name| traits.get(name).map(|stamped| (stamped.stamp(), &stamped.0)))
    }

    /// Assigns the subject to the account of a group call, and keeps the account's traits.
    pub(crate) fn join(&mut self, plan: &Plan, event: &Event, stamp: Stamp) {
        let Some(id) = event.properties.get(GROUP_ID).and_then(identifier_text) else { return };
        let account = self.accounts.get_or_insert_with(&key(&id), Account::default);
        account.joined = account.joined.max(stamp);
        if let Some(traits) = event.properties.get("traits").and_then(Value::as_object) {
            DeclaredTraits::new(plan, true).set(&mut account.traits, traits, stamp, true);
        }
        let named: Object = [("id", Value::String(id))].into_iter().collect();
        keep_latest(&mut self.traits, ACCOUNT, &Stamped::new(Value::Object(named), stamp));
    }
}

/// Returns the event to forward to the profile of the account with this id, if it concerns the account.
///
/// Group calls for this account and events that the plan counts for accounts do. Traits and consent of the person are
/// removed, because they are not the account's.
#[must_use]
pub fn account_event(plan: &Plan, event: &Event, id: &str) -> Option<Event> {
    let concerns = match event.kind {
        EventKind::Group => event.properties.get(GROUP_ID).and_then(identifier_text).as_deref() == Some(id),
        _ => account_event_names(plan).contains(event.name.as_str()),
    };
    concerns.then(|| Event { traits: Object::new(), consent: SortedMap::new(), ..event.clone() })
}

/// Returns the names of the events that the plan counts for accounts.
#[must_use]
pub fn account_event_names(plan: &Plan) -> SortedSet<&str> {
    let is_seen = plan.rows(plan.all::<Exposure>()).any(|(_, row)| row.flags.contains(ExposureFlags::ACCOUNT));
    let counters = plan.rows(plan.all::<Counter>()).filter(|(_, row)| row.flags.contains(CounterFlags::ACCOUNT));
    let counted = counters.map(|(_, row)| plan.text(row.event));
    counted.chain([MESSAGE_SEEN, MESSAGE_SENT].into_iter().filter(|_| is_seen)).collect()
}

/// Returns the entries with these keys.
fn entries<'k, T: Clone>(map: &SortedMap<T>, keys: impl Iterator<Item = &'k str>) -> SortedMap<T> {
    keys.filter_map(|key| Some((key, map.get(key)?.clone()))).collect()
}

/// Returns the key of an account in profiles and tokens: a hash, so that they need not contain its id.
fn key(id: &str) -> String {
    format!("{:016x}", fnv64a([id]))
}

impl Plan {
    /// Checks whether a decision depends on any account data except its id.
    #[must_use]
    pub fn reads_accounts(&self) -> bool {
        self.rows(self.all::<Attribute>()).any(|(_, row)| row.flags.contains(AttributeFlags::ACCOUNT))
            || self.rows(self.all::<Exposure>()).any(|(_, row)| row.flags.contains(ExposureFlags::ACCOUNT))
            || self.rows(self.all::<Counter>()).any(|(_, row)| row.flags.contains(CounterFlags::ACCOUNT))
            || self.rows(self.all::<Journey>()).any(|(_, row)| row.flags.contains(JourneyFlags::ACCOUNT))
    }
}
