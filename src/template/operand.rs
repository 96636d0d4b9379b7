//! A value of a template, with Liquid's meaning: what holds, what is equal, what stands there.

use alloc::borrow::Cow;
use core::cmp::Ordering;

use crate::json::Value;
use crate::json::View;
use crate::json::canonical::write_number;
use crate::json::number;
use crate::prelude::*;

/// A value that stands somewhere, or one that was made.
pub(super) enum Found<'a> {
    Seen(View<'a>),
    Made(Value),
}

impl<'a> Found<'a> {
    pub(super) const NOTHING: Self = Self::Seen(View::Null);

    pub(super) const fn number(number: f64) -> Self {
        Self::Seen(View::Number(number))
    }

    pub(super) const fn bool(holds: bool) -> Self {
        Self::Seen(View::Bool(holds))
    }

    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::Seen(view) => *view,
            Self::Made(value) => View::from(value),
        }
    }

    /// A piece of it, which `of` finds.
    pub(super) fn piece(self, of: impl Fn(View<'_>) -> View<'_>) -> Self {
        match self {
            Self::Seen(view) => Self::Seen(of(view)),
            Self::Made(value) => Self::Made(of(View::from(&value)).to_value()),
        }
    }

    /// Only nothing and `false` are not true.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self.view(), View::Null | View::Bool(false))
    }

    /// Whether there is no content; white space is none if it is `trimmed`.
    pub(super) fn is_blank(&self, trimmed: bool) -> bool {
        match self.view() {
            View::Null => true,
            View::Bool(value) => trimmed && !value,
            View::Number(_) => false,
            View::Text(text) => if trimmed { text.trim() } else { text }.is_empty(),
            View::List(items) => items.is_empty(),
            View::Object(object) => object.is_empty(),
        }
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        text(self.view())
    }

    /// The number, or the number that a text says; 0 for everything else.
    pub(super) fn to_number(&self) -> f64 {
        match self.view() {
            View::Number(number) => number,
            View::Text(text) => number::parse(text.trim()).filter(|number| number.is_finite()).unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// The items of a list; what is no list is one item, and nothing is none.
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

/// What is written of a value: of a list its items one after the other, of nothing and of objects nothing.
pub(super) fn text(view: View<'_>) -> Cow<'_, str> {
    match view {
        View::Null | View::Object(_) => Cow::Borrowed(""),
        View::Text(text) => Cow::Borrowed(text),
        View::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        View::Number(number) => {
            let mut out = String::new();
            if number.is_finite() {
                write_number(number, &mut out);
            }
            Cow::Owned(out)
        }
        View::List(items) => {
            let mut out = String::new();
            for item in items {
                out.push_str(&text(item.into()));
            }
            Cow::Owned(out)
        }
    }
}

/// Whether two values are equal; of different types they are not.
pub(super) fn is_equal(a: View<'_>, b: View<'_>) -> bool {
    match (a, b) {
        (View::Null, View::Null) => true,
        (View::Bool(a), View::Bool(b)) => a == b,
        (View::Number(a), View::Number(b)) => a == b,
        (View::Text(a), View::Text(b)) => a == b,
        (View::List(a), View::List(b)) => a == b,
        (View::Object(a), View::Object(b)) => a == b,
        _ => false,
    }
}

/// How two numbers, or two texts, are ordered; others are not.
pub(super) fn compare(a: View<'_>, b: View<'_>) -> Option<Ordering> {
    match (a, b) {
        (View::Number(a), View::Number(b)) => a.partial_cmp(&b),
        (View::Text(a), View::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether a list has the item, or a text the text.
pub(super) fn contains(a: View<'_>, b: View<'_>) -> bool {
    match a {
        View::List(items) => items.iter().any(|item| is_equal(item.into(), b)),
        View::Text(whole) => !matches!(b, View::Null) && whole.contains(&*text(b)),
        _ => false,
    }
}

/// What it costs to copy a value.
pub(super) fn weight(view: View<'_>) -> usize {
    let below = match view {
        View::Null | View::Bool(_) | View::Number(_) => 0,
        View::Text(text) => text.len() / super::BYTES,
        View::List(items) => items.iter().map(|item| weight(item.into())).fold(0, usize::saturating_add),
        View::Object(object) => object.iter().map(|(_, value)| weight(value.into())).fold(0, usize::saturating_add),
    };
    below.saturating_add(1)
}
