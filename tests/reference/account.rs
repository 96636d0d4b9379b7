//! The accounts that a person was said to belong to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::hash::fnv64;
use super::history::Stamp;
use super::{list, members};

/// What a person knows of an account.
#[derive(Default)]
pub struct Account {
    pub joined: Stamp,
    /// By name: the last value and when it was set.
    pub traits: BTreeMap<String, (Stamp, Value)>,
    /// What its members saw when, by keys such as `campaign:intro`.
    pub seen: BTreeMap<String, BTreeSet<Stamp>>,
}

/// The accounts in the profile of some facts, by their keys.
pub fn known(profile: &Value, stamp: impl Fn(&Value, usize) -> Stamp) -> BTreeMap<String, Account> {
    let account = |row: &Value| Account {
        joined: stamp(&row["joined"], 0),
        traits: members(&row["traits"]).map(|(name, row)| (name.clone(), (stamp(row, 1), row[0].clone()))).collect(),
        seen: members(&row["exposures"])
            .map(|(key, rows)| (key.clone(), list(rows).map(|row| stamp(row, 0)).collect()))
            .collect(),
    };
    members(&profile["accounts"]).map(|(key, row)| (key.clone(), account(row))).collect()
}

/// Notes what a group call says.
pub fn join(accounts: &mut BTreeMap<String, Account>, call: &Value, stamp: Stamp) {
    let Some(id) = call["groupId"].as_str() else { return };
    let account = accounts.entry(format!("{:016x}", fnv64(&[id]))).or_default();
    account.joined = account.joined.max(stamp);
    for (name, value) in members(&call["traits"]) {
        if account.traits.get(name).is_none_or(|(known, _)| *known < stamp) {
            account.traits.insert(name.clone(), (stamp, value.clone()));
        }
    }
}
