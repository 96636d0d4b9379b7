//! Errors of patterns.

use core::fmt;

/// The reason why a pattern has no automaton. Positions are numbers of characters from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegexError {
    /// It is not a regular expression.
    Syntax {
        /// The position.
        at: usize,
        /// The error.
        problem: &'static str,
    },
    /// It sets flags, such as `(?i)`.
    Flags {
        /// The position.
        at: usize,
    },
    /// It uses look-ahead or look-behind.
    LookAround {
        /// The position.
        at: usize,
    },
    /// It uses a back-reference.
    BackReference {
        /// The position.
        at: usize,
    },
    /// It is too long or nested too deeply, or its automaton is too large.
    TooLarge,
}

impl RegexError {
    /// Returns what could be used instead.
    #[must_use]
    pub const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::Syntax { .. } => None,
            Self::Flags { .. } => Some("`$regexi` to ignore case; other flags have no equivalent"),
            Self::LookAround { .. } => Some("several conditions joined by `$and` and `$not`"),
            Self::BackReference { .. } => Some("the repeated text written out"),
            Self::TooLarge => Some("a shorter pattern, with smaller counts in `{}`"),
        }
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { at, problem } => write!(f, "{problem} at character {at} of the pattern"),
            Self::Flags { at } => write!(f, "flags at character {at} of the pattern are not supported"),
            Self::LookAround { at } => write!(f, "look-around at character {at} of the pattern is not supported"),
            Self::BackReference { at } => write!(f, "back-reference at character {at} of the pattern is not supported"),
            Self::TooLarge => write!(f, "the pattern is too large"),
        }
    }
}

impl core::error::Error for RegexError {}
