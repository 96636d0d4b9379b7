//! What is wrong with a pattern.

use core::fmt;

/// Why a pattern has no automaton. Places are numbers of characters from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegexError {
    /// It is no regular expression.
    Syntax {
        /// Where.
        at: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// It looks ahead or behind.
    LookAround {
        /// Where.
        at: usize,
    },
    /// It refers back to what a group has matched.
    BackReference {
        /// Where.
        at: usize,
    },
    /// It is too long, too deep, or its automaton is too large.
    TooLarge,
}

impl RegexError {
    /// What would be possible instead.
    #[must_use]
    pub const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::Syntax { .. } => None,
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
            Self::LookAround { at } => write!(f, "look-around at character {at} of the pattern is not supported"),
            Self::BackReference { at } => write!(f, "back-reference at character {at} of the pattern is not supported"),
            Self::TooLarge => write!(f, "the pattern is too large"),
        }
    }
}

impl core::error::Error for RegexError {}
