//! The steps and values of templates: what each one means, and the check that a plan's are possible.

use super::enums::wire_enum;
use super::tables::{Attribute, Constant, DateFormat, Expr, List, NumberFormat, Part};
use super::{Plan, PlanError, Span};
use crate::prelude::*;

/// No template is nested deeper than this.
pub const MAX_DEPTH: u8 = 64;
/// No template has more steps, and no value more parts, each counted as often as it is referred to.
pub const MAX_SIZE: u32 = 1 << 17;
/// No template has more variables than this.
pub const MAX_VARIABLES: u32 = 64;

wire_enum! {
    /// What a step of a template does.
    PartKind {
        /// Writes `text` as it is.
        Text = 0 "text",
        /// Writes `term`, made harmless by the [`Escape`](super::tables::Escape) number `detail`.
        Output = 1 "output",
        /// Does `body` if `term` holds, else `other`.
        If = 2 "if",
        /// Does `body` for each item of `term`, which is variable `detail`; `other` if there is none.
        For = 3 "for",
        /// Keeps `term` in variable `detail`.
        Assign = 4 "assign",
        /// Keeps what `body` writes in variable `detail`.
        Capture = 5 "capture",
        /// Ends the innermost loop.
        Break = 6 "break",
        /// Goes on with the next item of the innermost loop.
        Continue = 7 "continue",
    }
    /// What a value of a template is.
    ExprOp {
        /// Constant `a`.
        Constant = 0 "constant",
        /// Attribute `a` of the subject, if it is of [`Expected`] type number `b`.
        Attribute = 1 "attribute",
        /// Variable `a`; the first of `args`, if there is one, until something is kept in it.
        Variable = 2 "variable",
        /// The [`LoopField`] number `b` of the loop `a` loops further out.
        Loop = 3 "forloop",
        /// List `a`.
        List = 4 "lists",
        /// The thing of the catalogue with the id `args[0]`.
        Item = 5 "catalogue",
        /// The member `args[1]` of `args[0]`.
        Member = 6 "member",
        /// The whole numbers from `args[0]` to `args[1]`.
        Range = 7 "range",
        /// The [`TemplateFilter`] number `a` of `args`; `b` is the number of the format of a number or time.
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
        /// Whether it is nothing, or a text or list without content; white space is no content if `a` is 1.
        Blank = 16 "blank",
    }
    /// Which values an attribute can have; others are as good as missing.
    Expected {
        /// Any value.
        Any = 0 "any",
        /// A text, number or boolean.
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
    /// What can be said of a loop.
    LoopField {
        /// The number of the round, from 1.
        Index = 0 "index",
        /// The number of the round, from 0.
        Index0 = 1 "index0",
        /// How many rounds are left, with this one.
        Rindex = 2 "rindex",
        /// How many rounds are left, without this one.
        Rindex0 = 3 "rindex0",
        /// Whether it is the first round.
        First = 4 "first",
        /// Whether it is the last round.
        Last = 5 "last",
        /// How many rounds there are.
        Length = 6 "length",
    }
    /// What a filter does; those that are written with others are not here.
    TemplateFilter {
        /// The second where the first is nothing, empty or false; false is kept if the third holds.
        Default = 0 "default",
        /// In capital letters.
        Upcase = 1 "upcase",
        /// In small letters.
        Downcase = 2 "downcase",
        /// The first letter in capitals, the others in small letters.
        Capitalize = 3 "capitalize",
        /// Without white space around it.
        Strip = 4 "strip",
        /// Without white space before it.
        Lstrip = 5 "lstrip",
        /// Without white space after it.
        Rstrip = 6 "rstrip",
        /// Cut to so many characters.
        Truncate = 7 "truncate",
        /// Cut to so many words.
        Truncatewords = 8 "truncatewords",
        /// The second replaced by the third.
        Replace = 9 "replace",
        /// The first one of the second replaced by the third.
        ReplaceFirst = 10 "replace_first",
        /// Followed by the second.
        Append = 11 "append",
        /// Preceded by the second.
        Prepend = 12 "prepend",
        /// The texts between the second.
        Split = 13 "split",
        /// The texts of a list, with the second between them.
        Join = 14 "join",
        /// In order; by a field, if there is a second.
        Sort = 15 "sort",
        /// In order, without regard to capitals.
        SortNatural = 16 "sort_natural",
        /// The items whose field is the third, or holds.
        Where = 17 "where",
        /// The fields of the items.
        Map = 18 "map",
        /// Without repetitions.
        Uniq = 19 "uniq",
        /// Without nothing.
        Compact = 20 "compact",
        /// Followed by the items of the second.
        Concat = 21 "concat",
        /// From the last to the first.
        Reverse = 22 "reverse",
        /// From the second on, as many as the third.
        Slice = 23 "slice",
        /// As `slice`, for loops: without an end if the third is nothing.
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
        /// What is left of a division.
        Modulo = 30 "modulo",
        /// Rounded to so many digits.
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
        /// Written in the number format `b`.
        Number = 40 "number",
        /// Written in the date format `b`.
        Date = 41 "date",
    }
    /// What a piece of a written time is.
    DateField {
        /// The first of the names, whatever the time.
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

/// How deep something is, and how many parts it has.
#[derive(Clone, Copy)]
struct Extent {
    depth: u8,
    size: u32,
}

impl Extent {
    const LEAF: Self = Self { depth: 0, size: 1 };

    /// With another part below.
    fn over(self, below: Self) -> Option<Self> {
        let depth = below.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        let size = self.size.checked_add(below.size).filter(|size| *size <= MAX_SIZE)?;
        Some(Self { depth: self.depth.max(depth), size })
    }
}

/// Checks that every step and value is possible: known, with operands that exist and stand before it, and neither too
/// deep nor too large.
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

fn expression_extent(plan: &Plan, term: Expr, terms: &[Extent]) -> Option<Extent> {
    let args = plan.list(term.args).map(|arg| terms.get(arg.index()));
    let shape = args.clone().try_fold(Extent::LEAF, |shape, below| shape.over(*below?))?;
    let is_possible = match ExprOp::from_number(term.op)? {
        ExprOp::Constant => term.a < plan.count::<Constant>(),
        ExprOp::Attribute => term.a < plan.count::<Attribute>(),
        ExprOp::Variable => term.a < MAX_VARIABLES,
        ExprOp::List => term.a < plan.count::<List>(),
        ExprOp::Filter => match TemplateFilter::from_number(term.a)? {
            TemplateFilter::Number => term.b < plan.count::<NumberFormat>(),
            TemplateFilter::Date => term.b < plan.count::<DateFormat>(),
            _ => true,
        },
        _ => true,
    };
    is_possible.then_some(shape)
}

fn part_extent(part: &Part, parts: &[Extent]) -> Option<Extent> {
    let is_whole = match PartKind::from_number(part.kind)? {
        PartKind::Text => part.text.is_some(),
        PartKind::Output | PartKind::If => part.term.is_some(),
        PartKind::For | PartKind::Assign => part.term.is_some() && part.detail < MAX_VARIABLES,
        PartKind::Capture => part.detail < MAX_VARIABLES,
        PartKind::Break | PartKind::Continue => true,
    };
    let below = |span: Span<Part>| span.iter().map(|id| parts.get(id.index()));
    let shape = below(part.body).chain(below(part.other)).try_fold(Extent::LEAF, |shape, below| shape.over(*below?))?;
    is_whole.then_some(shape)
}
