//! JavaScript's semantics of values: equality, order, and conversions.

use std::cmp::Ordering;

use serde_json::Value;

use super::list;

/// Returns `a === b`; a list or an object is identical to nothing.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(_) | Value::Object(_), _) => false,
        _ => a == b,
    }
}

/// Returns whether `JSON.stringify` writes the same for both, except for the order of members.
pub fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        _ => same(a, b),
    }
}

/// Compares as `a < b` does: as strings if both are (or convert to) strings, else as numbers.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    let is_text = |value: &Value| matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_));
    if is_text(a) && is_text(b) {
        return Some(compare_texts(&text(a), &text(b)));
    }
    number(a).partial_cmp(&number(b))
}

pub fn compare_texts(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Returns `Number(value)`, for strings that are decimal or hexadecimal numbers or not numbers.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(number) => number.as_f64().unwrap(),
        Value::Object(_) => f64::NAN,
        Value::String(_) | Value::Array(_) => {
            let text = text(value);
            let text = text.trim();
            let hexadecimal = text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16).map(f64::from));
            let is_decimal = text.bytes().all(|byte| b"0123456789.e+-".contains(&byte));
            match hexadecimal {
                Some(number) => number.unwrap_or(f64::NAN),
                None if text.is_empty() => 0.0,
                None => text.parse().ok().filter(|_| is_decimal).unwrap_or(f64::NAN),
            }
        }
    }
}

/// Returns `String(value)`.
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

/// Returns `typeof value`, except for `null` and lists.
pub const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns the value at a path of members, indices and `length`.
pub fn walk(value: &Value, path: &str) -> Value {
    let step = |value: Value, name: &str| match &value {
        Value::Array(items) if name == "length" => items.len().into(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find(|(at, _)| at.to_string() == name)
            .map_or(Value::Null, |(_, item)| item.clone()),
        Value::Object(map) => map.get(name).cloned().unwrap_or_default(),
        _ => Value::Null,
    };
    path.split('.').fold(value.clone(), step)
}

/// Returns whether a value of a list, or this one value, is among these; strings are folded first.
pub fn is_in(found: &Value, among: &Value, fold: impl Fn(&str) -> String) -> bool {
    let folded = |value: &Value| value.as_str().map_or_else(|| value.clone(), |text| fold(text).into());
    let is_among = |value: &Value| list(among).any(|item| same(&folded(value), &folded(item)));
    if found.is_array() { list(found).any(is_among) } else { is_among(found) }
}
