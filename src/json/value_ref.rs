//! A borrowed JSON value with JavaScript's conversions, as conditions read it.

use alloc::borrow::Cow;
use core::cmp::Ordering;

use crate::json::canonical;
use crate::json::number;
use crate::json::{Object, Value};
use crate::prelude::*;

/// A borrowed [`Value`], or a fact that is stored in another type.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// `null`, and every absent value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(&'a str),
    /// A list.
    List(&'a [Value]),
    /// An object.
    Object(&'a Object),
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items),
            Value::Object(object) => Self::Object(object),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// Checks whether this is `null` or absent.
    #[must_use]
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns an owned copy.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::from(text),
            Self::List(items) => Value::Array(items.to_vec()),
            Self::Object(object) => Value::Object(object.clone()),
        }
    }

    /// Returns the value at a path of members, indices and `length`; `null` if there is none.
    pub(crate) fn walk<'p>(self, path: impl IntoIterator<Item = &'p str>) -> Self {
        path.into_iter().fold(self, Self::member)
    }

    fn member(self, name: &str) -> Self {
        match self {
            Self::Object(object) => object.get(name).map_or(Self::Null, Self::from),
            Self::List(items) if name == "length" => Self::Number(items.len() as f64),
            Self::List(items) => index(name).and_then(|at| items.get(at)).map_or(Self::Null, Self::from),
            _ => Self::Null,
        }
    }

    /// Returns what `typeof` returns, except that `null` and arrays have names of their own.
    #[must_use]
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// Converts like `!!value`.
    #[must_use]
    pub fn is_truthy(self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => value,
            Self::Number(number) => number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::List(_) | Self::Object(_) => true,
        }
    }

    /// Converts like `String(value)`.
    #[must_use]
    pub fn to_text(self) -> Cow<'a, str> {
        match self {
            Self::Null => Cow::Borrowed("null"),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(number_text(number)),
            Self::Text(text) => Cow::Borrowed(text),
            Self::List(items) => Cow::Owned(joined(items)),
            Self::Object(_) => Cow::Borrowed("[object Object]"),
        }
    }

    /// Converts like `Number(value)`.
    #[must_use]
    pub fn to_number(self) -> f64 {
        match self {
            Self::Null | Self::Bool(false) => 0.0,
            Self::Bool(true) => 1.0,
            Self::Number(number) => number,
            Self::Text(text) => parse_number(text),
            Self::List(_) => parse_number(&self.to_text()),
            Self::Object(_) => f64::NAN,
        }
    }

    /// Converts like `JSON.stringify(value)`.
    pub(crate) fn to_json(self) -> String {
        canonical::to_json_text(&self.to_value())
    }

    /// Compares like `a === b`, provided that at least one of the values is neither a list nor an object.
    pub(crate) fn is_identical(self, other: Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }

    /// Compares like `a < b` and `a > b`; `None` if one of the values converts to NaN.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self.primitive_text(), other.primitive_text()) {
            (Some(a), Some(b)) => Some(compare_texts(&a, &b)),
            _ => self.to_number().partial_cmp(&other.to_number()),
        }
    }

    /// Returns the string that relational operators convert this value to, unless they convert it to a number.
    fn primitive_text(self) -> Option<Cow<'a, str>> {
        matches!(self, Self::Text(_) | Self::List(_) | Self::Object(_)).then(|| self.to_text())
    }

    /// Orders by type, then by value; all lists are equal, and so are all objects.
    #[must_use]
    pub fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(&b),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.type_name().cmp(b.type_name()),
        }
    }
}

/// Orders strings as JavaScript does: by UTF-16 code units.
pub(crate) fn compare_texts(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Parses a canonical array index; `01` and `-1` are names, not indices.
fn index(name: &str) -> Option<usize> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (name == "0" || !name.starts_with('0'));
    name.parse().ok().filter(|_| canonical)
}

fn number_text(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

/// Converts like `list.join()`.
fn joined(items: &[Value]) -> String {
    let texts: Vec<_> = items
        .iter()
        .map(|item| match item {
            Value::Null => Cow::Borrowed(""),
            other => ValueRef::from(other).to_text(),
        })
        .collect();
    texts.join(",")
}

/// Parses a string like JavaScript's `Number`: surrounding white space, `0x`, `0o`, `0b` and `Infinity` included.
fn parse_number(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return parse_radix(digits, radix);
        }
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => number::parse(text).unwrap_or(f64::NAN),
    }
}

fn parse_radix(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() {
        return f64::NAN;
    }
    digits.chars().fold(0.0, |number, digit| {
        digit.to_digit(radix).map_or(f64::NAN, |digit| number * f64::from(radix) + f64::from(digit))
    })
}

/// Checks for JavaScript's white space, which differs slightly from Unicode's.
fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the very number is wanted")]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_read_as_javascript_does() {
        let cases = [
            ("null", 0.0),
            ("true", 1.0),
            (r#"" 12 ""#, 12.0),
            (r#""""#, 0.0),
            (r#""1.""#, 1.0),
            (r#"".5e1""#, 5.0),
            (r#""0x1F""#, 31.0),
            (r#""-Infinity""#, f64::NEG_INFINITY),
            (r#""\ufeff7\u2029""#, 7.0),
            ("[]", 0.0),
            (r#"["4"]"#, 4.0),
            ("[[5]]", 5.0),
        ];
        for (text, expected) in cases {
            assert_eq!(ValueRef::from(&json(text)).to_number(), expected, "{text}");
        }
        for text in
            [r#""nan""#, r#""inf""#, r#""0x""#, r#""1 2""#, r#""-0x1""#, r#""\u00857""#, "[1,2]", "{}", r#"".""#]
        {
            assert!(ValueRef::from(&json(text)).to_number().is_nan(), "{text}");
        }
    }

    #[test]
    fn texts_are_written_as_javascript_does() {
        let cases = [
            ("null", "null"),
            ("1.0", "1"),
            ("-0.0", "0"),
            ("1e21", "1e+21"),
            ("[1,null,[2,3]]", "1,,2,3"),
            (r#"{"a":1}"#, "[object Object]"),
        ];
        for (text, expected) in cases {
            assert_eq!(ValueRef::from(&json(text)).to_text(), expected, "{text}");
        }
    }

    #[test]
    fn paths_reach_into_lists() {
        let value = json(r#"{"items":[{"sku":"a"},{"sku":"b"}]}"#);
        let at = |path: &str| ValueRef::from(&value).walk(path.split('.')).to_text().into_owned();
        assert_eq!(at("items.1.sku"), "b");
        assert_eq!(at("items.length"), "2");
        assert_eq!(at("items.01.sku"), "null");
        assert_eq!(at("items.2.sku"), "null");
    }
}
