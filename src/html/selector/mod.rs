//! Selectors of slots: the part of CSS that can be decided at a start tag.

mod compound;
mod matcher;
mod parse;
mod text;

use crate::prelude::*;
pub(crate) use compound::{Compound, Element};
pub(crate) use matcher::Matcher;

/// The parts that a selector can have, for messages.
pub const SUPPORTED: &str = "type selectors, `*`, `#id`, `.class`, `[attribute]` with `= ~= |= ^= $= *=` and the flags \
                             `i` and `s`, `:first-child`, `:nth-child(…)`, `:first-of-type`, `:nth-of-type(…)`, \
                             `:not(…)` without combinators, descendants (`a b`), children (`a > b`), and lists (`a, b`)";

/// A list of selectors: an element matches if it matches one of them.
#[derive(Clone, Debug)]
pub struct Selector {
    alternatives: Vec<Vec<Step>>,
}

/// A part of a selector between combinators.
#[derive(Clone, Debug)]
struct Step {
    /// Whether the element must be a child of that of the step before, and not any descendant.
    is_child: bool,
    compound: Compound,
}

/// A selector that cannot be read, or is not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// The place in the selector, in bytes.
    pub at: usize,
    /// The text that was found there.
    pub message: String,
}

impl Selector {
    /// Reads a selector list.
    ///
    /// # Errors
    ///
    /// The text is not a selector, or uses more of CSS than [`SUPPORTED`].
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::Parser::new(text).list().map(|alternatives| Self { alternatives })
    }

    /// Adds the lower-case names of the attributes that the selector asks for.
    pub(crate) fn attributes(&self, out: &mut Vec<Vec<u8>>) {
        let steps = self.alternatives.iter().flatten();
        steps.for_each(|step| step.compound.attributes(out));
    }
}

#[cfg(test)]
mod tests;
