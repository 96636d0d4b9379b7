//! Events that happened once and were reported several times.

use std::collections::BTreeSet;

use serde_json::Value;

use super::hash::fnv32;
use super::history::Stamp;

/// A matching event, and the value that is counted.
type Report<'a> = (Stamp, &'a Value, Value);

/// Returns the first report of each value of the property `once`, in order; all reports without such a property.
///
/// A first report has a hash of the value in its stamp. Reports without a value stay as they are.
pub fn reports<'a>(found: impl Iterator<Item = Report<'a>>, once: &Value) -> Vec<Report<'a>> {
    let Some(path) = once.as_str() else { return found.collect() };
    let stamped = |(stamp, event, value): Report<'a>| match name(event, path) {
        Some(name) => ((stamp.0, fnv32(&name)), event, value),
        None => (stamp, event, value),
    };
    let mut reports: Vec<Report<'a>> = found.map(stamped).collect();
    reports.sort_by_key(|(stamp, _, value)| (*stamp, value.to_string()));
    let mut met = BTreeSet::new();
    reports.retain(|(_, event, _)| name(event, path).is_none_or(|name| met.insert(name)));
    reports
}

/// Returns the value at a path of an event's properties.
pub fn property(event: &Value, path: &str) -> Value {
    path.split('.').fold(event["properties"].clone(), |value, name| value[name].clone())
}

/// Returns what happened, by its id: a string that is not a placeholder, or a whole number.
fn name(event: &Value, path: &str) -> Option<String> {
    match property(event, path) {
        Value::String(text) if ["", "N/A", "undefined"].contains(&text.as_str()) => None,
        Value::String(text) => Some(text),
        Value::Number(number) => {
            number.as_f64().filter(|number| number.fract() == 0.0).map(|number| number.to_string())
        }
        _ => None,
    }
}
