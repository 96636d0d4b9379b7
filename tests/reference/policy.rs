//! Policies: who is kept out, what is silent, and how often something is said.

use jiff::Timestamp;
use serde_json::Value;

use super::hash::{bucket, bucket_v1};
use super::{DAY, Model, duration, list, members, names};

/// What a policy is asked about.
#[derive(Clone, Copy)]
pub struct Asked<'v> {
    pub campaign: Option<&'v str>,
    pub class: &'v str,
    pub offer: &'v Value,
}

/// Where and how something would be said.
#[derive(Clone, Copy)]
pub struct Place<'v> {
    pub slot: &'v str,
    pub message: &'v str,
    pub channel: &'v str,
}

impl Model<'_> {
    pub fn is_held_out(&self, asked: Asked<'_>) -> bool {
        members(&self.rules["holdouts"]).any(|(id, holdout)| {
            let is_global = holdout.get("classes").is_none() && holdout.get("campaigns").is_none();
            let concerns = names(&holdout["classes"], asked.class)
                || asked.campaign.is_some_and(|campaign| names(&holdout["campaigns"], campaign))
                || (is_global && asked.class != "transactional");
            let share = holdout["percent"].as_f64().unwrap() / 100.0;
            concerns && self.unit(&holdout["unit"]).is_some_and(|unit| bucket(id, &unit) < share)
        })
    }

    /// Whether the subject is in the member's part of its group; who is a member of none is not excluded.
    pub fn is_excluded(&self, exclusion: &Value) -> bool {
        let Some(group) = exclusion["group"].as_str() else { return false };
        let Some(unit) = self.unit(&self.rules["exclusions"][group]["unit"]) else { return true };
        let bucket = bucket_v1(&format!("__{group}"), &unit);
        bucket < exclusion["from"].as_f64().unwrap() || bucket >= exclusion["to"].as_f64().unwrap()
    }

    pub fn is_suppressed(&self, class: &str) -> bool {
        list(&self.rules["policies"]["suppress"]).any(|rule| names(&rule["class"], class) && self.holds(&rule["when"]))
    }

    pub fn is_cooling_down(&self, asked: Asked<'_>) -> bool {
        list(&self.rules["policies"]["cooldown"]).any(|rule| {
            let concerns = match rule["campaign"].as_str() {
                Some(campaign) => asked.campaign == Some(campaign),
                None => is_limited(&rule["class"], asked.class),
            };
            let since = self.now - duration(rule["for"].as_str().unwrap());
            let after = &rule["after"];
            let happened = match after.get("event") {
                Some(event) => self.times(event, after.get("where")).any(|at| at > since),
                None => {
                    let (kind, id) = members(after).next().unwrap();
                    self.seen(&format!("{kind}:{}", id.as_str().unwrap())).any(|at| at > since)
                }
            };
            concerns && happened
        })
    }

    /// Whether all caps of the policies have room: those that ask for slot, message or channel if there is a place, else
    /// the others.
    pub fn has_room_for(&self, asked: Asked<'_>, place: Option<Place<'_>>) -> bool {
        list(&self.rules["policies"]["caps"]).all(|cap| {
            let channels: Vec<&str> = texts(&cap["channel"]).collect();
            let is_placed = !channels.is_empty() || cap.get("slot").is_some() || cap.get("message").is_some();
            let is_here = place.is_none_or(|place| {
                (cap["slot"].is_null() || cap["slot"] == place.slot)
                    && (cap["message"].is_null() || cap["message"] == place.message)
                    && (channels.is_empty() || channels.contains(&place.channel))
            });
            let concerns =
                is_limited(&cap["class"], asked.class) && (cap["offer"].is_null() || cap["offer"] == *asked.offer);
            if is_placed != place.is_some() || !is_here || !concerns {
                return true;
            }
            let scope = ["class", "slot", "offer", "message"].iter().find_map(|kind| Some((kind, cap[kind].as_str()?)));
            let key = scope.map_or("all".to_owned(), |(kind, id)| format!("{kind}:{id}"));
            if channels.is_empty() {
                return self.has_room(cap, &[key]);
            }
            self.has_room(cap, &channels.iter().map(|channel| format!("{key}@{channel}")).collect::<Vec<_>>())
        })
    }

    pub fn has_room(&self, cap: &Value, keys: &[String]) -> bool {
        let counts = |at: i64| match cap["per"].as_str().unwrap() {
            "total" => true,
            "day" => self.local(at).div_euclid(DAY) == self.local(self.now).div_euclid(DAY),
            "session" => self.request["session"].as_i64().is_some_and(|start| at >= start),
            window => at > self.now - duration(window),
        };
        let mut seen: Vec<i64> = keys.iter().flat_map(|key| self.seen(key)).collect();
        if let (true, Some(account)) = (cap["unit"] == "account.id", self.person.account()) {
            let own = |key: &str| self.person.seen.get(key).cloned().unwrap_or_default();
            let others = |key: &String| account.seen.get(key).map(|all| all - &own(key)).unwrap_or_default();
            seen.extend(keys.iter().flat_map(others).map(|(at, _)| at).filter(|at| *at <= self.now));
        }
        let seen = seen.into_iter().filter(|at| counts(*at)).count();
        (seen as u64) < cap["max"].as_u64().unwrap()
    }

    /// When something was seen or sent, up to now.
    pub fn seen(&self, key: &str) -> impl Iterator<Item = i64> {
        self.person.seen.get(key).into_iter().flatten().map(|(at, _)| *at).filter(|at| *at <= self.now)
    }

    /// A time as the clock shows it where the subject is.
    pub fn local(&self, at: i64) -> i64 {
        at + i64::from(self.zone().to_offset(Timestamp::from_millisecond(at).unwrap()).seconds()) * 1000
    }
}

/// Whether a policy that names classes, or none, limits the class.
fn is_limited(named: &Value, class: &str) -> bool {
    if named.is_null() { class != "transactional" } else { names(named, class) }
}

fn texts(one_or_many: &Value) -> impl Iterator<Item = &str> {
    one_or_many.as_str().into_iter().chain(list(one_or_many).filter_map(Value::as_str))
}
