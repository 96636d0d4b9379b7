//! Versions in a form whose strings compare as the versions do.

use crate::json::ValueRef;
use crate::prelude::*;

/// Returns the form that `$veq` and its siblings compare.
///
/// A leading `v` and a trailing `+build` are removed. The parts between dots and dashes are joined by dashes, with
/// numbers padded to five digits. A version of three parts is a release and ends in `~`, which sorts after every
/// pre-release. A value that is not a version becomes `0`.
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

/// Cuts at the first `+` after which the line does not break.
fn without_build(text: &str) -> &str {
    let line_start = text.rfind(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(0);
    let plus = text.match_indices('+').map(|(at, _)| at).find(|at| *at >= line_start);
    plus.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn pad(part: &str) -> String {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("{part:>5}") } else { part.to_owned() }
}
