//! What filters do with texts.

use super::list::bounds;
use crate::json::Value;
use crate::prelude::*;
use crate::text::{lowercase, lowercase_char};

/// No filter makes a longer text, in bytes.
const MAX: usize = 1 << 16;

/// A text that takes no more than it may.
#[derive(Default)]
pub(super) struct Bounded(String);

impl Bounded {
    /// Appends a text, unless it is too long.
    pub(super) fn push(&mut self, more: &str) {
        if self.0.len().saturating_add(more.len()) <= MAX {
            self.0.push_str(more);
        }
    }

    pub(super) fn finish(self) -> Value {
        Value::String(self.0)
    }
}

/// The text with each `old`, or only the first one, replaced.
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

/// The texts between `separator`; an empty one separates characters, a space any white space. Empty ones at the end are
/// left out.
pub(super) fn split(text: &str, separator: &str) -> Vec<Value> {
    let mut pieces: Vec<Value> = match separator {
        " " => text.split_whitespace().map(Value::from).collect(),
        "" => text.chars().map(|letter| Value::String(letter.to_string())).collect(),
        _ => text.split(separator).map(Value::from).collect(),
    };
    while matches!(pieces.last(), Some(Value::String(text)) if text.is_empty()) {
        pieces.pop();
    }
    pieces
}

/// The text cut to so many characters, of which the last ones say that it is cut.
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

/// The text cut to so many words, at least one.
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

/// The characters from a place on, counted from the end if it is negative.
pub(super) fn slice(text: &str, from: f64, count: Option<f64>) -> String {
    let (start, end) = bounds(text.chars().count(), from, count);
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

/// The text in capital letters.
///
/// Browsers have the table of small letters already, for conditions; that of capital ones would be some kilobytes more. So a
/// letter's capital is looked for where alphabets keep them: Latin, Greek, Cyrillic and Armenian letters have theirs there.
pub(super) fn uppercase(text: &str) -> String {
    let mut out = String::new();
    text.chars().for_each(|letter| push_uppercase(letter, &mut out));
    out
}

/// The text with its first letter in capitals and the others in small letters.
pub(super) fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    let mut out = String::new();
    if let Some(first) = letters.next() {
        push_uppercase(first, &mut out);
    }
    out.push_str(&lowercase(letters.as_str()));
    out
}

fn push_uppercase(letter: char, out: &mut String) {
    /// How far before a letter its capital may stand.
    const AWAY: [i32; 10] = [32, 1, 80, 48, 38, 37, 64, 63, 31, -121];
    match letter {
        'ß' => out.push_str("SS"),
        _ if letter.is_ascii() => out.push(letter.to_ascii_uppercase()),
        _ => {
            let is_capital = |capital: &char| lowercase_char(*capital) == if letter == 'ς' { 'σ' } else { letter };
            let candidates = AWAY.iter().filter_map(|away| {
                let code = i32::try_from(u32::from(letter)).ok()?.checked_sub(*away)?;
                char::from_u32(u32::try_from(code).ok()?)
            });
            let found = candidates.into_iter().find(|capital| *capital != letter && is_capital(capital));
            out.push(found.unwrap_or(letter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_unicodes_for_latin_greek_cyrillic_and_armenian() {
        let differs = |letter: &char| uppercase(&letter.to_string()) != letter.to_uppercase().collect::<String>();
        // Latin, IPA and its kind, Greek, Cyrillic, Armenian, and the letters with marks that Vietnamese and Greek have.
        let odd: String = ('\0'..'\u{180}')
            .chain('\u{386}'..'\u{3d0}')
            .chain('\u{400}'..'\u{588}')
            .chain('\u{1e00}'..'\u{1e96}')
            .chain('\u{1ea0}'..'\u{1f00}')
            .filter(differs)
            .collect();
        assert_eq!(odd, "µıŉſΐΰӏև", "letters with several capitals, with those of others, or with one far away");
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
