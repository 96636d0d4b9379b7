//! A template as it was read.

use throughline::Value;
use throughline::internals::plan::tables::{Escape, ExprOp, LoopField, TemplateFilter};

use super::date::Pattern;
use crate::source::cursor::Reference;

/// A step of a template.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Text as it is.
    Text(String),
    /// A value to write.
    Output {
        /// The value.
        term: Expression<'a>,
        /// How it is made harmless.
        escape: Escape,
        /// As it is written, and where.
        source: Reference<'a>,
    },
    /// One of two ways.
    If {
        /// What is asked.
        test: Expression<'a>,
        /// What is done if it holds.
        then: Vec<Part<'a>>,
        /// What is done otherwise.
        other: Vec<Part<'a>>,
        /// Where it stands.
        source: Reference<'a>,
    },
    /// A loop.
    For {
        /// The variable that has the item.
        variable: u32,
        /// The items.
        list: Expression<'a>,
        /// What is done for each.
        body: Vec<Part<'a>>,
        /// What is done if there is none.
        other: Vec<Part<'a>>,
        /// Where it stands.
        source: Reference<'a>,
    },
    /// Keeps a value.
    Assign(u32, Expression<'a>),
    /// Keeps what is written.
    Capture {
        /// The variable that keeps it.
        variable: u32,
        /// What writes it.
        body: Vec<Part<'a>>,
        /// Where it stands.
        source: Reference<'a>,
    },
    /// Ends the loop.
    Break(Reference<'a>),
    /// Goes on with the next item.
    Continue(Reference<'a>),
}

/// A value of a template.
#[derive(Clone, Debug)]
pub enum Expression<'a> {
    /// A text, number or boolean, or nothing.
    Constant(Value),
    /// An attribute, or a member of one: names joined by dots.
    Attribute(Reference<'a>),
    /// A variable, and the attribute of the same name that it is until something is kept in it.
    Variable(u32, Option<Reference<'a>>),
    /// What is known of a loop.
    Loop(u32, LoopField),
    /// A list of the rules.
    List(Reference<'a>),
    /// A filter of values.
    Filter(TemplateFilter, Vec<Expression<'a>>),
    /// A number as the locale writes it, with so many digits, or as money.
    Number(Box<Expression<'a>>, NumberStyle),
    /// A written time.
    Date(Box<Expression<'a>>, Pattern),
    /// Another operation, with its first operand.
    Op(ExprOp, u32, Vec<Expression<'a>>),
}

/// How a number is written.
#[derive(Clone, Debug)]
pub enum NumberStyle {
    /// With so many digits behind the point; as many as it has, without.
    Plain(Option<u32>),
    /// As money: in this currency, or in that of the rules.
    Money(Option<String>),
}

impl<'a> Expression<'a> {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Constant(Value::from(text))
    }

    /// Whether it does not hold.
    pub fn not(self) -> Self {
        Self::Op(ExprOp::Not, 0, vec![self])
    }

    /// A member of it.
    pub fn member(self, key: Self) -> Self {
        Self::Op(ExprOp::Member, 0, vec![self, key])
    }

    /// What it is made of.
    pub fn children(&self) -> Vec<&Expression<'a>> {
        match self {
            Self::Filter(_, args) | Self::Op(_, _, args) => args.iter().collect(),
            Self::Number(of, _) | Self::Date(of, _) => vec![of],
            _ => Vec::new(),
        }
    }

    /// Whether a time is written in it.
    pub fn has_date(&self) -> bool {
        matches!(self, Self::Date(..)) || self.children().into_iter().any(Self::has_date)
    }

    /// How deep it is.
    pub fn depth(&self) -> usize {
        self.children().into_iter().map(Self::depth).max().map_or(0, |depth| depth.saturating_add(1))
    }
}

impl<'a> Part<'a> {
    /// The steps inside of it.
    pub fn children(&self) -> impl Iterator<Item = &Part<'a>> {
        let (first, second): (&[Self], &[Self]) = match self {
            Self::If { then: body, other, .. } | Self::For { body, other, .. } => (body, other),
            Self::Capture { body, .. } => (body, &[]),
            _ => (&[], &[]),
        };
        first.iter().chain(second)
    }

    /// Whether a time is written in it.
    pub fn has_date(&self) -> bool {
        self.term().is_some_and(Expression::has_date) || self.children().any(Self::has_date)
    }

    /// Its value.
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
