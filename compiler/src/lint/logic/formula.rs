//! Formulas: what must hold for a condition to hold.

use std::fmt::Write;
use std::rc::Rc;

use throughline::{Value, canonical};

use super::values::Values;
use crate::source::cursor::shorten;
use crate::source::tree::{Node, Span};

/// A formula, which over-approximates its condition: it holds whenever the condition does.
#[derive(Clone, Debug)]
pub enum Formula<'a> {
    /// A conjunction; true if it is empty.
    All(Vec<Self>),
    /// A disjunction; false if it is empty.
    Any(Vec<Self>),
    /// A literal.
    Is(Literal<'a>),
    /// A formula that several others share.
    Shared(Rc<Self>),
}

/// A literal: the value of a variable is in a set.
#[derive(Clone, Debug)]
pub struct Literal<'a> {
    /// The variable.
    pub subject: Variable,
    /// The possible values.
    pub values: Values,
    /// Whether each of these values satisfies the condition as written, so that the set is not an
    /// over-approximation.
    pub exact: bool,
    /// The origin, for messages.
    pub said: Assertion<'a>,
}

/// The variables that conditions test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// An attribute, or its member at a path.
    Attribute(String),
    /// An attribute that is read as a version.
    Version(String),
    /// The time from now until the date that an attribute has.
    FromNow(String),
    /// The number of times that an event happened within a number of milliseconds (0 for unlimited).
    Count(String, i64),
    /// The time since an event happened last.
    Recency(String),
    /// The current time.
    Now,
    /// The state of a purpose.
    Consent(String),
    /// The state of a journey; null before it was entered.
    JourneyState(String),
    /// The step at which a journey is.
    JourneyStep(String),
    /// A test about which only its result, true or false, is known.
    Opaque(String),
}

/// The origin of a literal.
#[derive(Clone, Debug)]
pub enum Assertion<'a> {
    /// A test in the rules.
    Written {
        /// The name of what is tested.
        name: &'a str,
        /// The operator; empty for a bare value.
        operator: &'a str,
        /// The operand.
        operand: &'a Node,
        /// Whether the test is negated.
        negated: bool,
    },
    /// A consequence of something else, in these words.
    KnownOperand(String),
}

impl<'a> Formula<'a> {
    /// Returns the formula that is always true, or always false.
    #[must_use]
    pub const fn constant(holds: bool) -> Self {
        if holds { Self::All(Vec::new()) } else { Self::Any(Vec::new()) }
    }

    /// Returns the conjunction of the parts or, for a negated condition, the disjunction of parts that are
    /// already negated.
    #[must_use]
    pub fn joined(parts: Vec<Self>, holds: bool) -> Self {
        if holds { Self::All(parts) } else { Self::Any(parts) }
    }

    /// Returns a literal that does not come from a condition.
    #[must_use]
    pub const fn known(subject: Variable, values: Values, why: String) -> Self {
        Self::Is(Literal { subject, values, exact: true, said: Assertion::KnownOperand(why) })
    }
}

impl Assertion<'_> {
    /// Returns the position of the test.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::Written { operand, .. } => Some(operand.span),
            Self::KnownOperand(_) => None,
        }
    }

    /// Returns the test in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::KnownOperand(why) => why.clone(),
            Self::Written { name: "$segment", operand, negated, .. } if operand.as_str().is_some() => {
                let not = if *negated { "not " } else { "" };
                format!("{not}in segment `{}`", operand.as_str().unwrap_or_default())
            }
            Self::Written { name: "$event", operand, negated, .. } if event(operand).is_some() => {
                format!("{}{}", if *negated { "not " } else { "" }, event(operand).unwrap_or_default())
            }
            Self::Written { name, operator, operand, negated } => {
                let operand = match operator.strip_suffix("Hashed") {
                    Some(_) => Value::from(CONFIDENTIAL),
                    None => without_confidential(operand.to_value()),
                };
                let operand = canonical::to_json_text(&operand);
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

/// Returns a test of `$event` in words: `Order Completed` within 30d. Conditions on properties are only mentioned.
fn event(operand: &Node) -> Option<String> {
    let member = |name: &str| operand.entries().iter().find(|entry| entry.key == name).map(|entry| &entry.value);
    let mut words = format!("event `{}`", member("name")?.as_str()?);
    if let Some(count) = member("count") {
        let _ = write!(words, " with `count: {}`", shorten(&canonical::to_json_text(&count.to_value())));
    }
    if let Some(within) = member("within").and_then(Node::as_str) {
        let _ = write!(words, " within {within}");
    }
    if member("where").is_some() {
        words.push_str(" with certain properties");
    }
    Some(words)
}

/// The text in place of confidential values, which stay out of messages because logs keep them.
const CONFIDENTIAL: &str = "confidential";

/// Returns a condition without the confidential values in it.
fn without_confidential(condition: Value) -> Value {
    match condition {
        Value::Object(members) => {
            let members = members.iter().map(|(name, operand)| match name.strip_suffix("Hashed") {
                Some(_) => (name, Value::from(CONFIDENTIAL)),
                None => (name, without_confidential(operand.clone())),
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_confidential).collect()),
        other => other,
    }
}
