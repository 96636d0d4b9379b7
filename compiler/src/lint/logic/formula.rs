//! Conditions as formulas: what must hold of what.

use std::rc::Rc;

use throughline::canonical;

use super::values::Values;
use crate::source::cursor::shorten;
use crate::source::tree::{Node, Span};

/// What a condition says: no more than it says, and possibly less.
#[derive(Clone, Debug)]
pub enum Formula<'a> {
    /// All of these hold; true without any.
    All(Vec<Self>),
    /// Some of these hold; false without any.
    Any(Vec<Self>),
    /// One thing holds.
    Is(Literal<'a>),
    /// A formula that several share.
    Shared(Rc<Self>),
}

/// That something is among some values.
#[derive(Clone, Debug)]
pub struct Literal<'a> {
    /// What.
    pub subject: Variable,
    /// The values that it may have.
    pub values: Values,
    /// Whether each of these values satisfies what was written.
    pub exact: bool,
    /// Where it comes from.
    pub said: Assertion<'a>,
}

/// What conditions tell of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// An attribute, or what stands at a path below one.
    Attribute(String),
    /// An attribute read as a version.
    Version(String),
    /// How often an event happened within so many milliseconds (0: ever).
    Count(String, i64),
    /// How long ago an event happened last.
    Recency(String),
    /// The time.
    Now,
    /// The state of a purpose.
    Consent(String),
    /// The state of a journey; nothing before it was entered.
    JourneyState(String),
    /// The step that a journey is at.
    JourneyStep(String),
    /// Something that is only known to hold or not to hold.
    Opaque(String),
}

/// Where a literal comes from.
#[derive(Clone, Debug)]
pub enum Assertion<'a> {
    /// It is written in the rules.
    Written {
        /// What it is about.
        name: &'a str,
        /// What is asked of it; empty for a bare value.
        operator: &'a str,
        /// With what.
        operand: &'a Node,
        /// Whether the contrary is meant.
        negated: bool,
    },
    /// It follows from something else, which is said here.
    KnownOperand(String),
}

impl<'a> Formula<'a> {
    /// True or false.
    #[must_use]
    pub const fn constant(holds: bool) -> Self {
        if holds { Self::All(Vec::new()) } else { Self::Any(Vec::new()) }
    }

    /// What is true if all parts hold, or what is true if not all of them do, of which the parts say that they do not.
    #[must_use]
    pub fn joined(parts: Vec<Self>, holds: bool) -> Self {
        if holds { Self::All(parts) } else { Self::Any(parts) }
    }

    /// What follows from something else than a condition.
    #[must_use]
    pub const fn known(subject: Variable, values: Values, why: String) -> Self {
        Self::Is(Literal { subject, values, exact: true, said: Assertion::KnownOperand(why) })
    }
}

impl Assertion<'_> {
    /// Where it is written.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::Written { operand, .. } => Some(operand.span),
            Self::KnownOperand(_) => None,
        }
    }

    /// As people write it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::KnownOperand(why) => why.clone(),
            Self::Written { name, operator, operand, negated } => {
                let operand = canonical::to_json_text(&operand.to_value());
                let operand = shorten(&operand);
                let not = if *negated { "not " } else { "" };
                if operator.is_empty() {
                    format!("{not}`{name}: {operand}`")
                } else {
                    format!("{not}`{name}: {{ {operator}: {operand} }}`")
                }
            }
        }
    }
}
