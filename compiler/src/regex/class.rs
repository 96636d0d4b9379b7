//! JavaScript's named classes of characters.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use throughline::internals::plan::automaton::unit;

const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const SPACE: &[(char, char)] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];
const LINE_END: &[(char, char)] = &[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')];

/// Returns the class of an escape such as `\d`; `None` if the character names no class.
pub(super) fn named(name: char) -> Option<ClassUnicode> {
    let mut class = match name {
        'd' | 'D' => of(DIGIT),
        'w' | 'W' => of(WORD),
        's' | 'S' => of(SPACE),
        _ => return None,
    };
    if name.is_ascii_uppercase() {
        class.negate();
    }
    Some(class)
}

/// Returns the class of `.`.
pub(super) fn dot() -> ClassUnicode {
    let mut class = of(LINE_END);
    class.negate();
    class
}

/// Returns the characters from the first to the last.
pub(super) fn range(first: char, last: char) -> ClassUnicode {
    of(&[(first, last)])
}

/// Returns the code units from the first to the last.
pub(super) fn units(first: u16, last: u16) -> ClassUnicode {
    let part = |from: u16, to: u16| {
        let (from, to) = (first.max(from), last.min(to));
        (from <= to).then(|| (unit(from), unit(to)))
    };
    // Surrogates are represented by characters beyond all others.
    let parts = [part(0, 0xd7ff), part(0xd800, 0xdfff), part(0xe000, u16::MAX)];
    of(&parts.into_iter().flatten().collect::<Vec<_>>())
}

/// Returns the empty class.
pub(super) fn none() -> ClassUnicode {
    of(&[])
}

fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)))
}
