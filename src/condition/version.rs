//! Versions, in a form in which their texts compare as the versions do.

use crate::json::ValueRef;
use crate::prelude::*;

/// The version in the form that `$veq` and its like compare.
///
/// Without a leading `v` and a trailing `+build`, cut at dots and dashes, numbers padded to five places; what has
/// three parts is no pre-release and ends in `~`, which is greater than every pre-release. What is no version is `0`.
#[must_use]
pub fn padded(version: ValueRef<'_>) -> String {
    let text = match version {
        ValueRef::Number(_) | ValueRef::Text(_) => version.to_text(),
        _ => "".into(),
    };
    let text = if text.is_empty() { "0" } else { &text };
    let text = without_build(text.strip_prefix('v').unwrap_or(text));
    let mut parts: Vec<&str> = text.split(['-', '.']).collect();
    if parts.len() == 3 {
        parts.push("~");
    }
    let padded: Vec<String> = parts.into_iter().map(pad).collect();
    padded.join("-")
}

/// Cuts at the first `+` that only the rest of the line follows.
fn without_build(text: &str) -> &str {
    let line_start = text.rfind(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(0);
    let plus = text.match_indices('+').map(|(at, _)| at).find(|at| *at >= line_start);
    plus.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn pad(part: &str) -> String {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("{part:>5}") } else { part.to_owned() }
}
