//! The nodes of conditions: what each one means, and the check that a plan's nodes are possible.

use super::enums::wire_enum;
use super::tables::{
    Attribute, Constant, Counter, Journey, LocalPart, Node, Place, Regex, SHARED, Segment, Sequence, Text, Zone,
};
use super::{Id, Ids, Plan, PlanError};
use crate::prelude::*;

/// No condition is nested deeper than this.
pub const MAX_DEPTH: u8 = 64;
/// No condition has more nodes than this, each counted as often as it is referred to.
pub const MAX_SIZE: u32 = 1 << 20;

wire_enum! {
    /// What a node of a condition tests.
    ///
    /// Nodes that test *the subject* are evaluated against all facts; nodes that test *the value* against the value
    /// that a field or an element of a list has. A node refers only to nodes before it, so conditions end.
    Op {
        /// Always holds.
        True = 0 "true",
        /// Never holds.
        False = 1 "false",
        /// All nodes of list `a,b` hold.
        And = 2 "$and",
        /// Some node of list `a,b` holds.
        Or = 3 "$or",
        /// Node `a` does not hold.
        Not = 4 "$not",
        /// Attribute `a` of the subject satisfies node `b`.
        Attribute = 5 "attribute",
        /// The member of the value at the path of texts `a,b` satisfies node `c`.
        Member = 6 "member",
        /// The value equals constant `a`, with the conversions of a bare value in a condition.
        Is = 7 "is",
        /// The value equals constant `a` strictly.
        Eq = 8 "$eq",
        /// The value differs from constant `a`.
        Ne = 9 "$ne",
        /// The value is less than constant `a`.
        Lt = 10 "$lt",
        /// The value is at most constant `a`.
        Lte = 11 "$lte",
        /// The value is greater than constant `a`.
        Gt = 12 "$gt",
        /// The value is at least constant `a`.
        Gte = 13 "$gte",
        /// The value, or one of its elements, is among constants `a,b`, which are sorted by [`Constant::order`].
        In = 14 "$in",
        /// As `$in`, without regard to upper and lower case; the constants are in lower case.
        Ini = 15 "$ini",
        /// The value matches regular expression `a`, written as text `b`.
        Regex = 16 "$regex",
        /// The value exists (`a` is 1) or does not (`a` is 0).
        Exists = 17 "$exists",
        /// The value's type is the text `a`.
        Type = 18 "$type",
        /// The value is a list whose length satisfies node `a`.
        Size = 19 "$size",
        /// The value is a list and each node of list `a,b` holds for some element.
        All = 20 "$all",
        /// The value is a list with an element that satisfies node `a`.
        ElemMatch = 21 "$elemMatch",
        /// The value's version equals the padded version text `a`, written as text `b`.
        Veq = 22 "$veq",
        /// The value's version differs from `a`.
        Vne = 23 "$vne",
        /// The value's version is greater than `a`.
        Vgt = 24 "$vgt",
        /// The value's version is at least `a`.
        Vgte = 25 "$vgte",
        /// The value's version is less than `a`.
        Vlt = 26 "$vlt",
        /// The value's version is at most `a`.
        Vlte = 27 "$vlte",
        /// The subject is in segment `a`.
        Segment = 28 "$segment",
        /// The number of times of counter `a` within the last `c,d` milliseconds (low word, high word; 0 for ever) satisfies node `b`.
        Count = 29 "$event",
        /// The age in milliseconds of the last time of counter `a` satisfies node `b`; no time, no match.
        Recency = 30 "$recency",
        /// Now is at or after `a,b` and before `c,d` (milliseconds, low word, high word).
        Schedule = 31 "$schedule",
        /// The consent for purpose `a` has state number `b`.
        Consent = 32 "$consent",
        /// The subject's journey `a` has [`JourneyState`](super::tables::JourneyState) number `b` (or any state, if `b` is `u32::MAX`) and is at step text `c` (or anywhere, if `c` is `u32::MAX`).
        Journey = 33 "$journey",
        /// The value's text is the text `a`, without regard to upper and lower case; `a` is in lower case.
        Isi = 34 "isi",
        /// [`LocalPart`] `b` of the local time in zone `a` (the subject's, if `a` is `u32::MAX`) satisfies node `c`.
        Local = 35 "$local",
        /// The number of values of counter `a` within the last `c,d` milliseconds satisfies node `b`, as in `$event`.
        Distinct = 36 "$distinct",
        /// The sum of the values of counter `a` within the last `c,d` milliseconds satisfies node `b`.
        Sum = 37 "$sum",
        /// The value (`c` is 0) or the age in milliseconds (`c` is 1) of the first event of counter `a` satisfies node `b`.
        First = 38 "$first",
        /// The value (`c` is 0) or the age in milliseconds (`c` is 1) of the last event of counter `a` satisfies node `b`.
        Last = 39 "$last",
        /// Sequence `a` has happened.
        Sequence = 40 "$sequence",
        /// The metres to the nearest of the places `b,c` (of all, if there are none) satisfy node `d`; from the position in attribute `a`, or
        /// in the request, if `a` is `u32::MAX`.
        Distance = 41 "$distance",
    }
}

impl Node {
    /// What it tests.
    #[must_use]
    pub const fn kind(&self) -> Option<Op> {
        Op::from_number(self.op & !SHARED)
    }

    /// Whether several conditions have it.
    pub(crate) const fn is_shared(&self) -> bool {
        self.op & SHARED != 0
    }
}

/// Two words as one signed number.
#[must_use]
pub const fn wide(low: u32, high: u32) -> i64 {
    ((low as u64) | ((high as u64) << 32)).cast_signed()
}

/// One signed number as two words.
#[must_use]
pub const fn narrow(wide: i64) -> (u32, u32) {
    let bits = wide.cast_unsigned();
    ((bits & 0xffff_ffff) as u32, (bits >> 32) as u32)
}

/// Checks that every node is possible: known, with operands that exist, before itself, where it can be evaluated, and
/// neither too deep nor too large. Checks the same of what counters and segments refer to.
pub(super) fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut shapes: Vec<Extent> = Vec::with_capacity(plan.count::<Node>() as usize);
    for (id, node) in plan.rows(plan.all::<Node>()) {
        let extent = extent(plan, id, node, &shapes).ok_or(PlanError::Node { row: id.index() })?;
        shapes.push(extent);
    }
    let tests = |node: Id<Node>, target: u8| shapes.get(node.index()).is_some_and(|extent| extent.tests & target != 0);
    let mut filters = plan.rows(plan.all::<Counter>()).filter_map(|(_, row)| row.filter);
    if let Some(node) = filters.find(|node| !tests(*node, VALUE)) {
        return Err(PlanError::Node { row: node.index() });
    }
    Ok(())
}

/// A node tests the subject...
const SUBJECT: u8 = 1;
/// ...or a value; logic can do either.
const VALUE: u8 = 2;

/// What evaluating a node takes.
#[derive(Clone, Copy)]
struct Extent {
    /// How deep it is.
    depth: u8,
    /// How many nodes it has, each as often as it is referred to.
    size: u32,
    /// [`SUBJECT`], [`VALUE`], or both.
    tests: u8,
}

impl Extent {
    /// Nothing below the node.
    const LEAF: Self = Self { depth: 0, size: 0, tests: SUBJECT | VALUE };

    /// This and another part below the same node.
    fn with(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            size: self.size.saturating_add(other.size),
            tests: self.tests & other.tests,
        }
    }

    /// The node above: what is below it must be able to test `below`, and itself it tests `tests`.
    fn above(self, below: u8, tests: u8) -> Option<Self> {
        let depth = self.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        let size = self.size.checked_add(1).filter(|size| *size <= MAX_SIZE)?;
        (self.tests & below != 0).then_some(Self { depth, size, tests })
    }
}

/// The shape of the node, if it is possible.
fn extent(plan: &Plan, id: Id<Node>, node: Node, shapes: &[Extent]) -> Option<Extent> {
    let below = |child: u32| shapes.get(child as usize).copied().filter(|_| child < id.0);
    plan.bounds(|bounds| {
        let texts = |start, len| bounds.has_all(Ids::<Text>::from_words(start, len));
        let text = |text| bounds.has(Id::<Text>::new(text));
        let leaf = |possible: bool, tests| Extent::LEAF.above(tests, tests).filter(|_| possible);
        let nodes = |start, len| {
            let list = Ids::<Node>::from_words(start, len);
            bounds.has_all(list).then_some(())?;
            plan.list(list).map(|child| below(child.0)).try_fold(Extent::LEAF, |all, extent| Some(all.with(extent?)))
        };
        let logic = |extent: Extent| extent.above(extent.tests, extent.tests);
        match node.kind()? {
            Op::True | Op::False => logic(Extent::LEAF),
            Op::And | Op::Or => logic(nodes(node.a, node.b)?),
            Op::Not => logic(below(node.a)?),
            Op::Attribute => below(node.b)?.above(VALUE, SUBJECT).filter(|_| bounds.has(Id::<Attribute>::new(node.a))),
            Op::Member => below(node.c)?.above(VALUE, VALUE).filter(|_| texts(node.a, node.b)),
            Op::Size | Op::ElemMatch => below(node.a)?.above(VALUE, VALUE),
            Op::All => nodes(node.a, node.b)?.above(VALUE, VALUE),
            Op::Is | Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => {
                leaf(bounds.has(Id::<Constant>::new(node.a)), VALUE)
            }
            Op::In | Op::Ini => leaf(bounds.has_all(Ids::<Constant>::from_words(node.a, node.b)), VALUE),
            Op::Regex => leaf(bounds.has(Id::<Regex>::new(node.a)) && text(node.b), VALUE),
            Op::Exists => leaf(true, VALUE),
            Op::Type | Op::Isi => leaf(text(node.a), VALUE),
            Op::Veq | Op::Vne | Op::Vgt | Op::Vgte | Op::Vlt | Op::Vlte => leaf(text(node.a) && text(node.b), VALUE),
            Op::Consent => leaf(text(node.a), SUBJECT),
            Op::Schedule => leaf(true, SUBJECT),
            Op::Segment => {
                let condition = below(plan.get(Id::<Segment>::new(node.a))?.node.0)?;
                // A segment is evaluated once, however often it is referred to.
                Extent { size: 0, ..condition }.above(SUBJECT, SUBJECT)
            }
            Op::Count | Op::Recency | Op::Distinct | Op::Sum | Op::First | Op::Last => {
                below(node.b)?.above(VALUE, SUBJECT).filter(|_| bounds.has(Id::<Counter>::new(node.a)))
            }
            Op::Sequence => leaf(bounds.has(Id::<Sequence>::new(node.a)), SUBJECT),
            Op::Local => {
                let zone = node.a == u32::MAX || bounds.has(Id::<Zone>::new(node.a));
                below(node.c)?.above(VALUE, SUBJECT).filter(|_| zone && LocalPart::from_number(node.b).is_some())
            }
            Op::Distance => {
                let from = node.a == u32::MAX || bounds.has(Id::<Attribute>::new(node.a));
                let to = bounds.has_all(Ids::<Place>::from_words(node.b, node.c));
                below(node.d)?.above(VALUE, SUBJECT).filter(|_| from && to)
            }
            Op::Journey => {
                let step = Some(node.c).filter(|step| *step != u32::MAX).map(Id::<Text>::new);
                leaf(bounds.has(Id::<Journey>::new(node.a)) && step.is_none_or(|step| bounds.has(step)), SUBJECT)
            }
        }
    })
}
