//! Lower case as Unicode defines it (<https://www.unicode.org/versions/Unicode17.0.0/>, sections 3.13 and 5.18).
//!
//! why: the standard library follows the Unicode version of the compiler, but strings must compare equal on every
//! host. It also costs a browser 7 KB more than these tables (gzip).

use crate::prelude::*;
use crate::text::lowercase_tables::{CASED, IGNORABLE, LOWERCASE};

/// Returns the string in lower case, as JavaScript's `toLowerCase` does.
#[must_use]
pub fn lowercase(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            'İ' => out.push_str("i\u{307}"),
            'Σ' if ends_word(text, at) => out.push('ς'),
            _ => out.push(lowercase_char(c)),
        }
    }
    out
}

/// Returns the lower case of a character if that is one character, otherwise the character itself.
pub(crate) fn lowercase_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let code = u32::from(c);
    let run = LOWERCASE.partition_point(|[run, _]| run >> 8 <= code).checked_sub(1).and_then(|at| LOWERCASE.get(at));
    let Some([run, add]) = run else { return c };
    let (from, last, is_second) = (run >> 8, run >> 1 & 0x7f, run & 1);
    let offset = code.wrapping_sub(from);
    let is_capital = offset >> is_second <= last && offset & is_second == 0;
    if is_capital { char::from_u32(code.wrapping_add(*add)).unwrap_or(c) } else { c }
}

/// Checks whether the sigma at `at` is the last letter of a word and not its only one (Unicode's `Final_Sigma`).
fn ends_word(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    let is_letter = |next: Option<char>| next.is_some_and(|c| is_in(CASED, c));
    let counts = |c: &char| !is_in(IGNORABLE, *c);
    is_letter(before.chars().rev().find(counts)) && !is_letter(after.chars().skip(1).find(counts))
}

fn is_in(runs: &[u32], c: char) -> bool {
    let code = u32::from(c);
    let run = runs.partition_point(|run| run >> 8 <= code).checked_sub(1).and_then(|at| runs.get(at));
    run.is_some_and(|run| code.wrapping_sub(run >> 8) <= run & 0xff)
}
