//! What happened: different values, sums, first and last events, sequences. Over all events, however many there are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::condition::value_holds;
use super::{Model, duration};

impl Model<'_> {
    pub fn distinct(&self, wanted: &Value) -> bool {
        let values: BTreeSet<String> =
            self.values(wanted).filter(|(at, _)| self.is_within(wanted, *at)).map(|(_, value)| text(&value)).collect();
        value_holds(&json!(values.len()), wanted.get("count").unwrap_or(&json!({ "$gte": 1 })))
    }

    pub fn sum(&self, wanted: &Value) -> bool {
        let numbers: Vec<f64> = self
            .values(wanted)
            .filter(|(at, _)| self.is_within(wanted, *at))
            .filter_map(|(_, value)| value.as_f64())
            .collect();
        let skip = numbers.len().saturating_sub(wanted["last"].as_u64().unwrap_or(32) as usize);
        value_holds(&json!(numbers[skip..].iter().sum::<f64>()), &wanted["total"])
    }

    pub fn edge(&self, first: bool, wanted: &Value) -> bool {
        let found: Vec<(i64, Value)> = match wanted.get("property") {
            Some(_) => {
                self.values(wanted).filter(|(_, value)| value.as_str().is_none_or(|text| text.len() <= 200)).collect()
            }
            None => self.events(&wanted["event"], wanted.get("where")).map(|(at, _)| (at, Value::Null)).collect(),
        };
        let edge = if first { found.first() } else { found.last() };
        let value = edge.map(|(_, value)| value.clone()).unwrap_or_default();
        let has_ages = wanted.as_object().unwrap().keys().any(|key| key.starts_with('$'));
        wanted.get("value").is_none_or(|operand| value_holds(&value, operand))
            && (!has_ages || edge.is_some_and(|(at, _)| self.age_holds(wanted, *at)))
    }

    pub fn sequence(&self, wanted: &Value) -> bool {
        let times = |step: &Value| {
            let times: Vec<i64> = self.events(&step["event"], step.get("where")).map(|(at, _)| at).collect();
            let skip = times.len().saturating_sub(wanted["last"].as_u64().unwrap_or(8) as usize);
            times[skip..].to_vec()
        };
        let within = duration(wanted["within"].as_str().unwrap());
        let since = wanted["since"].as_str().map_or(i64::MIN, |since| self.now - duration(since));
        let then = times(&wanted["then"]);
        times(&wanted["first"]).iter().any(|a| *a > since && then.iter().any(|b| a < b && b - a < within))
    }

    /// The values of a property that are a text, a number or a boolean, each with its time.
    fn values<'a>(&'a self, wanted: &'a Value) -> impl Iterator<Item = (i64, Value)> + 'a {
        let path = wanted["property"].as_str().unwrap();
        let value =
            move |event: &Value| path.split('.').fold(event["properties"].clone(), |value, name| value[name].clone());
        let single = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        let events = self.events(&wanted["event"], wanted.get("where"));
        events.map(move |(at, event)| (at, value(event))).filter(move |(_, value)| single(value))
    }

    fn is_within(&self, wanted: &Value, at: i64) -> bool {
        wanted["within"].as_str().is_none_or(|within| at > self.now - duration(within))
    }
}

/// A text that other values do not have.
fn text(value: &Value) -> String {
    value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string())
}
