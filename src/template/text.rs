//! String filters.

use super::list::bounds;
use crate::json::Value;
use crate::prelude::*;
use crate::text::{lowercase, lowercase_char};

/// The greatest length of a filter's result, in bytes.
const MAX: usize = 1 << 16;

/// A string of limited length.
#[derive(Default)]
pub(super) struct Bounded(String);

impl Bounded {
    /// Appends a string, unless the result would be too long.
    pub(super) fn push(&mut self, more: &str) {
        if self.0.len().saturating_add(more.len()) <= MAX {
            self.0.push_str(more);
        }
    }

    pub(super) fn finish(self) -> Value {
        Value::String(self.0)
    }
}

/// Replaces each `old`, or only the first one.
pub(super) fn replace(text: &str, old: &str, new: &str, once: bool) -> Value {
    let mut out = Bounded::default();
    let mut from = 0;
    let count = if once { 1 } else { usize::MAX };
    for (at, found) in text.match_indices(old).take(count) {
        out.push(text.get(from..at).unwrap_or_default());
        out.push(new);
        from = at.saturating_add(found.len());
    }
    out.push(text.get(from..).unwrap_or_default());
    out.finish()
}

/// Splits at `separator`: an empty one separates characters, a space any white space. Trailing empty strings are
/// removed.
pub(super) fn split(text: &str, separator: &str) -> Vec<Value> {
    let mut parts: Vec<Value> = match separator {
        " " => text.split_whitespace().map(Value::from).collect(),
        "" => text.chars().map(|c| Value::String(c.to_string())).collect(),
        _ => text.split(separator).map(Value::from).collect(),
    };
    while matches!(parts.last(), Some(Value::String(text)) if text.is_empty()) {
        parts.pop();
    }
    parts
}

/// Truncates to a number of characters, including the ellipsis.
pub(super) fn truncate(text: &str, most: f64, ellipsis: &str) -> String {
    let most = most as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(ellipsis.chars().count());
    let mut out: String = text.chars().take(kept).collect();
    out.push_str(ellipsis);
    out
}

/// Truncates to a number of words, at least one.
pub(super) fn truncate_words(text: &str, most: f64, ellipsis: &str) -> String {
    let most = (most as usize).max(1);
    if text.split_whitespace().count() <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    for word in text.split_whitespace().take(most) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.push_str(ellipsis);
    out
}

/// Returns the characters from an index on; a negative index counts from the end.
pub(super) fn slice(text: &str, from: f64, count: Option<f64>) -> String {
    let (start, end) = bounds(text.chars().count(), from, count);
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

/// Returns the string in upper case.
///
/// why: browsers have the lower-case table already, for conditions. An upper-case table would cost some kilobytes more.
/// So a character's upper case is searched for at the distances where Latin, Greek, Cyrillic and Armenian have it.
pub(super) fn uppercase(text: &str) -> String {
    let mut out = String::new();
    text.chars().for_each(|c| push_uppercase(c, &mut out));
    out
}

/// Returns the string with its first character in upper case and the rest in lower case.
pub(super) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    if let Some(first) = chars.next() {
        push_uppercase(first, &mut out);
    }
    out.push_str(&lowercase(chars.as_str()));
    out
}

fn push_uppercase(c: char, out: &mut String) {
    /// Distances of a character from its upper case.
    const AWAY: [i32; 10] = [32, 1, 80, 48, 38, 37, 64, 63, 31, -121];
    match c {
        'ß' => out.push_str("SS"),
        _ if c.is_ascii() => out.push(c.to_ascii_uppercase()),
        _ => {
            let is_capital = |capital: &char| lowercase_char(*capital) == if c == 'ς' { 'σ' } else { c };
            let candidates = AWAY.iter().filter_map(|away| {
                let code = i32::try_from(u32::from(c)).ok()?.checked_sub(*away)?;
                char::from_u32(u32::try_from(code).ok()?)
            });
            let found = candidates.into_iter().find(|capital| *capital != c && is_capital(capital));
            out.push(found.unwrap_or(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_unicodes_for_latin_greek_cyrillic_and_armenian() {
        let differs = |c: &char| uppercase(&c.to_string()) != c.to_uppercase().collect::<String>();
        // Latin, IPA, Greek, Cyrillic, Armenian, and the accented letters of Vietnamese and Greek.
        let odd: String = ('\0'..'\u{180}')
            .chain('\u{386}'..'\u{3d0}')
            .chain('\u{400}'..'\u{588}')
            .chain('\u{1e00}'..'\u{1e96}')
            .chain('\u{1ea0}'..'\u{1f00}')
            .filter(differs)
            .collect();
        assert_eq!(odd, "µıŉſΐΰӏև", "chars with several capitals, with those of others, or with one far away");
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(truncate("Ünïcödé", 5.0, "…"), "Ünïc…");
        assert_eq!(truncate("short", 5.0, "…"), "short");
        assert_eq!(truncate("longer", 1.0, "..."), "...");
        assert_eq!(truncate_words(" a  b c ", 2.0, "…"), "a b…");
        assert_eq!(slice("Ünï", -2.0, Some(1.0)), "n");
        assert_eq!(slice("Ünï", -4.0, Some(1.0)), "");
        assert_eq!(slice("Ünï", 1.0, None), "nï");
    }

    #[test]
    fn texts_do_not_grow_beyond_their_bound() {
        let long = "x".repeat(10_000);
        let out = replace(&long, "", &long, false);
        assert!(out.as_str().is_some_and(|out| out.len() <= MAX));
    }
}
