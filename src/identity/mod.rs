//! Identifiers: the values that name a person, and those that name nobody.

pub(crate) mod identifier;
mod normalise;
pub(crate) mod placeholder;

use crate::json::Value;
use crate::prelude::*;

/// The longest identifier that is accepted, in bytes.
pub const MAX_IDENTIFIER: usize = 200;

/// Returns the text of an identifier: strings as they are, and whole numbers by their digits.
///
/// Returns `None` for everything else, and for numbers that doubles do not hold exactly: two of them could become one
/// text, and thereby two people one.
///
/// # Examples
///
/// ```
/// use throughline::{Value, identifier_text};
///
/// assert_eq!(identifier_text(&Value::Number(1042.0)).as_deref(), Some("1042"));
/// assert_eq!(identifier_text(&Value::from("u-1")).as_deref(), Some("u-1"));
/// assert_eq!(identifier_text(&Value::Number(1e20)), None);
/// assert_eq!(identifier_text(&Value::Number(1.5)), None);
/// ```
#[must_use]
pub fn identifier_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => value.as_whole().map(|whole| whole.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
