//! Policies: holdouts, cool-downs and frequency caps.

use jiff::Timestamp;
use serde_json::Value;

use super::hash::{bucket, bucket_v1};
use super::{DAY, Model, duration, list, members, names};

/// The subject of a policy: a campaign or journey.
#[derive(Clone, Copy)]
pub struct Asked<'v> {
    pub campaign: Option<&'v str>,
    pub class: &'v str,
    pub offer: &'v Value,
}

/// The surface: slot or channel, with its message.
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

    /// Returns whether the subject is outside the member's range; a campaign without a group is not excluded.
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
        self.cooling_until(asked).is_some()
    }

    /// Returns when the first active cool-down ends.
    pub fn cooling_until(&self, asked: Asked<'_>) -> Option<i64> {
        list(&self.rules["policies"]["cooldown"]).find_map(|rule| {
            let concerns = match rule["campaign"].as_str() {
                Some(campaign) => asked.campaign == Some(campaign),
                None => is_limited(&rule["class"], asked.class),
            };
            let length = duration(rule["for"].as_str().unwrap());
            let after = &rule["after"];
            let last = match after.get("event") {
                Some(event) => self.times(event, after).max(),
                None => {
                    let (kind, id) = members(after).next().unwrap();
                    self.seen(&format!("{kind}:{}", id.as_str().unwrap())).max()
                }
            };
            last.map(|last| last + length).filter(|until| concerns && *until > self.now)
        })
    }

    /// Returns whether no cap of the policies is reached: those on slot, message or channel if there is a
    /// surface, else the others.
    pub fn has_room_for(&self, asked: Asked<'_>, place: Option<Place<'_>>) -> bool {
        self.full_cap(asked, place).is_none()
    }

    /// Returns the first of these caps that is reached, and the keys that it counts.
    pub fn full_cap(&self, asked: Asked<'_>, place: Option<Place<'_>>) -> Option<(&Value, Vec<String>)> {
        list(&self.rules["policies"]["caps"]).find_map(|cap| {
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
                return None;
            }
            let scope = ["class", "slot", "offer", "message"].iter().find_map(|kind| Some((kind, cap[kind].as_str()?)));
            let key = scope.map_or("all".to_owned(), |(kind, id)| format!("{kind}:{id}"));
            let keys = match channels.is_empty() {
                true => vec![key],
                false => channels.iter().map(|channel| format!("{key}@{channel}")).collect(),
            };
            (!self.has_room(cap, &keys)).then_some((cap, keys))
        })
    }

    pub fn has_room(&self, cap: &Value, keys: &[String]) -> bool {
        self.will_have_room(cap, keys, self.now)
    }

    /// Returns the first time from which on the cap is not reached if nothing else happens.
    pub fn room_at(&self, cap: &Value, keys: &[String]) -> Option<i64> {
        let window = cap["per"].as_str().filter(|per| !["total", "day", "session"].contains(per)).map_or(0, duration);
        let ends = self.seen_by_unit(cap, keys).into_iter().map(|at| at + window);
        let minutes = (1..=2 * 24 * 60).map(|minute| (self.now / 60_000 + minute) * 60_000);
        ends.chain(minutes).filter(|at| *at > self.now && self.will_have_room(cap, keys, *at)).min()
    }

    fn will_have_room(&self, cap: &Value, keys: &[String], then: i64) -> bool {
        let counts = |at: i64| match cap["per"].as_str().unwrap() {
            "total" => true,
            "day" => self.local(at).div_euclid(DAY) == self.local(then).div_euclid(DAY),
            "session" => self.request["session"].as_i64().is_some_and(|start| at >= start),
            window => at > then - duration(window),
        };
        let seen = self.seen_by_unit(cap, keys).into_iter().filter(|at| counts(*at)).count();
        (seen as u64) < cap["max"].as_u64().unwrap()
    }

    /// Returns the exposures of the person, or of all members of the account if the cap counts these.
    fn seen_by_unit(&self, cap: &Value, keys: &[String]) -> Vec<i64> {
        let mut seen: Vec<i64> = keys.iter().flat_map(|key| self.seen(key)).collect();
        if let (true, Some(account)) = (cap["unit"] == "account.id", self.person.account()) {
            let own = |key: &str| self.person.seen.get(key).cloned().unwrap_or_default();
            let others = |key: &String| account.seen.get(key).map(|all| all - &own(key)).unwrap_or_default();
            seen.extend(keys.iter().flat_map(others).map(|(at, _)| at).filter(|at| *at <= self.now));
        }
        seen
    }

    /// Returns the times up to now at which something was seen or sent.
    pub fn seen(&self, key: &str) -> impl Iterator<Item = i64> {
        self.person.seen.get(key).into_iter().flatten().map(|(at, _)| *at).filter(|at| *at <= self.now)
    }

    /// Returns a time on the subject's local clock.
    pub fn local(&self, at: i64) -> i64 {
        at + i64::from(self.zone().to_offset(Timestamp::from_millisecond(at).unwrap()).seconds()) * 1000
    }
}

/// Returns whether a policy that names classes, or none, limits the class.
fn is_limited(named: &Value, class: &str) -> bool {
    if named.is_null() { class != "transactional" } else { names(named, class) }
}

fn texts(one_or_many: &Value) -> impl Iterator<Item = &str> {
    one_or_many.as_str().into_iter().chain(list(one_or_many).filter_map(Value::as_str))
}
