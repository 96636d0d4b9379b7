//! Values of a template, with Liquid's truthiness, equality and conversions.

use alloc::borrow::Cow;
use core::cmp::Ordering;

use crate::json::Value;
use crate::json::ValueRef;
use crate::json::canonical::write_number;
use crate::json::number;
use crate::prelude::*;

/// A value that is borrowed from the facts or the plan, or one that was computed.
pub(super) enum Operand<'a> {
    Seen(ValueRef<'a>),
    Made(Value),
}

impl<'a> Operand<'a> {
    pub(super) const NOTHING: Self = Self::Seen(ValueRef::Null);

    pub(super) const fn number(number: f64) -> Self {
        Self::Seen(ValueRef::Number(number))
    }

    pub(super) const fn bool(holds: bool) -> Self {
        Self::Seen(ValueRef::Bool(holds))
    }

    pub(super) fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Seen(view) => *view,
            Self::Made(value) => ValueRef::from(value),
        }
    }

    /// Selects a part of the value.
    pub(super) fn part(self, of: impl Fn(ValueRef<'_>) -> ValueRef<'_>) -> Self {
        match self {
            Self::Seen(view) => Self::Seen(of(view)),
            Self::Made(value) => Self::Made(of(ValueRef::from(&value)).to_value()),
        }
    }

    /// Checks for truthiness: only nil and `false` are falsy.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self.view(), ValueRef::Null | ValueRef::Bool(false))
    }

    /// Checks whether the value is empty. With `trimmed`, white space and `false` are empty, too.
    pub(super) fn is_blank(&self, trimmed: bool) -> bool {
        match self.view() {
            ValueRef::Null => true,
            ValueRef::Bool(value) => trimmed && !value,
            ValueRef::Number(_) => false,
            ValueRef::Text(text) => if trimmed { text.trim() } else { text }.is_empty(),
            ValueRef::List(items) => items.is_empty(),
            ValueRef::Object(object) => object.is_empty(),
        }
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        text(self.view())
    }

    /// Converts to a number; 0 for anything but numbers and numeric strings.
    pub(super) fn to_number(&self) -> f64 {
        match self.view() {
            ValueRef::Number(number) => number,
            ValueRef::Text(text) => number::parse(text.trim()).filter(|number| number.is_finite()).unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// Converts to items: a list as is, a scalar as one item, nil as none.
    pub(super) fn into_items(self) -> Vec<Value> {
        let value = match self {
            Self::Seen(view) => view.to_value(),
            Self::Made(value) => value,
        };
        match value {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => vec![other],
        }
    }
}

/// Converts to a string: a list by joining its items, nil and objects to nothing.
pub(super) fn text(view: ValueRef<'_>) -> Cow<'_, str> {
    match view {
        ValueRef::Null | ValueRef::Object(_) => Cow::Borrowed(""),
        ValueRef::Text(text) => Cow::Borrowed(text),
        ValueRef::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        ValueRef::Number(number) => {
            let mut out = String::new();
            if number.is_finite() {
                write_number(number, &mut out);
            }
            Cow::Owned(out)
        }
        ValueRef::List(items) => {
            let mut out = String::new();
            for item in items {
                out.push_str(&text(item.into()));
            }
            Cow::Owned(out)
        }
    }
}

/// Checks two values for equality. Values of different types differ.
pub(super) fn is_equal(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match (a, b) {
        (ValueRef::Null, ValueRef::Null) => true,
        (ValueRef::Bool(a), ValueRef::Bool(b)) => a == b,
        (ValueRef::Number(a), ValueRef::Number(b)) => a == b,
        (ValueRef::Text(a), ValueRef::Text(b)) => a == b,
        (ValueRef::List(a), ValueRef::List(b)) => a == b,
        (ValueRef::Object(a), ValueRef::Object(b)) => a == b,
        _ => false,
    }
}

/// Compares two numbers or two strings; `None` for other types.
pub(super) fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Option<Ordering> {
    match (a, b) {
        (ValueRef::Number(a), ValueRef::Number(b)) => a.partial_cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Checks whether a list contains the item, or a string the substring.
pub(super) fn contains(a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match a {
        ValueRef::List(items) => items.iter().any(|item| is_equal(item.into(), b)),
        ValueRef::Text(whole) => !matches!(b, ValueRef::Null) && whole.contains(&*text(b)),
        _ => false,
    }
}

/// Returns the fuel that copying a value costs.
pub(super) fn weight(view: ValueRef<'_>) -> usize {
    let below = match view {
        ValueRef::Null | ValueRef::Bool(_) | ValueRef::Number(_) => 0,
        ValueRef::Text(text) => text.len() / super::BYTES,
        ValueRef::List(items) => items.iter().map(|item| weight(item.into())).fold(0, usize::saturating_add),
        ValueRef::Object(object) => object.iter().map(|(_, value)| weight(value.into())).fold(0, usize::saturating_add),
    };
    below.saturating_add(1)
}
