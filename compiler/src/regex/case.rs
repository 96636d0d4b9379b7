//! Upper and lower case, as JavaScript's `i` flag sees them without the `u` flag.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// The characters that are equal to each other, by the one that stands for all of them.
static GROUPS: LazyLock<BTreeMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut groups: BTreeMap<char, Vec<char>> = BTreeMap::new();
    for c in '\0'..='\u{ffff}' {
        groups.entry(canonical(c)).or_default().push(c);
    }
    groups.retain(|_, members| members.len() > 1);
    groups
});

/// The character that stands for all that are equal to this one: upper case, if that is one character of the first
/// 65,536 and not an ASCII character for one that is none.
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
