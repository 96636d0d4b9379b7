//! Local time, by a library that has the database of zones.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Model, list};

impl Model<'_> {
    pub fn local(&self, wanted: &Value) -> bool {
        let now = match wanted["timezone"].as_str().filter(|name| *name != "subject") {
            Some(name) => self.clock(&TimeZone::get(name).unwrap()),
            None => self.clock(&self.zone()),
        };
        let day = now.strftime("%a").to_string().to_lowercase();
        let is_day = |days: &Value| days == &day[..] || list(days).any(|name| *name == day);
        let texts = |format: &str| now.strftime(format).to_string();
        wanted.get("weekday").is_none_or(is_day)
            && wanted.get("time").is_none_or(|span| is_in(span, &texts("%H:%M")))
            && wanted.get("date").is_none_or(|span| {
                is_in(span, &texts(if span["from"].as_str().unwrap().len() == 5 { "%m-%d" } else { "%Y-%m-%d" }))
            })
    }

    /// Whether the subject's local time is in a span of local times.
    pub fn is_local_span(&self, schedule: &Value) -> bool {
        let now = self.clock(&self.zone());
        let edge = |name: &str| schedule[name].as_str().map(|text| text.parse::<DateTime>().unwrap());
        edge("from").is_none_or(|from| now >= from) && edge("until").is_none_or(|until| now < until)
    }

    fn clock(&self, zone: &TimeZone) -> DateTime {
        zone.to_datetime(jiff::Timestamp::from_millisecond(self.now).unwrap())
    }

    /// The subject's zone.
    fn zone(&self) -> TimeZone {
        let of_request = self.request["attributes"]["timezone"].as_str().map(str::to_owned);
        let of_profile = self.person.traits.get("timezone").and_then(|(_, value)| value.as_str().map(str::to_owned));
        let of_rules = self.rules["defaults"]["timezone"].as_str().map(str::to_owned);
        let mut zones =
            [of_request, of_profile, of_rules].into_iter().flatten().filter_map(|name| TimeZone::get(&name).ok());
        zones.next().unwrap_or(TimeZone::UTC)
    }
}

/// Texts of one form: as they are sorted, so they come; a span whose end sorts before its beginning goes over the turn.
fn is_in(span: &Value, now: &str) -> bool {
    let (from, until) = (span["from"].as_str().unwrap(), span["until"].as_str().unwrap());
    if from < until { from <= now && now < until } else { from <= now || now < until }
}
