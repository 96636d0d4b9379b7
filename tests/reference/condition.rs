//! Conditions, for what the generator writes: comparisons, sets, logic, existence, segments, events, recency, consent, schedules.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::history::{Events, Stamp};
use super::{Model, duration, list, members};

impl Model<'_> {
    pub fn holds(&self, condition: &Value) -> bool {
        members(condition).all(|(key, operand)| match key.as_str() {
            "$and" => list(operand).all(|part| self.holds(part)),
            "$or" => operand == &json!([]) || list(operand).any(|part| self.holds(part)),
            "$nor" => operand != &json!([]) && !list(operand).any(|part| self.holds(part)),
            "$not" => !self.holds(operand),
            "$segment" => {
                one_or_many(operand).any(|id| self.holds(&self.rules["segments"][id.as_str().unwrap()]["when"]))
            }
            "$stage" => {
                let of = |id: &Value| self.holds(&self.rules["segments"][id.as_str().unwrap()]["when"]);
                let mut named = one_or_many(operand);
                named.any(|id| of(id) && !list(&self.rules["stages"]).take_while(|stage| *stage != id).any(of))
            }
            "$event" => one_or_many(operand).all(|part| self.event(part)),
            "$recency" => one_or_many(operand).all(|part| self.recency(part)),
            "$distinct" => one_or_many(operand).all(|part| self.distinct(part)),
            "$sum" => one_or_many(operand).all(|part| self.sum(part)),
            "$first" | "$last" => one_or_many(operand).all(|part| self.edge(key == "$first", part)),
            "$sequence" => one_or_many(operand).all(|part| self.sequence(part)),
            "$schedule" if operand["timezone"] == "subject" => self.is_local_span(operand),
            "$schedule" => self.is_on(operand),
            "$local" => self.is_local_time(operand),
            "$distance" => self.is_so_far(operand),
            "$journey" => {
                let place = self.person.journeys.get(operand["id"].as_str().unwrap());
                let step = |place: &Value| operand.get("step").is_none_or(|step| place["step"] == *step);
                let state = |place: &Value| operand.get("state").is_none_or(|state| place["status"] == *state);
                place.is_some_and(|place| state(place) && step(place))
            }
            "$consent" => match operand {
                Value::String(purpose) => self.consent(purpose) == "granted",
                _ => members(operand).all(|(purpose, state)| *state == self.consent(purpose)),
            },
            path => value_holds(&self.attribute(path), operand),
        })
    }

    pub fn attribute(&self, path: &str) -> Value {
        let from_request = |name: &str| self.request["attributes"].get(name).cloned().unwrap_or_default();
        let or_request = |name: &str| match from_request(name) {
            Value::Null => self.request[name].clone(),
            found => found,
        };
        match path {
            "id" => json!(self.person.subject),
            "channel" | "locale" => or_request(path),
            _ if self.rules["attributes"][path]["source"].is_object() => {
                self.values_of_events(&self.rules["attributes"][path]["source"])
            }
            _ if self.rules["attributes"].get(path).is_some_and(|row| row["source"] != "request") => {
                let (first, rest) = path.split_once('.').unwrap_or((path, ""));
                let of_account =
                    || self.person.account()?.traits.get(path.strip_prefix("account.").filter(|name| *name != "id")?);
                if let Some((_, value)) = of_account() {
                    return value.clone();
                }
                let value = self.person.traits.get(first).map(|(_, value)| value.clone()).unwrap_or_default();
                rest.split('.')
                    .filter(|part| !part.is_empty())
                    .fold(value, |value, part| value.get(part).cloned().unwrap_or_default())
            }
            _ => from_request(path),
        }
    }

    /// When an event of this name with these properties happened, up to now.
    pub fn times<'a>(&'a self, name: &'a Value, filter: Option<&'a Value>) -> impl Iterator<Item = i64> + 'a {
        self.events(name, filter).map(|(at, _)| at)
    }

    /// The events of this name with these properties, up to now, in their order.
    pub fn events<'a>(
        &'a self,
        name: &'a Value,
        filter: Option<&'a Value>,
    ) -> impl DoubleEndedIterator<Item = (i64, &'a Value)> + 'a {
        such(&self.person.events, name, filter).map(|(stamp, event)| (stamp.0, event)).filter(|(at, _)| *at <= self.now)
    }

    fn event(&self, wanted: &Value) -> bool {
        let after = wanted["within"].as_str().map_or(i64::MIN, |within| self.now - duration(within));
        let count = self.times(&wanted["name"], wanted.get("where")).filter(|at| *at > after).count();
        value_holds(&json!(count), wanted.get("count").unwrap_or(&json!({ "$gte": 1 })))
    }

    fn recency(&self, wanted: &Value) -> bool {
        let Some(last) = self.times(&wanted["event"], wanted.get("where")).max() else { return false };
        self.age_holds(wanted, last)
    }

    /// Whether something is as long ago as the map wants it.
    pub fn age_holds(&self, wanted: &Value, at: i64) -> bool {
        members(wanted).filter(|(key, _)| key.starts_with('$')).all(|(key, length)| {
            let order = (self.now - at).cmp(&duration(length.as_str().unwrap()));
            relation_holds(key, Some(order))
        })
    }
}

/// The events of this name with these properties, whenever they happen, in their order.
pub fn such<'a>(
    events: &'a Events,
    name: &'a Value,
    filter: Option<&'a Value>,
) -> impl DoubleEndedIterator<Item = (Stamp, &'a Value)> + 'a {
    let fits = move |event: &Value| {
        event["event"] == *name
            && filter.is_none_or(|filter| {
                members(filter).all(|(path, operand)| value_holds(&event["properties"][path], operand))
            })
    };
    events.iter().filter(move |(_, event)| fits(event)).map(|(stamp, event)| (*stamp, event))
}

/// Whether a fact satisfies an operand: a bare value, or operators that all have to hold.
pub fn value_holds(found: &Value, operand: &Value) -> bool {
    match operand {
        Value::Object(operators) => operators.iter().all(|(operator, operand)| match operator.as_str() {
            "$eq" => same(found, operand),
            "$ne" => !same(found, operand),
            "$lt" | "$lte" | "$gt" | "$gte" => relation_holds(operator, compare(found, operand)),
            "$in" => is_in(found, operand),
            "$nin" => !is_in(found, operand),
            "$exists" => found.is_null() != (operand == true),
            "$not" => !value_holds(found, operand),
            other => panic!("the model does not know `{other}`"),
        }),
        Value::Null => found.is_null(),
        Value::Bool(wanted) => !found.is_null() && is_truthy(found) == *wanted,
        Value::Number(wanted) => number(found) == wanted.as_f64().unwrap(),
        Value::String(wanted) => text(found) == *wanted,
        Value::Array(_) => panic!("the model does not compare lists"),
    }
}

fn is_in(found: &Value, among: &Value) -> bool {
    let is_among = |value: &Value| list(among).any(|item| same(value, item));
    if found.is_array() { list(found).any(is_among) } else { is_among(found) }
}

fn relation_holds(operator: &str, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| match operator {
        "$lt" => order.is_lt(),
        "$lte" => order.is_le(),
        "$gt" => order.is_gt(),
        "$gte" => order.is_ge(),
        other => panic!("`{other}` is no relation"),
    })
}

/// JavaScript's `===` for what JSON has.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(_) | Value::Object(_), _) => false,
        _ => a == b,
    }
}

/// JavaScript's `<`: as texts if both are (or turn into) texts, else as numbers.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    let is_text = |value: &Value| matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_));
    if is_text(a) && is_text(b) {
        return Some(text(a).encode_utf16().cmp(text(b).encode_utf16()));
    }
    number(a).partial_cmp(&number(b))
}

/// JavaScript's `Number(value)`, for texts that are plain decimal numbers or none.
fn number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(number) => number.as_f64().unwrap(),
        Value::Object(_) => f64::NAN,
        Value::String(_) | Value::Array(_) => {
            let text = text(value);
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
            if text.trim().is_empty() { 0.0 } else { text.parse().ok().filter(|_| is_plain).unwrap_or(f64::NAN) }
        }
    }
}

/// JavaScript's `String(value)`.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| if item.is_null() { String::new() } else { text(item) };
            items.iter().map(item).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Number(number) => ryu_js::Buffer::new().format(number.as_f64().unwrap()).to_owned(),
        other => other.to_string(),
    }
}

/// JavaScript's `!!value`.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}
