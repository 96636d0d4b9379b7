//! Canonical JSON (RFC 8785): equal values have equal bytes on every host.

use core::cmp::Ordering;

use crate::order::places_in_order;
use crate::prelude::*;
use crate::value::{Object, Value};

/// The canonical JSON text of a value: members sorted by the UTF-16 code units of their names, numbers as JavaScript
/// prints them, no white space.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// The JSON text of a value as `JSON.stringify` prints it: members in their own order, but those whose names are array
/// indices first, smallest first, as JavaScript's objects have them.
#[must_use]
pub fn to_json_text(value: &Value) -> String {
    let mut out = String::new();
    write_json_text(value, &mut out);
    out
}

/// A number as JavaScript prints it; what JSON cannot hold (infinities, NaN) is `null`.
pub fn write_number(number: f64, out: &mut String) {
    if number.is_finite() {
        out.push_str(ryu_js::Buffer::new().format_finite(number));
    } else {
        out.push_str("null");
    }
}

/// A text as a JSON string, with the escapes that RFC 8785 asks for and no others.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for digit in [u32::from(control) >> 4, u32::from(control) & 0xf] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_value(value: &Value, out: &mut String) {
    write_in(value, out, &|object, out| {
        write_members(object, out, &|a, b| a.encode_utf16().cmp(b.encode_utf16()), &write_value);
    });
}

fn write_json_text(value: &Value, out: &mut String) {
    write_in(value, out, &|object, out| {
        let index = |name: &str| array_index(name).unwrap_or(u32::MAX);
        write_members(object, out, &|a, b| index(a).cmp(&index(b)), &write_json_text);
    });
}

/// The array index that a name is in JavaScript: the canonical decimal text of a number below 2^32 - 1.
fn array_index(name: &str) -> Option<u32> {
    let canonical = name == "0" || (name.starts_with(|c: char| matches!(c, '1'..='9')) && name.len() <= 10);
    name.parse().ok().filter(|index| canonical && *index < u32::MAX)
}

fn write_in(value: &Value, out: &mut String, write_object: &dyn Fn(&Object, &mut String)) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(*number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_in(item, out, write_object);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(object, out),
    }
}

fn write_members(
    object: &Object,
    out: &mut String,
    compare: &dyn Fn(&str, &str) -> Ordering,
    write: &dyn Fn(&Value, &mut String),
) {
    let members: Vec<(&str, &Value)> = object.iter().collect();
    let name = |place: usize| members.get(place).map_or("", |(name, _)| *name);
    out.push('{');
    let places = places_in_order(members.len(), &|a, b| compare(name(a), name(b)));
    for (index, (name, value)) in places.into_iter().filter_map(|place| members.get(place)).enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}
