//! The steps and values of templates: their operands, and the check that those of a plan can be written.

use super::enums::wire_enum;
use super::tables::{Attribute, Constant, DateFormat, Escape, Expr, List, NumberFormat, Part};
use super::{Plan, PlanError, Span};
use crate::prelude::*;

/// The maximum depth of a template.
pub const MAX_DEPTH: u8 = 64;
/// The maximum number of steps of a template, and of parts of a value, each counted as often as it is referred to.
pub const MAX_SIZE: u32 = 1 << 17;
/// The maximum number of variables of a template.
pub const MAX_VARIABLES: u32 = 64;

wire_enum! {
    /// The action of a template's step.
    ///
    /// Steps run in their order. A step refers only to steps before it, so a template without loops ends; each round of a
    /// loop costs fuel.
    ///
    /// | Kind | `detail` | `text` | `term` | `body` | `other` | Example |
    /// |---|---|---|---|---|---|---|
    /// | `Text` | - | the string | - | - | - | `Hello `: `Text text=4` |
    /// | `Output` | [`Escape`] number | - | the value | - | - | `{{ name }}` in HTML: `Output detail=1 term=2` |
    /// | `If` | - | - | the test | steps if it holds | steps otherwise | `{% if vip %}a{% else %}b{% endif %}`: `If term=3 body=0+1 other=1+1` |
    /// | `For` | variable of the item | - | the list | steps for each item | steps for an empty list | `{% for x in items %}`: `For detail=0 term=5 body=2+3` |
    /// | `Assign` | variable | - | the value | - | - | `{% assign y = 1 %}`: `Assign detail=1 term=6` |
    /// | `Capture` | variable | - | - | steps whose output is kept | - | `{% capture z %}`: `Capture detail=2 body=5+2` |
    /// | `Break`, `Continue` | - | - | - | - | - | `{% break %}`: `Break` |
    PartKind {
        /// Writes `text` unchanged.
        Text = 0 "text",
        /// Writes `term` with the [`Escape`] number `detail`.
        Output = 1 "output",
        /// Runs `body` if `term` holds, else `other`.
        If = 2 "if",
        /// Runs `body` for each item of `term`, which is variable `detail`; runs `other` if there is no item.
        For = 3 "for",
        /// Stores `term` in variable `detail`.
        Assign = 4 "assign",
        /// Stores the output of `body` in variable `detail`.
        Capture = 5 "capture",
        /// Ends the innermost loop.
        Break = 6 "break",
        /// Continues with the next item of the innermost loop.
        Continue = 7 "continue",
    }
    /// The operator of a template's value.
    ///
    /// `-` is an operand that is not read. A value refers only to values before it, so evaluation ends.
    ///
    /// | Op | `a` | `b` | `args` | Example: an expression, and its row |
    /// |---|---|---|---|---|
    /// | `Constant` | constant | - | - | `"x"`: `Constant 3` |
    /// | `Attribute` | attribute | [`Expected`] number | - | `age`, a number: `Attribute 2 2` |
    /// | `Variable` | variable | - | the attribute of the same name, if there is one | `x` after `assign x`: `Variable 0 - []` |
    /// | `Loop` | number of loops further out | [`LoopField`] number | - | `forloop.index`: `Loop 0 0` |
    /// | `List` | list | - | - | `lists.related`: `List 1` |
    /// | `Item` | - | - | the id | `catalogue[sku]`: `Item - - [4]` |
    /// | `Member` | - | - | the whole, the key | `cart.total`: `Member - - [2, 5]` |
    /// | `Range` | - | - | first, last | `(1..3)`: `Range - - [6, 7]` |
    /// | `Filter` | [`TemplateFilter`] number | number or date format, of those two filters | the input, the filter's arguments | `name \| upcase`: `Filter 1 - [2]` |
    /// | `Eq`, `Lt`, `Lte`, `Contains`, `And`, `Or` | - | - | the two sides | `a == b`: `Eq - - [2, 3]` |
    /// | `Not` | - | - | the value | `a != b`: `Not - - [8]`, where value 8 is `a == b` |
    /// | `Blank` | 1 if white space and `false` count as blank, else 0 | - | the value | `name == blank`: `Blank 1 - [2]` |
    ExprOp {
        /// Constant `a`.
        Constant = 0 "constant",
        /// Attribute `a` of the subject if its value has type `b`, else nothing.
        Attribute = 1 "attribute",
        /// Variable `a`; until a value is stored in it, the first of `args` if there is one.
        Variable = 2 "variable",
        /// Field `b` of the loop `a` loops further out.
        Loop = 3 "forloop",
        /// List `a`.
        List = 4 "lists",
        /// The catalogue item with the id `args[0]`.
        Item = 5 "catalogue",
        /// The member `args[1]` of `args[0]`.
        Member = 6 "member",
        /// The whole numbers from `args[0]` to `args[1]`.
        Range = 7 "range",
        /// Filter `a` applied to `args`, with format `b`.
        Filter = 8 "filter",
        /// Whether `args` are equal.
        Eq = 9 "==",
        /// Whether the first is less than the second.
        Lt = 10 "<",
        /// Whether the first is at most the second.
        Lte = 11 "<=",
        /// Whether the first contains the second.
        Contains = 12 "contains",
        /// Whether both hold.
        And = 13 "and",
        /// Whether one holds.
        Or = 14 "or",
        /// Whether it does not hold.
        Not = 15 "not",
        /// Whether it is nothing, or an empty string, list or object.
        Blank = 16 "blank",
    }
    /// The type of values that an attribute can have; other values are treated as missing.
    Expected {
        /// Any value.
        Any = 0 "any",
        /// A string, number or boolean.
        Text = 1 "text",
        /// A number.
        Number = 2 "number",
        /// True or false.
        Boolean = 3 "boolean",
        /// A list.
        List = 4 "list",
        /// An object.
        Object = 5 "object",
    }
    /// A property of a loop.
    LoopField {
        /// The number of the round, from 1.
        Index = 0 "index",
        /// The number of the round, from 0.
        Index0 = 1 "index0",
        /// The number of rounds left, including this one.
        Rindex = 2 "rindex",
        /// The number of rounds left, without this one.
        Rindex0 = 3 "rindex0",
        /// Whether it is the first round.
        First = 4 "first",
        /// Whether it is the last round.
        Last = 5 "last",
        /// The number of rounds.
        Length = 6 "length",
    }
    /// A filter. Filters that the compiler expresses by others are not in the list.
    TemplateFilter {
        /// The second if the first is nothing, empty or false; false is kept if the third holds.
        Default = 0 "default",
        /// In upper case.
        Upcase = 1 "upcase",
        /// In lower case.
        Downcase = 2 "downcase",
        /// The first character in upper case, the others in lower case.
        Capitalize = 3 "capitalize",
        /// Without white space around it.
        Strip = 4 "strip",
        /// Without white space before it.
        Lstrip = 5 "lstrip",
        /// Without white space after it.
        Rstrip = 6 "rstrip",
        /// Truncated to a number of characters.
        Truncate = 7 "truncate",
        /// Truncated to a number of words.
        Truncatewords = 8 "truncatewords",
        /// Every occurrence of the second replaced by the third.
        Replace = 9 "replace",
        /// The first occurrence of the second replaced by the third.
        ReplaceFirst = 10 "replace_first",
        /// Followed by the second.
        Append = 11 "append",
        /// Preceded by the second.
        Prepend = 12 "prepend",
        /// The strings between occurrences of the second.
        Split = 13 "split",
        /// The strings of a list, joined by the second.
        Join = 14 "join",
        /// Sorted; by a field, if there is a second.
        Sort = 15 "sort",
        /// Sorted, ignoring case.
        SortNatural = 16 "sort_natural",
        /// The items whose field equals the third, or is truthy if there is no third.
        Where = 17 "where",
        /// The fields of the items.
        Map = 18 "map",
        /// Without duplicates.
        Uniq = 19 "uniq",
        /// Without items that are nothing.
        Compact = 20 "compact",
        /// Followed by the items of the second.
        Concat = 21 "concat",
        /// From the last to the first.
        Reverse = 22 "reverse",
        /// The part from the second on with the length of the third.
        Slice = 23 "slice",
        /// As `slice`, for loops: to the end if the third is nothing.
        Window = 24 "window",
        /// The sum of two numbers.
        Plus = 25 "plus",
        /// Their difference.
        Minus = 26 "minus",
        /// Their product.
        Times = 27 "times",
        /// Their quotient, rounded down if both are whole.
        DividedBy = 28 "divided_by",
        /// Their quotient.
        DividedExactly = 29 "divided_exactly",
        /// The remainder of a division.
        Modulo = 30 "modulo",
        /// Rounded to a number of digits.
        Round = 31 "round",
        /// Rounded down.
        Floor = 32 "floor",
        /// Rounded up.
        Ceil = 33 "ceil",
        /// Without a sign.
        Abs = 34 "abs",
        /// The greater of two numbers.
        AtLeast = 35 "at_least",
        /// The lesser of two numbers.
        AtMost = 36 "at_most",
        /// The sum of a list.
        Sum = 37 "sum",
        /// Percent-encoded, with `+` for spaces.
        UrlEncode = 38 "url_encode",
        /// Its JSON text.
        Json = 39 "json",
        /// Formatted with the number format `b`.
        Number = 40 "number",
        /// Formatted with the date format `b`.
        Date = 41 "date",
    }
    /// The part of a time that a piece of a format writes.
    DateField {
        /// The first of the names, independent of the time.
        Text = 0 "text",
        /// The year.
        Year = 1 "year",
        /// The last two digits of the year.
        ShortYear = 2 "short-year",
        /// The month, or its name.
        Month = 3 "month",
        /// The day of the month.
        Day = 4 "day",
        /// The day of the year.
        YearDay = 5 "year-day",
        /// The day of the week from Sunday, 0, or its name.
        Weekday = 6 "weekday",
        /// The day of the week from Monday, 1, to Sunday, 7.
        IsoWeekday = 7 "iso-weekday",
        /// The hour of 24.
        Hour = 8 "hour",
        /// The hour of 12.
        Hour12 = 9 "hour-12",
        /// The half of the day, 0 or 1, or its name.
        Half = 10 "half",
        /// The minute.
        Minute = 11 "minute",
        /// The second.
        Second = 12 "second",
    }
}

/// The bounds on a template or value: its depth, and the number of its parts.
#[derive(Clone, Copy)]
struct Extent {
    depth: u8,
    size: u32,
}

impl Extent {
    const LEAF: Self = Self { depth: 0, size: 1 };

    /// Returns the extent with another part below.
    fn over(self, below: Self) -> Option<Self> {
        let depth = below.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        let size = self.size.checked_add(below.size).filter(|size| *size <= MAX_SIZE)?;
        Some(Self { depth: self.depth.max(depth), size })
    }
}

impl Part {
    /// Returns the escaping of a [`PartKind::Output`] step. [`check`] refuses steps without one.
    pub(crate) const fn escape(&self) -> Option<Escape> {
        Escape::from_number(self.detail)
    }
}

impl Expr {
    /// Returns the type that an [`ExprOp::Attribute`] value expects. [`check`] refuses values without one.
    pub(crate) const fn expected(&self) -> Option<Expected> {
        Expected::from_number(self.b)
    }

    /// Returns the field of an [`ExprOp::Loop`] value. [`check`] refuses values without one.
    pub(crate) const fn loop_field(&self) -> Option<LoopField> {
        LoopField::from_number(self.b)
    }

    /// Returns the filter of an [`ExprOp::Filter`] value. [`check`] refuses values without one.
    pub(crate) const fn filter(&self) -> Option<TemplateFilter> {
        TemplateFilter::from_number(self.a)
    }
}

/// Checks that every step and value can be written, in bounded time.
///
/// - Its operands exist, and every number among them is known.
/// - It refers only to steps and values before itself.
/// - It is neither deeper than [`MAX_DEPTH`] nor larger than [`MAX_SIZE`].
pub(super) fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut terms: Vec<Extent> = Vec::with_capacity(plan.count::<Expr>() as usize);
    for (id, term) in plan.rows(plan.all::<Expr>()) {
        terms.push(expression_extent(plan, term, &terms).ok_or(PlanError::Template { row: id.index() })?);
    }
    let mut parts: Vec<Extent> = Vec::with_capacity(plan.count::<Part>() as usize);
    for (id, part) in plan.rows(plan.all::<Part>()) {
        parts.push(part_extent(&part, &parts).ok_or(PlanError::Template { row: id.index() })?);
    }
    Ok(())
}

/// Returns the extent of a value if it can be evaluated.
fn expression_extent(plan: &Plan, term: Expr, terms: &[Extent]) -> Option<Extent> {
    let args = plan.list(term.args).map(|arg| terms.get(arg.index()));
    let shape = args.clone().try_fold(Extent::LEAF, |shape, below| shape.over(*below?))?;
    let is_valid = match term.op {
        ExprOp::Constant => term.a < plan.count::<Constant>(),
        ExprOp::Attribute => term.a < plan.count::<Attribute>() && term.expected().is_some(),
        ExprOp::Variable => term.a < MAX_VARIABLES,
        ExprOp::Loop => term.loop_field().is_some(),
        ExprOp::List => term.a < plan.count::<List>(),
        ExprOp::Filter => match term.filter()? {
            TemplateFilter::Number => term.b < plan.count::<NumberFormat>(),
            TemplateFilter::Date => term.b < plan.count::<DateFormat>(),
            _ => true,
        },
        ExprOp::Blank => term.a <= 1,
        _ => true,
    };
    is_valid.then_some(shape)
}

/// Returns the extent of a step if it can be run.
fn part_extent(part: &Part, parts: &[Extent]) -> Option<Extent> {
    let is_valid = match part.kind {
        PartKind::Text => part.text.is_some(),
        PartKind::Output => part.term.is_some() && part.escape().is_some(),
        PartKind::If => part.term.is_some(),
        PartKind::For | PartKind::Assign => part.term.is_some() && part.detail < MAX_VARIABLES,
        PartKind::Capture => part.detail < MAX_VARIABLES,
        PartKind::Break | PartKind::Continue => true,
    };
    let below = |span: Span<Part>| span.iter().map(|id| parts.get(id.index()));
    let shape = below(part.body).chain(below(part.other)).try_fold(Extent::LEAF, |shape, below| shape.over(*below?))?;
    is_valid.then_some(shape)
}
