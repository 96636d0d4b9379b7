//! Regular expressions in plans: deterministic automata that run on the plan's bytes, one transition for each input byte.
//!
//! An automaton consists of its start state and the width of its rows, both 16 bits, little-endian; the class of each of the
//! 256 bytes; and a row of 16-bit states for every state from [`FIRST`] on. A row has the next state for each class, and in
//! its last column the next state at the end of the input.
//!
//! A character beyond U+FFFF is two code units, as in JavaScript. Each surrogate is represented by a character from U+10D800
//! on. No input contains such a character otherwise, because it would itself be replaced by two surrogates: see [`unit()`].

use alloc::borrow::Cow;

use crate::prelude::*;

/// The state of input that does not match, regardless of the rest.
pub const REJECT: u16 = 0;
/// The state of input that matches, regardless of the rest.
pub const ACCEPT: u16 = 1;
/// The state of the first row.
pub const FIRST: u16 = 2;

const CLASSES: usize = 4;
const ROWS: usize = CLASSES + 256;

/// An automaton in a plan's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Automaton<'a> {
    start: u16,
    width: usize,
    classes: &'a [u8; 256],
    rows: &'a [u8],
}

impl<'a> Automaton<'a> {
    /// Reads an automaton. Running one that is not [valid](Self::is_valid) ends too, with an arbitrary answer.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        Some(Self {
            start: state_at(bytes, 0)?,
            width: usize::from(state_at(bytes, 1)?),
            classes: bytes.get(CLASSES..)?.first_chunk()?,
            rows: bytes.get(ROWS..)?,
        })
    }

    /// Whether every class and every state that it refers to exists.
    #[must_use]
    pub fn is_valid(self) -> bool {
        let size = self.width.saturating_mul(2);
        let states = self.rows.len().checked_div(size).unwrap_or(0).saturating_add(usize::from(FIRST));
        let exists = |state: u16| usize::from(state) < states;
        self.rows.len().checked_rem(size) == Some(0)
            && self.classes.iter().all(|class| usize::from(*class).saturating_add(1) < self.width)
            && exists(self.start)
            && self.rows.chunks_exact(2).filter_map(|state| state_at(state, 0)).all(exists)
    }

    /// Whether the expression matches anywhere in the string.
    #[must_use]
    pub fn is_match(self, text: &str) -> bool {
        let mut state = self.start;
        for byte in in_units(text).bytes() {
            if state < FIRST {
                return state == ACCEPT;
            }
            state = self.next(state, self.classes.get(usize::from(byte)).map_or(0, |class| usize::from(*class)));
        }
        if state >= FIRST {
            state = self.next(state, self.width.saturating_sub(1));
        }
        state == ACCEPT
    }

    /// Returns the state after a class of input, or at the end of the input.
    fn next(self, state: u16, class: usize) -> u16 {
        let row = usize::from(state.saturating_sub(FIRST));
        state_at(self.rows, row.wrapping_mul(self.width).wrapping_add(class)).unwrap_or(REJECT)
    }
}

/// Returns the character that represents a UTF-16 code unit: itself, or for a surrogate one from U+10D800 on.
#[must_use]
pub fn unit(unit: u16) -> char {
    let half = || char::from_u32(u32::from(unit).saturating_add(0x10_0000));
    char::from_u32(u32::from(unit)).or_else(half).unwrap_or('\0')
}

/// Returns the string with one character for each code unit.
fn in_units(text: &str) -> Cow<'_, str> {
    let is_beyond = |byte: u8| byte >= 0xf0;
    if text.bytes().any(is_beyond) { text.encode_utf16().map(unit).collect::<String>().into() } else { text.into() }
}

/// Returns the bytes of an automaton with this start state, the class of each byte, and rows of equal length.
#[must_use]
pub fn write(start: u16, classes: &[u8; 256], rows: &[Vec<u16>]) -> Vec<u8> {
    let width = rows.first().map_or(2, Vec::len);
    let mut bytes = Vec::new();
    bytes.extend(start.to_le_bytes());
    bytes.extend(u16::try_from(width).unwrap_or(0).to_le_bytes());
    bytes.extend(classes);
    bytes.extend(rows.iter().flatten().flat_map(|state| state.to_le_bytes()));
    bytes
}

/// Returns the 16-bit state at an index.
fn state_at(states: &[u8], index: usize) -> Option<u16> {
    states.get(index.wrapping_mul(2)..)?.first_chunk().map(|state| u16::from_le_bytes(*state))
}
