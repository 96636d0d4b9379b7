//! Templates, and what they write: formats, and items of the catalogue.

use super::{Attribute, Constant, DateField, ExprOp, PartKind, Text};
use crate::plan::row::{Id, Ids, Span, tables};
use crate::prelude::*;

tables! {
    /// A step of a template. [`PartKind`] has the table of fields that each kind uses.
    ///
    /// INVARIANT: a step refers only to steps before it, so every template is finite.
    15 Part {
        /// The action.
        kind: PartKind,
        /// The number of an [`Escape`](super::Escape), or of a variable.
        detail: u32,
        /// A literal string.
        text: Option<Id<Text>>,
        /// The value that is inserted, tested, iterated or assigned.
        term: Option<Id<Expr>>,
        /// The steps to run if the value holds, or for each item.
        body: Span<Part>,
        /// The steps to run otherwise.
        other: Span<Part>,
    }
    /// A value of a template. [`ExprOp`] has the table of operands.
    ///
    /// INVARIANT: a value refers only to values before it, so every value is finite.
    50 Expr {
        /// The operator.
        op: ExprOp,
        /// The first operand.
        a: u32,
        /// The second operand.
        b: u32,
        /// The values that it is computed from.
        args: Ids<Expr>,
    }
    /// The format of numbers in one locale, and possibly in one currency.
    51 NumberFormat {
        /// The decimal separator.
        point: Id<Text>,
        /// The separator of groups of digits.
        group: Id<Text>,
        /// The number of digits of the last group; zero for no groups.
        last_group: u32,
        /// The number of digits of the other groups.
        groups: u32,
        /// The minimum number of fraction digits.
        least: u32,
        /// The maximum number of fraction digits.
        most: u32,
        /// The string before the number.
        before: Id<Text>,
        /// The string after it.
        after: Id<Text>,
    }
    /// The format of a time.
    52 DateFormat {
        /// The pieces in their order.
        pieces: Span<DatePiece>,
    }
    /// A piece of a formatted time.
    53 DatePiece {
        /// The part of the time that it writes.
        field: DateField,
        /// The minimum number of digits of a number.
        width: u32,
        /// The character that pads a number.
        fill: char,
        /// A literal string, or the names of months, weekdays, and halves of days.
        names: Ids<Text>,
    }
    /// An item of the catalogue.
    ///
    /// INVARIANT: the rows are sorted by the string of `id`, because items are found by binary search.
    54 Item {
        /// The id.
        id: Id<Text>,
        /// The names of the fields.
        fields: Ids<Text>,
        /// The values of the fields, in the order of their names.
        values: Ids<Constant>,
    }
    /// A list of catalogue items for one subject.
    55 List {
        /// The id.
        id: Id<Text>,
        /// The attribute with the ids of the items, in their order; `None` for all items.
        from: Option<Id<Attribute>>,
        /// The items that may be in the list: sorted by number if `from` is set, otherwise in the order of the list.
        items: Ids<Item>,
        /// Attributes with ids of items that are left out.
        without: Ids<Attribute>,
        /// The maximum number of items.
        limit: u32,
    }
}
