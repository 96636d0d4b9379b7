//! The accounts of a person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::hash::fnv64;
use super::history::{Events, Person, Stamp};
use super::{list, members};

/// The knowledge of a person about an account.
#[derive(Default)]
pub struct Account {
    pub joined: Stamp,
    /// The last value by name, and when it was set.
    pub traits: BTreeMap<String, (Stamp, Value)>,
    /// The exposures of its members, by keys such as `campaign:intro`.
    pub seen: BTreeMap<String, BTreeSet<Stamp>>,
    /// The events of its members.
    pub events: Events,
    /// Its progress in journeys.
    pub journeys: Map<String, Value>,
}

/// Returns the accounts in the profile of some facts, by their keys.
pub fn known(profile: &Value, stamp: impl Fn(&Value, usize) -> Stamp) -> BTreeMap<String, Account> {
    let account = |row: &Value| Account {
        joined: stamp(&row["joined"], 0),
        traits: members(&row["traits"]).map(|(name, row)| (name.clone(), (stamp(row, 1), row[0].clone()))).collect(),
        seen: members(&row["exposures"])
            .map(|(key, rows)| (key.clone(), list(rows).map(|row| stamp(row, 0)).collect()))
            .collect(),
        ..Account::default()
    };
    members(&profile["accounts"]).map(|(key, row)| (key.clone(), account(row))).collect()
}

/// Returns the id of the account that a group call names.
pub fn id(call: &Value) -> Option<String> {
    let id = &call["groupId"];
    id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|id| id.to_string()))
}

/// Applies a group call.
pub fn join(accounts: &mut BTreeMap<String, Account>, id: &str, traits: &Value, stamp: Stamp) {
    let account = accounts.entry(key(id)).or_default();
    account.joined = account.joined.max(stamp);
    for (name, value) in members(traits) {
        account.know(name, stamp, value);
    }
}

/// Adds the account's own facts, which carry its `id`, if the person ever was a member.
pub fn learn(accounts: &mut BTreeMap<String, Account>, rules: &Value, facts: &Value) {
    let key = key(facts["id"].as_str().unwrap_or(""));
    let Some(account) = accounts.get_mut(&key) else { return };
    let own = Person::new(rules, facts);
    for (name, (stamp, value)) in own.accounts.get(&key).iter().flat_map(|known| &known.traits) {
        account.know(name, *stamp, value);
    }
    for (key, stamps) in own.seen {
        account.seen.entry(key).or_default().extend(stamps);
    }
    (account.events, account.journeys) = (own.events, own.journeys);
}

impl Account {
    fn know(&mut self, name: &str, stamp: Stamp, value: &Value) {
        if self.traits.get(name).is_none_or(|(known, _)| *known < stamp) {
            self.traits.insert(name.to_owned(), (stamp, value.clone()));
        }
    }
}

/// Returns the key of an account in profiles.
fn key(id: &str) -> String {
    format!("{:016x}", fnv64(&[id]))
}
