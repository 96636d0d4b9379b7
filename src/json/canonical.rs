//! Canonical JSON (RFC 8785): equal values have equal bytes on every host.

use core::cmp::Ordering;

use crate::collections::sorted_indices;
use crate::json::escape::unescaped_prefix_len;
use crate::json::value::whole;
use crate::json::{Object, Value};
use crate::prelude::*;
use crate::time::Millis;

/// Returns the canonical JSON of a value: members sorted by the UTF-16 code units of their names, numbers as
/// JavaScript prints them, no white space.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// Returns the JSON of a value as `JSON.stringify` prints it.
///
/// Members keep their order, except that names which are array indices come first, in ascending order, as in
/// JavaScript's objects.
#[must_use]
pub fn to_json_text(value: &Value) -> String {
    let mut out = String::new();
    write_json_text(value, &mut out);
    out
}

/// Appends a number as JavaScript prints it; infinities and NaN, which JSON does not have, are `null`.
pub fn write_number(number: f64, out: &mut String) {
    if let Some(whole) = whole(number) {
        if whole < 0 {
            out.push('-');
        }
        write_digits(whole.unsigned_abs(), out);
    } else if number.is_finite() {
        out.push_str(ryu_js::Buffer::new().format_finite(number));
    } else {
        out.push_str("null");
    }
}

/// Appends the digits of an integer.
fn write_digits(mut number: u64, out: &mut String) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0'.wrapping_add((number % 10) as u8);
        (start, number) = (at, number / 10);
        if number == 0 {
            break;
        }
    }
    out.push_str(digits.get(start..).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or_default());
}

/// Appends a JSON string, with the escapes that RFC 8785 asks for and no others.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // Bytes that need an escape are ASCII, so the string can be cut at them.
    while let Some((plain, byte, after)) = split_at_escape(rest) {
        out.push_str(plain);
        write_escape(byte, out);
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// Splits at the first byte that needs an escape: the string before it, the byte, and the string after it.
fn split_at_escape(text: &str) -> Option<(&str, u8, &str)> {
    let (plain, rest) = text.split_at_checked(unescaped_prefix_len(text.as_bytes()))?;
    Some((plain, *rest.as_bytes().first()?, rest.get(1..)?))
}

fn write_escape(byte: u8, out: &mut String) {
    let short = match byte {
        b'"' => '"',
        b'\\' => '\\',
        0x8 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0xc => 'f',
        b'\r' => 'r',
        control => {
            out.push_str("\\u00");
            for digit in [u32::from(control) >> 4, u32::from(control) & 0xf] {
                out.push(char::from_digit(digit, 16).unwrap_or('0'));
            }
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

/// Appends an array whose items are written by `write`.
pub(crate) fn write_list<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(&item, out);
    }
    out.push(']');
}

/// A JSON object that is written member by member.
// INVARIANT: callers add the members in canonical order; nothing here sorts them.
pub(crate) struct Members<'o> {
    out: &'o mut String,
    is_first: bool,
}

impl<'o> Members<'o> {
    pub(crate) const fn begin(out: &'o mut String) -> Self {
        Self { out, is_first: true }
    }

    /// Begins the next member, and returns the output for its value. The name must not need escapes.
    pub(crate) fn member(&mut self, name: &'static str) -> &mut String {
        self.separate("{\"", ",\"");
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// Begins the next member like [`Self::member`], with any name.
    pub(crate) fn named(&mut self, name: &str) -> &mut String {
        self.separate("{", ",");
        write_string(name, self.out);
        self.out.push(':');
        self.out
    }

    fn separate(&mut self, first: &str, other: &str) {
        self.out.push_str(if self.is_first { first } else { other });
        self.is_first = false;
    }

    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        write_string(text, self.member(name));
    }

    pub(crate) fn flag(&mut self, name: &'static str, flag: bool) {
        self.member(name).push_str(if flag { "true" } else { "false" });
    }

    pub(crate) fn time(&mut self, name: &'static str, time: Millis) {
        write_value(&Value::from(time), self.member(name));
    }

    pub(crate) fn end(self) {
        self.out.push_str(if self.is_first { "{}" } else { "}" });
    }
}

/// Appends the canonical JSON of a value.
pub(crate) fn write_value(value: &Value, out: &mut String) {
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

/// Returns the array index that a name is in JavaScript: the canonical decimal form of an integer below 2^32 - 1.
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
    let name = |index: usize| members.get(index).map_or("", |(name, _)| *name);
    out.push('{');
    let indices = sorted_indices(members.len(), &|a, b| compare(name(a), name(b)));
    for (index, (name, value)) in indices.into_iter().filter_map(|index| members.get(index)).enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        write(value, out);
    }
    out.push('}');
}
