//! The history of a person: the profile in the facts, and every event after it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::account::{self, Account};
use super::hash::fnv32;
use super::words::{self, Word};
use super::{address, list, members};

/// The time of an event, then a hash of its id.
pub type Stamp = (i64, u32);
/// Every event once, in order.
pub type Events = BTreeMap<Stamp, Value>;

pub struct Person {
    pub subject: String,
    /// The last value by name, and when it was set.
    pub traits: BTreeMap<String, (Stamp, Value)>,
    /// The last claimed value by name, and when it was set.
    pub claimed_traits: BTreeMap<String, (Stamp, Value)>,
    /// Everything that was said about consent.
    pub words: Vec<Word>,
    /// The exposures, by keys such as `campaign:intro`.
    pub seen: BTreeMap<String, BTreeSet<Stamp>>,
    /// The first exposure of each offer.
    pub offers: BTreeMap<String, Stamp>,
    /// The first variation, by `experiment__version`.
    pub assignments: BTreeMap<String, (Stamp, String)>,
    /// The accounts, by key.
    pub accounts: BTreeMap<String, Account>,
    pub segments: BTreeSet<String>,
    /// The person's progress in journeys.
    pub journeys: Map<String, Value>,
    pub events: Events,
}

impl Person {
    pub fn new(rules: &Value, facts: &Value) -> Self {
        let profile = &facts["profile"];
        let stamp = |value: &Value, from: usize| {
            (value[from].as_i64().unwrap(), u32::try_from(value[from + 1].as_u64().unwrap()).unwrap())
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut person = Self {
            subject: profile["subject"].as_str().unwrap_or("").to_owned(),
            traits: traits(&profile["traits"], stamp),
            claimed_traits: traits(&profile["claims"]["traits"], stamp),
            words: words::known(profile, stamp),
            seen: members(&profile["exposures"])
                .map(|(key, rows)| (key.clone(), list(rows).map(|row| stamp(row, 0)).collect()))
                .collect(),
            offers: members(&profile["offers"]).map(|(id, row)| (id.clone(), stamp(row, 0))).collect(),
            assignments: members(&profile["assignments"])
                .map(|(key, row)| (key.clone(), (stamp(row, 1), text(&row[0]))))
                .collect(),
            accounts: account::known(profile, stamp),
            segments: list(&profile["segments"]).map(text).collect(),
            journeys: profile["journeys"].as_object().cloned().unwrap_or_default(),
            events: BTreeMap::new(),
        };
        for event in list(&facts["events"]) {
            person.meet(rules, event);
        }
        account::learn(&mut person.accounts, rules, &facts["account"]);
        person
    }

    /// Returns the account that the person joined last.
    pub fn account(&self) -> Option<&Account> {
        self.accounts.values().max_by_key(|account| account.joined)
    }

    /// Returns the value of a trait and its time: the person's, or else a claimed one, which is older than any other.
    pub fn trait_of(&self, name: &str) -> Option<(Stamp, Value)> {
        let claimed = || self.claimed_traits.get(name).map(|(_, value)| ((0, 0), value.clone()));
        self.traits.get(name).cloned().or_else(claimed)
    }

    fn meet(&mut self, rules: &Value, event: &Value) {
        let stamp = (event["at"].as_i64().unwrap(), fnv32(event["id"].as_str().unwrap()));
        let trusted = event["trusted"] == true;
        let claimed_by = event["claimedBy"].as_str();
        let traits = if claimed_by.is_some() { &mut self.claimed_traits } else { &mut self.traits };
        for (name, value) in members(&event["traits"]).filter(|_| event["type"] != "group") {
            let is_later = traits.get(name).is_none_or(|(known, _)| *known < stamp);
            if is_later && (trusted || is_open(rules, name)) {
                traits.insert(name.clone(), (stamp, value.clone()));
            }
        }
        let properties = &event["properties"];
        let group = account::id(properties).filter(|_| event["type"] == "group");
        if let Some(id) = group.filter(|_| claimed_by.is_none() && (trusted || is_open(rules, "account"))) {
            account::join(&mut self.accounts, &id, &properties["traits"], stamp);
            if traits.get("account").is_none_or(|(known, _)| *known < stamp) {
                traits.insert("account".to_owned(), (stamp, json!({ "id": id })));
            }
        }
        self.words.extend(members(&event["consent"]).map(|(purpose, state)| Word {
            stamp,
            claimed_by: claimed_by.map(str::to_owned),
            purpose: purpose.clone(),
            state: state.as_str().unwrap().to_owned(),
        }));
        let is_sent = event["event"] == "Message Sent" && trusted;
        if is_sent || event["event"] == "Message Seen" {
            let mut keys = Vec::new();
            if is_sent || properties["send_id"].is_null() {
                let kinds = ["campaign", "message", "offer", "class", "slot"].into_iter();
                let named = kinds.filter_map(|kind| Some(format!("{kind}:{}", properties[kind].as_str()?)));
                let alone: Vec<String> = named.chain(["all".to_owned()]).collect();
                let channel = properties["channel"].as_str();
                keys.extend(
                    channel.into_iter().flat_map(|channel| alone.iter().map(move |key| format!("{key}@{channel}"))),
                );
                keys.extend(alone.iter().cloned());
            }
            if let (false, Some(message)) = (is_sent, properties["message"].as_str()) {
                keys.push(format!("seen:{message}"));
            }
            for key in keys {
                self.seen.entry(key).or_default().insert(stamp);
            }
            if let Some(offer) = properties["offer"].as_str() {
                let first = self.offers.entry(offer.to_owned()).or_insert(stamp);
                *first = stamp.min(*first);
            }
        }
        if let ("Experiment Viewed", true, Some(key), Some(variation)) = (
            event["event"].as_str().unwrap_or(""),
            trusted,
            properties["experiment_id"].as_str(),
            properties["variation_id"].as_str(),
        ) {
            let experiment = &rules["experiments"][key];
            let version = experiment["bucketVersion"].as_u64().unwrap_or(0);
            let known = self.assignments.get(&format!("{key}__{version}"));
            let is_variation = list(&experiment["variations"]).any(|row| row["id"] == variation);
            if experiment["sticky"] != false && is_variation && known.is_none_or(|(first, _)| stamp < *first) {
                self.assignments.insert(format!("{key}__{version}"), (stamp, variation.to_owned()));
            }
        }
        let mut event = event.clone();
        address::normalise(&mut event["properties"], &["path", "url", "search"]);
        self.events.insert(stamp, event);
    }
}

fn traits(rows: &Value, stamp: impl Fn(&Value, usize) -> Stamp) -> BTreeMap<String, (Stamp, Value)> {
    members(rows).map(|(name, row)| (name.clone(), (stamp(row, 1), row[0].clone()))).collect()
}

/// Returns whether anybody may set the trait: every declared attribute below it has `client: true`.
fn is_open(rules: &Value, name: &str) -> bool {
    let mut below = members(&rules["attributes"]).filter(|(path, row)| {
        let is_read = *path == name || path.starts_with(&format!("{name}."));
        is_read && (row["source"].is_null() || row["source"] == "profile")
    });
    below.all(|(_, row)| row["client"] == true)
}
