//! Case folding as JavaScript's `i` flag does it without the `u` flag.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The characters that are equal to each other, by the one that represents them.
static GROUPS: LazyLock<BTreeMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut groups: BTreeMap<char, Vec<char>> = BTreeMap::new();
    for c in '\0'..='\u{ffff}' {
        groups.entry(canonical(c)).or_default().push(c);
    }
    groups.retain(|_, members| members.len() > 1);
    groups
});

/// Returns the character that represents all those equal to this one.
///
/// It is the upper-case character, if that is a single one below U+10000 and does not map a non-ASCII
/// character to ASCII.
fn canonical(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if c <= '\u{ffff}' && upper <= '\u{ffff}' && (c.is_ascii() || !upper.is_ascii()) => upper,
        _ => c,
    }
}

/// Adds every character that is equal to one of the class.
pub(super) fn close(class: &mut ClassUnicode) {
    let members = |c: &char| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end());
    let touched = GROUPS.values().filter(|group| group.iter().any(members));
    let added = touched.flatten().map(|c| ClassUnicodeRange::new(*c, *c));
    let added = ClassUnicode::new(added);
    class.union(&added);
}
