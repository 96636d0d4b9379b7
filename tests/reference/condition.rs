//! Conditions on the subject: attributes, segments, saved groups, events, recency, consent, schedules.

use serde_json::{Value, json};

use super::history::{Events, Stamp};
use super::javascript::walk;
use super::value::{logic_holds, members_hold, relation_holds, value_holds};
use super::{Model, duration, list, members, once};

impl Model<'_> {
    pub fn holds(&self, condition: &Value) -> bool {
        members(condition).all(|(key, operand)| match key.as_str() {
            "$and" | "$or" | "$nor" | "$not" => logic_holds(key, operand, |part| self.holds(part)).unwrap(),
            "$savedGroup" => match &self.rules["savedGroups"][operand["id"].as_str().unwrap()] {
                group if group["type"] == "list" => {
                    let attribute = operand.get("attributeKey").unwrap_or(&group["attributeKey"]);
                    let name = attribute.as_str().unwrap();
                    value_holds(&self.attribute(name), &self.typed_operand(name, &json!({ "$in": group["values"] })))
                }
                group => self.holds(&group["condition"]),
            },
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
            path => value_holds(&self.attribute(path), &self.typed_operand(path, &self.spelled_out(operand))),
        })
    }

    /// Returns the operand with the names of saved groups replaced by their values.
    fn spelled_out(&self, operand: &Value) -> Value {
        let Value::Object(operators) = operand else { return operand.clone() };
        let spelled = operators.iter().map(|(operator, operand)| match operator.as_str() {
            "$inGroup" => ("$in".to_owned(), self.group(operand)),
            "$notInGroup" => ("$nin".to_owned(), self.group(operand)),
            _ => (operator.clone(), self.spelled_out(operand)),
        });
        Value::Object(spelled.collect())
    }

    fn group(&self, name: &Value) -> Value {
        let group = &self.rules["savedGroups"][name.as_str().unwrap()];
        group.get("values").unwrap_or(group).clone()
    }

    /// Returns the value of an attribute as its type, or of its member at the rest of the path.
    pub fn attribute(&self, path: &str) -> Value {
        let whole = |name: &str| self.typed(name, &self.whole_attribute(name));
        self.split(path).map_or_else(|| whole(path), |(name, rest)| walk(&whole(name), rest))
    }

    /// Returns a declared attribute and the path to a member of it; `None` for an attribute itself.
    pub fn split<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let is_declared = |name: &str| self.rules["attributes"].get(name).is_some();
        let mut dots = path.rmatch_indices('.').map(|(at, _)| at);
        let at = dots.find(|at| !is_declared(path) && is_declared(&path[..*at]))?;
        Some((&path[..at], &path[at + 1..]))
    }

    /// Returns the value of an attribute as it was sent.
    pub fn whole_attribute(&self, name: &str) -> Value {
        let from_request = || self.request["attributes"].get(name).cloned().unwrap_or_default();
        let or_request = || match from_request() {
            Value::Null => self.request[name].clone(),
            found => found,
        };
        let declared = &self.rules["attributes"][name];
        match name {
            "id" => json!(self.person.subject),
            "channel" | "locale" => or_request(),
            _ if declared["source"].is_object() => self.values_of_events(&declared["source"]),
            _ if declared.is_object() && declared["source"] != "request" => {
                let of_account = || {
                    let name = name.strip_prefix("account.").filter(|name| *name != "id")?;
                    let traits = &self.person.account()?.traits;
                    latest(name, |name| traits.get(name).cloned())
                };
                of_account().or_else(|| latest(name, |name| self.person.trait_of(name))).unwrap_or_default()
            }
            _ => from_request(),
        }
    }

    /// Returns the times up to now of events with this name that a map with `where` and `once` selects.
    pub fn times<'a>(&'a self, name: &'a Value, wanted: &'a Value) -> impl Iterator<Item = i64> + 'a {
        let found = such(&self.person.events, name, wanted).map(|(stamp, event)| (stamp, event, Value::Null));
        once::reports(found, &wanted["once"]).into_iter().map(|(stamp, _, _)| stamp.0).filter(|at| *at <= self.now)
    }

    fn event(&self, wanted: &Value) -> bool {
        let after = wanted["within"].as_str().map_or(i64::MIN, |within| self.now - duration(within));
        let count = self.times(&wanted["name"], wanted).filter(|at| *at > after).count();
        value_holds(&json!(count), wanted.get("count").unwrap_or(&json!({ "$gte": 1 })))
    }

    fn recency(&self, wanted: &Value) -> bool {
        let Some(last) = self.times(&wanted["event"], wanted).max() else { return false };
        self.age_holds(wanted, last)
    }

    /// Returns whether a time is as long ago as the map requires.
    pub fn age_holds(&self, wanted: &Value, at: i64) -> bool {
        members(wanted).filter(|(key, _)| key.starts_with('$')).all(|(key, length)| {
            let order = (self.now - at).cmp(&duration(length.as_str().unwrap()));
            relation_holds(key, Some(order))
        })
    }
}

/// Returns the latest value that is not missing, of a trait or of a member of a trait; the longest name wins a tie.
fn latest(name: &str, find: impl Fn(&str) -> Option<(Stamp, Value)>) -> Option<Value> {
    let parts: Vec<&str> = name.split('.').collect();
    let known = (1..=parts.len()).filter_map(|len| {
        let (stamp, value) = find(&parts[..len].join("."))?;
        Some((stamp, len, parts[len..].iter().fold(value, |value, name| value[*name].clone())))
    });
    known.max_by_key(|(stamp, len, value)| (!value.is_null(), *stamp, *len)).map(|(_, _, value)| value)
}

/// Returns the events at any time with this name and the properties in `where`, in order.
pub fn such<'a>(
    events: &'a Events,
    name: &'a Value,
    wanted: &'a Value,
) -> impl DoubleEndedIterator<Item = (Stamp, &'a Value)> + 'a {
    let fits = move |event: &Value| {
        event["event"] == *name && wanted.get("where").is_none_or(|filter| members_hold(&event["properties"], filter))
    };
    events.iter().filter(move |(_, event)| fits(event)).map(|(stamp, event)| (*stamp, event))
}

pub fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}
