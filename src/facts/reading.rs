//! Reads a fact as the type that it should have.
//!
//! Facts come from forms, spreadsheets and other systems, which write a truth as `"yes"` and a number as `"12"`. A fact
//! without an obvious meaning in its type is missing.

use alloc::borrow::Cow;
use alloc::rc::Rc;

use crate::condition::version;
use crate::facts::local_clock::LocalClock;
use crate::json::number;
use crate::json::{Value, ValueRef};
use crate::plan::tables::{Attribute, Text, ValueKind};
use crate::plan::{Id, Ids, Plan};
use crate::prelude::*;
use crate::time::Millis;
use crate::time::moment::{self, Written};

/// The least number in a string that is seconds since 1970: shorter numbers are years or days, as in `20261201`.
const LEAST_SECONDS: f64 = 1e8;

/// A fact as it was read.
#[derive(Clone, Debug)]
pub(crate) enum Reading<'a> {
    /// The fact itself, or a part of it.
    Seen(ValueRef<'a>),
    /// A value that was made of the fact.
    Made(Rc<Value>),
}

impl Reading<'_> {
    pub(crate) fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Seen(view) => *view,
            Self::Made(value) => ValueRef::from(&**value),
        }
    }
}

/// Reads a fact as the type that its attribute declares; `null` if it cannot be read.
///
/// A date becomes the number of milliseconds since 1970, and a string of a list becomes its items.
pub(crate) fn read<'a>(plan: &'a Plan, row: &Attribute, found: ValueRef<'a>) -> Reading<'a> {
    let made = |value| Reading::Made(Rc::new(value));
    Reading::Seen(match (row.kind, found) {
        (ValueKind::String | ValueKind::Version, ValueRef::Text(_) | ValueRef::Number(_) | ValueRef::Bool(_)) => {
            let text = found.to_text();
            match text {
                _ if row.kind == ValueKind::Version && !version::is_version(&text) => ValueRef::Null,
                _ if !row.values.is_empty() => one_of(plan, row.values, &text).map_or(ValueRef::Null, ValueRef::Text),
                Cow::Borrowed(text) => ValueRef::Text(text),
                Cow::Owned(text) => return made(Value::String(text)),
            }
        }
        (ValueKind::Number, _) => number(found).map_or(ValueRef::Null, ValueRef::Number),
        (ValueKind::Boolean, _) => boolean(found).map_or(ValueRef::Null, ValueRef::Bool),
        (ValueKind::Date, _) => date(plan, found).map_or(ValueRef::Null, |at| ValueRef::Number(at.0 as f64)),
        (ValueKind::List | ValueKind::Object, ValueRef::List(_)) | (ValueKind::Object, ValueRef::Object(_)) => found,
        (ValueKind::List, ValueRef::Text(text)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            return made(Value::Array(items.map(Value::from).collect()));
        }
        (ValueKind::List, ValueRef::Number(_) | ValueRef::Bool(_)) => {
            return made(Value::Array(vec![found.to_value()]));
        }
        _ => ValueRef::Null,
    })
}

/// Returns the value of an `enum` that a string is; case is ignored unless the very string is a value.
fn one_of<'a>(plan: &'a Plan, values: Ids<Text>, text: &str) -> Option<&'a str> {
    let find = |is_same: fn(&str, &str) -> bool| {
        plan.list(values).map(|value| plan.text(value)).find(|value| is_same(value, text))
    };
    find(|value, text| value == text).or_else(|| find(str::eq_ignore_ascii_case))
}

/// Reads a truth: a boolean, `"true"`, `"yes"`, `"1"` and 1, or `"false"`, `"no"`, `"0"`, 0 and an empty string.
#[must_use]
pub fn boolean(found: ValueRef<'_>) -> Option<bool> {
    let among = |text: &str, words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    match found {
        ValueRef::Bool(value) => Some(value),
        ValueRef::Number(number) if number == 1.0 || number == 0.0 => Some(number == 1.0),
        ValueRef::Text(text) if among(text, &["true", "yes", "1"]) => Some(true),
        ValueRef::Text(text) if among(text, &["false", "no", "0", ""]) => Some(false),
        _ => None,
    }
}

/// Reads a number: a finite one, or a string with a decimal number.
#[must_use]
pub fn number(found: ValueRef<'_>) -> Option<f64> {
    let number = match found {
        ValueRef::Number(number) => number,
        ValueRef::Text(text) => number::parse(text.trim())?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Reads a moment: RFC 3339, a date or a time in the zone of the rules, or seconds or milliseconds since 1970.
fn date(plan: &Plan, found: ValueRef<'_>) -> Option<Millis> {
    let ValueRef::Text(text) = found else { return moment::from_number(number(found)?) };
    match moment::parse(text.trim()) {
        Some(Written::Instant(at)) => Some(at),
        Some(Written::Local(wall)) => Some(LocalClock::of_zone(plan, Id::new(0)).instant(wall)),
        None => moment::from_number(number(found).filter(|number| number.abs() >= LEAST_SECONDS)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn truths_are_written_in_several_ways() {
        for text in ["true", "1", "1.0", r#""true""#, r#""TRUE""#, r#"" yes ""#, r#""1""#] {
            assert_eq!(boolean(ValueRef::from(&json(text))), Some(true), "{text}");
        }
        for text in ["false", "0", "-0.0", r#""false""#, r#""No""#, r#""0""#, r#""""#, r#""  ""#] {
            assert_eq!(boolean(ValueRef::from(&json(text))), Some(false), "{text}");
        }
        for text in ["null", "2", "0.5", r#""on""#, r#""y""#, r#""ja""#, r#""null""#, "[]", "[true]", "{}"] {
            assert_eq!(boolean(ValueRef::from(&json(text))), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_in_strings_too() {
        for (text, expected) in [("7", 7.0), (r#""7""#, 7.0), (r#"" -1.5e2 ""#, -150.0), (r#""+.5""#, 0.5)] {
            assert_eq!(number(ValueRef::from(&json(text))), Some(expected), "{text}");
        }
        for text in ["null", "true", r#""""#, r#""0x1F""#, r#""1,5""#, r#""Infinity""#, r#""1e999""#, "[7]", "{}"] {
            assert_eq!(number(ValueRef::from(&json(text))), None, "{text}");
        }
    }
}
