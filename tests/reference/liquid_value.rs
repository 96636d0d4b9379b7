//! Values of templates: their conversions to strings and numbers, and their order.

use serde_json::{Value, json};

use super::javascript::text as js_text;

/// Returns a member of a value; lists and strings also have Liquid's own members.
pub fn member(value: &Value, name: &str) -> Value {
    match (value, name) {
        (Value::Array(items), "first") => items.first().cloned().unwrap_or_default(),
        (Value::Array(items), "last") => items.last().cloned().unwrap_or_default(),
        (Value::Array(items), "size") => json!(items.len()),
        (Value::String(text), "size") => json!(text.chars().count()),
        (Value::Object(map), "size") if !map.contains_key("size") => json!(map.len()),
        _ => value.get(name).cloned().unwrap_or_default(),
    }
}

/// Returns the number, or that of a string; 0 for everything else.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// Returns whether two values are equal, which have to be of one type.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

/// Compares as filters sort: nil comes last.
pub fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    let kind = |value: &Value| match value {
        Value::Array(_) => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::Object(_) => 3,
        Value::String(_) => 4,
        Value::Null => 5,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => kind(a).cmp(&kind(b)),
    }
}

/// Returns whether there is no content; white space counts as none if it is trimmed.
pub fn is_blank(value: &Value, trims: bool) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => trims && !value,
        Value::Number(_) => false,
        Value::String(text) => if trims { text.trim() } else { text }.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// Returns the output of a value.
pub fn written(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::Array(items) => items.iter().map(written).collect(),
        other => js_text(other),
    }
}

/// Returns JSON with JavaScript's numbers.
pub fn as_json(value: &Value) -> String {
    match value {
        Value::Number(_) => js_text(value),
        Value::Array(items) => format!("[{}]", items.iter().map(as_json).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let member = |(name, value)| format!("{}:{}", json!(name), as_json(value));
            format!("{{{}}}", map.iter().map(member).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}
