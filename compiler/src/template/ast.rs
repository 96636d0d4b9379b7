//! The syntax tree of a template.

use throughline::Value;
use throughline::internals::plan::tables::{Escape, ExprOp, LoopField, TemplateFilter};

use super::date::Pattern;
use crate::source::cursor::Reference;

/// A part of a template.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Literal text.
    Text(String),
    /// An output.
    Output {
        /// The value.
        term: Expression<'a>,
        /// The escape for its context.
        escape: Escape,
        /// The source of the output, with its position.
        source: Reference<'a>,
    },
    /// A condition.
    If {
        /// The condition itself.
        test: Expression<'a>,
        /// The parts that are rendered if it holds.
        then: Vec<Part<'a>>,
        /// The parts that are rendered otherwise.
        other: Vec<Part<'a>>,
        /// The source of the tag, with its position.
        source: Reference<'a>,
    },
    /// A loop.
    For {
        /// The variable of the item.
        variable: u32,
        /// The items.
        list: Expression<'a>,
        /// The parts that are rendered for each item.
        body: Vec<Part<'a>>,
        /// The parts that are rendered if there are no items.
        other: Vec<Part<'a>>,
        /// The source of the tag, with its position.
        source: Reference<'a>,
    },
    /// Assigns a value to a variable.
    Assign(u32, Expression<'a>),
    /// Renders parts into a variable.
    Capture {
        /// The variable.
        variable: u32,
        /// The parts.
        body: Vec<Part<'a>>,
        /// The source of the tag, with its position.
        source: Reference<'a>,
    },
    /// Leaves the loop.
    Break(Reference<'a>),
    /// Continues with the next item.
    Continue(Reference<'a>),
}

/// An expression of a template.
#[derive(Clone, Debug)]
pub enum Expression<'a> {
    /// A string, number, boolean or nil.
    Constant(Value),
    /// An attribute, or a member of one: names joined by dots.
    Attribute(Reference<'a>),
    /// A variable, and the attribute of the same name that is read until the variable is assigned.
    Variable(u32, Option<Reference<'a>>),
    /// A property of a loop, such as its index.
    Loop(u32, LoopField),
    /// A list of the rules.
    List(Reference<'a>),
    /// A filter with its operands.
    Filter(TemplateFilter, Vec<Expression<'a>>),
    /// A formatted number.
    Number(Box<Expression<'a>>, NumberStyle),
    /// A formatted time.
    Date(Box<Expression<'a>>, Pattern),
    /// Another operation, with its immediate operand.
    Op(ExprOp, u32, Vec<Expression<'a>>),
}

/// The format of a number.
#[derive(Clone, Debug)]
pub enum NumberStyle {
    /// A number with this many fraction digits, or with those that it has.
    Plain(Option<u32>),
    /// An amount of money in this currency, or in that of the rules.
    Money(Option<String>),
}

impl<'a> Expression<'a> {
    /// Returns a constant string.
    pub fn text(text: &str) -> Self {
        Self::Constant(Value::from(text))
    }

    /// Returns the negation.
    pub fn not(self) -> Self {
        Self::Op(ExprOp::Not, 0, vec![self])
    }

    /// Returns a member of the value.
    pub fn member(self, key: Self) -> Self {
        Self::Op(ExprOp::Member, 0, vec![self, key])
    }

    /// Returns the operands.
    pub fn children(&self) -> Vec<&Expression<'a>> {
        match self {
            Self::Filter(_, args) | Self::Op(_, _, args) => args.iter().collect(),
            Self::Number(of, _) | Self::Date(of, _) => vec![of],
            _ => Vec::new(),
        }
    }

    /// Returns whether it formats a time.
    pub fn has_date(&self) -> bool {
        matches!(self, Self::Date(..)) || self.children().into_iter().any(Self::has_date)
    }

    /// Returns the depth of the expression.
    pub fn depth(&self) -> usize {
        self.children().into_iter().map(Self::depth).max().map_or(0, |depth| depth.saturating_add(1))
    }
}

impl<'a> Part<'a> {
    /// Returns the parts inside.
    pub fn children(&self) -> impl Iterator<Item = &Part<'a>> {
        let (first, second): (&[Self], &[Self]) = match self {
            Self::If { then: body, other, .. } | Self::For { body, other, .. } => (body, other),
            Self::Capture { body, .. } => (body, &[]),
            _ => (&[], &[]),
        };
        first.iter().chain(second)
    }

    /// Returns whether it formats a time.
    pub fn has_date(&self) -> bool {
        self.term().is_some_and(Expression::has_date) || self.children().any(Self::has_date)
    }

    /// Returns its expression.
    pub const fn term(&self) -> Option<&Expression<'a>> {
        match self {
            Self::Output { term, .. }
            | Self::If { test: term, .. }
            | Self::For { list: term, .. }
            | Self::Assign(_, term) => Some(term),
            _ => None,
        }
    }
}
