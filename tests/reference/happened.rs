//! Aggregates of events: distinct values, sums, first and last events, sequences. They cover all events,
//! without a limit.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::condition::such;
use super::value::value_holds;
use super::{Model, duration, once};

impl Model<'_> {
    pub fn distinct(&self, wanted: &Value) -> bool {
        let values: BTreeSet<String> = self
            .values(wanted, is_single)
            .filter(|(at, _)| self.is_within(wanted, *at))
            .map(|(_, value)| text(&value))
            .collect();
        value_holds(&json!(values.len()), wanted.get("count").unwrap_or(&json!({ "$gte": 1 })))
    }

    pub fn sum(&self, wanted: &Value) -> bool {
        let numbers: Vec<f64> = self
            .values(wanted, Value::is_number)
            .filter(|(at, _)| self.is_within(wanted, *at))
            .filter_map(|(_, value)| value.as_f64())
            .collect();
        let skip = numbers.len().saturating_sub(wanted["last"].as_u64().unwrap_or(32) as usize);
        value_holds(&json!(numbers[skip..].iter().sum::<f64>()), &wanted["total"])
    }

    pub fn edge(&self, first: bool, wanted: &Value) -> bool {
        let found: Vec<(i64, Value)> = match wanted.get("property") {
            Some(_) => self.values(wanted, is_short).collect(),
            None => self.times(&wanted["event"], wanted).map(|at| (at, Value::Null)).collect(),
        };
        let edge = if first { found.first() } else { found.last() };
        let value = edge.map(|(_, value)| value.clone()).unwrap_or_default();
        let has_ages = wanted.as_object().unwrap().keys().any(|key| key.starts_with('$'));
        wanted.get("value").is_none_or(|operand| value_holds(&value, operand))
            && (!has_ages || edge.is_some_and(|(at, _)| self.age_holds(wanted, *at)))
    }

    pub fn sequence(&self, wanted: &Value) -> bool {
        let times = |step: &Value| {
            let times: Vec<i64> = self.times(&step["event"], step).collect();
            let skip = times.len().saturating_sub(wanted["last"].as_u64().unwrap_or(8) as usize);
            times[skip..].to_vec()
        };
        let within = duration(wanted["within"].as_str().unwrap());
        let since = wanted["since"].as_str().map_or(i64::MIN, |since| self.now - duration(since));
        let then = times(&wanted["then"]);
        times(&wanted["first"]).iter().any(|a| *a > since && then.iter().any(|b| a < b && b - a < within))
    }

    /// Returns the latest distinct values of a property, newest first, as an attribute has them.
    pub fn values_of_events(&self, wanted: &Value) -> Value {
        let mut newest: Vec<Value> = Vec::new();
        let within = self.all_values(wanted).filter(|(at, _)| self.is_within(wanted, *at)).map(|(_, value)| value);
        for value in within.collect::<Vec<_>>().into_iter().rev() {
            let is_short = value.as_str().is_none_or(|text| text.len() <= 200);
            if is_short && !newest.iter().any(|known| text(known) == text(&value)) {
                newest.push(value);
            }
        }
        newest.truncate(wanted["last"].as_u64().unwrap_or(10) as usize);
        if newest.is_empty() { Value::Null } else { Value::Array(newest) }
    }

    /// Returns the values of a property that count, each with its time.
    fn values<'a>(
        &'a self,
        wanted: &'a Value,
        counts: impl Fn(&Value) -> bool + 'a,
    ) -> impl Iterator<Item = (i64, Value)> + 'a {
        let path = wanted["property"].as_str().unwrap();
        let events = such(&self.person.events, &wanted["event"], wanted);
        let found = events.map(move |(stamp, event)| (stamp, event, once::property(event, path)));
        let reports = once::reports(found.filter(move |(_, _, value)| counts(value)), &wanted["once"]);
        reports.into_iter().map(|(stamp, _, value)| (stamp.0, value)).filter(|(at, _)| *at <= self.now)
    }

    /// Returns the same including items of lists on the path; those of one event are in string order.
    fn all_values<'a>(&'a self, wanted: &'a Value) -> impl Iterator<Item = (i64, Value)> + 'a {
        fn all(value: &Value, path: &[&str]) -> Vec<Value> {
            match (value, path) {
                (Value::Array(items), _) => items.iter().flat_map(|item| all(item, path)).collect(),
                (value, [name, rest @ ..]) => all(&value[*name], rest),
                (value, []) => vec![value.clone()],
            }
        }
        let path: Vec<&str> = wanted["property"].as_str().unwrap().split('.').collect();
        let past = such(&self.person.events, &wanted["event"], wanted).filter(|(stamp, _)| stamp.0 <= self.now);
        past.flat_map(move |(stamp, event)| {
            let mut values = all(&event["properties"], &path);
            values.retain(is_single);
            values.sort_by_key(ToString::to_string);
            values.into_iter().map(move |value| (stamp.0, value)).collect::<Vec<_>>()
        })
    }

    fn is_within(&self, wanted: &Value, at: i64) -> bool {
        wanted["within"].as_str().is_none_or(|within| at > self.now - duration(within))
    }
}

fn is_single(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

fn is_short(value: &Value) -> bool {
    is_single(value) && value.as_str().is_none_or(|text| text.len() <= 200)
}

/// Returns a string that is unique to a value.
fn text(value: &Value) -> String {
    value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string())
}
