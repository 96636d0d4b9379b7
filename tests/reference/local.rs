//! Local time, by a library with the database of zones.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Model, list};

impl Model<'_> {
    pub fn is_local_time(&self, wanted: &Value) -> bool {
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

    /// Returns whether the subject's local time is in a span of local times.
    pub fn is_local_span(&self, schedule: &Value) -> bool {
        let now = self.clock(&self.zone());
        let edge = |name: &str| schedule[name].as_str().map(|text| text.parse::<DateTime>().unwrap());
        edge("from").is_none_or(|from| now >= from) && edge("until").is_none_or(|until| now < until)
    }

    /// Returns the time of a string with an offset; one without is a time in the zone, or in that of the
    /// rules.
    pub fn moment(&self, text: &str, zone: &Value) -> i64 {
        let zone = zone.as_str().or(self.rules["defaults"]["timezone"].as_str()).unwrap_or("UTC");
        let by_clock = || TimeZone::get(zone).unwrap().to_timestamp(text.parse::<DateTime>().unwrap()).unwrap();
        text.parse::<jiff::Timestamp>().unwrap_or_else(|_| by_clock()).as_millisecond()
    }

    fn clock(&self, zone: &TimeZone) -> DateTime {
        zone.to_datetime(jiff::Timestamp::from_millisecond(self.now).unwrap())
    }

    /// Returns the subject's zone: that of the request, else of the person, else of the rules.
    pub fn zone(&self) -> TimeZone {
        let of_person = self.person.trait_of("timezone").map(|(_, value)| value).unwrap_or_default();
        let named = [&self.request["attributes"]["timezone"], &of_person, &self.rules["defaults"]["timezone"]];
        named.into_iter().find_map(|name| TimeZone::get(name.as_str()?).ok()).unwrap_or(TimeZone::UTC)
    }
}

/// Returns whether a string is in a span, in string order. A span whose end is before its beginning wraps
/// around.
fn is_in(span: &Value, now: &str) -> bool {
    let (from, until) = (span["from"].as_str().unwrap(), span["until"].as_str().unwrap());
    if from < until { from <= now && now < until } else { from <= now || now < until }
}
