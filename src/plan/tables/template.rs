//! Templates, and what they write: formats, and things of the catalogue.

use super::{Attribute, Constant, Text};
use crate::plan::row::{Id, Ids, Span, tables};
use crate::prelude::*;

tables! {
    /// A step of a template. It refers only to steps before it.
    15 Part {
        /// A [`PartKind`](super::PartKind) as a number.
        kind: u32,
        /// An [`Escape`](super::Escape) as a number, or the number of a variable.
        detail: u32,
        /// Text as it is.
        text: Option<Id<Text>>,
        /// What is inserted, asked, gone through or kept.
        term: Option<Id<Expr>>,
        /// What is done if it holds, or for each item.
        body: Span<Part>,
        /// What is done otherwise.
        other: Span<Part>,
    }
    /// A value of a template. It refers only to values before it.
    50 Expr {
        /// A [`ExprOp`](super::ExprOp) as a number.
        op: u32,
        /// First operand; what it means is said at [`ExprOp`](super::ExprOp).
        a: u32,
        /// Second operand.
        b: u32,
        /// The values that it is made of.
        args: Ids<Expr>,
    }
    /// How numbers are written in one locale, and possibly one currency.
    51 NumberFormat {
        /// What stands before the fraction.
        point: Id<Text>,
        /// What stands between groups of digits.
        group: Id<Text>,
        /// How many digits the last group has; zero for no groups.
        last_group: u32,
        /// How many digits the other groups have.
        groups: u32,
        /// How many digits the fraction has at least...
        least: u32,
        /// ...and at most.
        most: u32,
        /// What stands before the number.
        before: Id<Text>,
        /// What stands after it.
        after: Id<Text>,
    }
    /// How a time is written.
    52 DateFormat {
        /// Its pieces in their order.
        pieces: Span<DatePiece>,
    }
    /// A piece of a written time.
    53 DatePiece {
        /// A [`DateField`](super::DateField) as a number.
        field: u32,
        /// How many digits a number has at least.
        width: u32,
        /// The character that fills up a number.
        fill: u32,
        /// Text as it is, or the names of months, weekdays, and halves of days.
        names: Ids<Text>,
    }
    /// A thing of the catalogue; the rows are sorted by the text of `id`.
    54 Item {
        /// Its id.
        id: Id<Text>,
        /// The names of its fields...
        fields: Ids<Text>,
        /// ...and their values.
        values: Ids<Constant>,
    }
    /// Things of the catalogue for one subject.
    55 List {
        /// Its id.
        id: Id<Text>,
        /// The attribute with the ids of the things, in their order; none for all things.
        from: Option<Id<Attribute>>,
        /// The things that may be in it: those of an attribute sorted by number, all of them in their order.
        items: Ids<Item>,
        /// Attributes with ids of things that are not in it.
        without: Ids<Attribute>,
        /// It has at most so many.
        limit: u32,
    }
}
