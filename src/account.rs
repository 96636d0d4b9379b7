//! What is known of the account that a subject belongs to: a company, a household, a team.
//!
//! A member's profile has a copy of what the account's own profile knows, and merges what comes later. Which account is the
//! subject's is what the last event says that names one.

use crate::condition::View;
use crate::event::Event;
use crate::hash::fnv64a;
use crate::occurrence::{Occurrence, remember};
use crate::plan::Plan;
use crate::plan::tables::{self, Attribute, Counter, Exposure, Journey};
use crate::prelude::*;
use crate::profile::{Instance, Profile, Stamp, Stamped, exposure_keep, keep_furthest, keep_last, keep_latest};
use crate::reduce::ACCOUNT;
use crate::shape::shape;
use crate::sorted::{Map, Set};
use crate::value::{Object, Value};

/// What a member's profile knows of an account. Every part of it is a join, as those of a profile are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// The last event that says that the subject belongs to it.
    pub joined: Stamp,
    /// What is known of it, by name.
    pub traits: Map<Stamped<Value>>,
    /// When its members did what is counted, by the counter's key.
    pub counters: Map<Set<Occurrence>>,
    /// When its members saw things, by keys such as `campaign:intro`.
    pub exposures: Map<Set<Stamp>>,
    /// Its journeys, by id.
    pub journeys: Map<Instance>,
}

shape! {
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
    /// What is known of the account that the subject belongs to, if it belongs to one.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.accounts.values().max_by_key(|account| account.joined)
    }

    /// What is known of the subject's account at the path of an attribute such as `account.plan`.
    pub(crate) fn account_trait<'p>(&self, path: impl Iterator<Item = &'p str>) -> Option<View<'_>> {
        let mut path = path.skip(1);
        let known = self.account()?.traits.get(path.next()?)?;
        Some(View::from(&known.0).walk(path))
    }

    /// Belongs to the account of a group call, of which its traits are known.
    pub(crate) fn join(&mut self, event: &Event, stamp: Stamp) {
        let Some(id) = event.properties.get("groupId").filter(|id| id.as_str().is_some()) else { return };
        let named: Object = [("id", id.clone())].into_iter().collect();
        keep_latest(&mut self.traits, ACCOUNT, &Stamped::new(Value::Object(named), stamp));
        let account = self.accounts.get_or_insert_with(&key(id.as_str().unwrap_or_default()), Account::default);
        account.joined = account.joined.max(stamp);
        for (name, value) in
            event.properties.get("traits").and_then(Value::as_object).into_iter().flat_map(Object::iter)
        {
            keep_latest(&mut account.traits, name, &Stamped::new(value.clone(), stamp));
        }
    }
}

/// What an account is called in profiles and tokens. Its id need not be known there.
fn key(id: &str) -> String {
    format!("{:016x}", fnv64a([id]))
}

impl Plan {
    /// Whether a decision depends on anything of an account but its id.
    pub(crate) fn reads_accounts(&self) -> bool {
        self.rows(self.all::<Attribute>()).any(|(_, row)| row.flags & tables::ACCOUNT != 0)
            || self.rows(self.all::<Exposure>()).any(|(_, row)| row.flags & tables::ACCOUNT != 0)
            || self.rows(self.all::<Counter>()).any(|(_, row)| row.flags & tables::ACCOUNT != 0)
            || self.rows(self.all::<Journey>()).any(|(_, row)| row.flags & tables::ACCOUNT != 0)
    }
}
