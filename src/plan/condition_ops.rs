//! The operators of condition nodes: their operands, and the check that every node of a plan can be evaluated.

use super::enums::wire_enum;
use super::row::{FLAG, Field, Kind, word};
use super::tables::{
    Attribute, Constant, Counter, Journey, JourneyState, LocalPart, Node, Place, Regex, Segment, Sequence, Text, Zone,
};
use super::{Id, Ids, Plan, PlanError};
use crate::condition::{HashWords, RANGE};
use crate::event::consent::Consent;
use crate::prelude::*;

/// The maximum depth of a condition.
pub const MAX_DEPTH: u8 = 64;
/// The maximum number of nodes of a condition, each counted as often as it is referred to.
pub const MAX_SIZE: u32 = 1 << 20;

wire_enum! {
    /// The operator of a condition node.
    ///
    /// Nodes that test *the subject* are evaluated against all facts; nodes that test *the value* against the value of an
    /// attribute, a member or an element of a list. A node refers only to nodes before it, so evaluation ends.
    ///
    /// # Operands
    ///
    /// `n` is the id of a node, `k` of a constant, `t` of a string, `c` of a counter. `list` is a list in two words, its
    /// start and its length; `span` is a length of time in two words, in milliseconds, the low word first. `-` is an
    /// operand that is not read. `NONE` is `u32::MAX`.
    ///
    /// `own` is 1 in the rules' own dialect. There a missing value passes no test, except that it differs from every other
    /// value, and a fact is read as the type of the constant. It is 0 in GrowthBook's dialect.
    ///
    /// | Op | Tests | `a` | `b` | `c` | `d` | Example: a condition, and the operands of its node |
    /// |---|---|---|---|---|---|---|
    /// | `True`, `False` | both | - | - | - | - | `{}`: `True` |
    /// | `And`, `Or` | both | list of `n` | list | - | - | `{ tier: gold, age: 30 }`: `And 0 2`, list 0..2 = nodes 1, 3 |
    /// | `Not` | both | `n` | - | - | - | `{ $not: { tier: gold } }`: `Not 1` |
    /// | `Attribute` | subject | attribute | `n` on its value | 0 as it is, 1 read as its type, 2 a date as the time from now until then | - | `{ tier: gold }`: node 0 `Is 7 - 1`, node 1 `Attribute 2 0 1` |
    /// | `Member` | value | path, list of `t` | list | `n` on the member | - | `{ props.size: L }` in a filter: `Member 4 2 0` |
    /// | `Is`, `Lt`, `Lte`, `Gt`, `Gte` | value | `k` | - | own | - | `{ $gt: 100 }`: `Gt 5 - 1`, constant 5 = 100 |
    /// | `Eq`, `Ne` | value | `k` | - | - | - | `{ $eq: 100 }`: `Eq 5` |
    /// | `In`, `Ini` | value | list of `k` | list | - | - | `{ $in: [silver, gold] }`: `In 6 2`, list 6..8 = constants 7, 9 |
    /// | `Regex` | value | regular expression | `t`, as written | own | - | `{ $regex: ^a }`: `Regex 0 12 1`, string 12 = `/^a/` |
    /// | `Exists` | value | 1 or 0 | - | - | - | `{ $exists: false }`: `Exists 0` |
    /// | `Type` | value | `t` | - | - | - | `{ $type: number }`: `Type 13` |
    /// | `Isi` | value | `t` | - | own | - | `{ $alli: [A] }`: node 0 `Isi 13 - 1`, string 13 = `a` |
    /// | `Size`, `ElemMatch` | value | `n` on the length, on an element | - | - | - | `{ $size: 3 }`: node 0 `Is 4`, node 1 `Size 0` |
    /// | `All` | value | list of `n` on elements | list | - | - | `{ $all: [a, b] }`: `All 8 2` |
    /// | `Veq`, `Vne`, `Vgt`, `Vgte`, `Vlt`, `Vlte` | value | `t`, padded version; not read if own | `t`, as written | own | - | `{ $vgt: 1.2 }`: `Vgt 15 15 1` |
    /// | `Segment` | subject | segment | - | - | - | `{ $segment: loyal }`: `Segment 0` |
    /// | `Count`, `Distinct`, `Sum` | subject | `c` | `n` on the number | span, 0 for all time | span | `{ $event: ..., count: { $gte: 2 }, within: 1d }`: `Count 0 1 86400000 0` |
    /// | `Recency` | subject | `c` | `n` on the age | - | - | `{ $recency: ... }`: `Recency 0 1` |
    /// | `First`, `Last` | subject | `c` | `n` on the value or age | 0 value, 1 age | - | the age of the last order: `Last 0 1 1` |
    /// | `Schedule` | subject | from, low | from, high | until, low | until, high | two times in milliseconds since 1970 |
    /// | `Consent` | subject | `t`, purpose | [`Consent`] number | - | - | `{ $consent: ads }`: `Consent 16 2` |
    /// | `Journey` | subject | journey | [`JourneyState`] number or `NONE` | `t`, step, or `NONE` | - | `{ $journey: { id: cart, state: active } }`: `Journey 0 0 NONE` |
    /// | `Local` | subject | zone, or `NONE` for the subject's | [`LocalPart`] number | `n` on the part | - | the hour of the day: `Local NONE 0 1` |
    /// | `Sequence` | subject | sequence | - | - | - | `Sequence 0` |
    /// | `InCidr` | value | list of words, eight for each range: its first address and its last one | list | list of `t`, as written | list | `{ $inCidr: [10.0.0.0/8] }`: `InCidr 9 8 17 1` |
    /// | `InHashed` | value | list of words, four for each hash | list | `t`, salt | - | `{ $inHashed: [ann] }`: `InHashed 18 4 20` |
    /// | `Distance` | subject | attribute with the position, or `NONE` for the request's | list of places, empty for all | list | `n` on the metres | `Distance NONE 9 1 2` |
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
        /// Attribute `a` of the subject, read as `c` says, satisfies node `b`.
        Attribute = 5 "attribute",
        /// The member of the value at the path `a,b` satisfies node `c`.
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
        /// The value, or one of its elements, is among constants `a,b`. INVARIANT: they are sorted by [`Constant::order`].
        In = 14 "$in",
        /// As [`Self::In`], ignoring case; the constants are in lower case.
        Ini = 15 "$ini",
        /// The value matches regular expression `a`; string `b` is its source, for explanations.
        Regex = 16 "$regex",
        /// The value exists if `a` is 1, and is missing if `a` is 0.
        Exists = 17 "$exists",
        /// The value's type is the string `a`.
        Type = 18 "$type",
        /// The value is a list whose length satisfies node `a`.
        Size = 19 "$size",
        /// The value is a list, and each node of list `a,b` holds for some element.
        All = 20 "$all",
        /// The value is a list with an element that satisfies node `a`.
        ElemMatch = 21 "$elemMatch",
        /// The value's version equals the padded version `a`, or in the rules' own dialect the version `b`.
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
        /// The number of occurrences of counter `a` within the last `c,d` milliseconds satisfies node `b`.
        Count = 29 "$event",
        /// The age in milliseconds of the last occurrence of counter `a` satisfies node `b`; false without an occurrence.
        Recency = 30 "$recency",
        /// Now is at or after `a,b` and before `c,d`.
        Schedule = 31 "$schedule",
        /// The consent for purpose `a` has state `b`.
        Consent = 32 "$consent",
        /// The subject's journey `a` has state `b` and is at step `c`.
        Journey = 33 "$journey",
        /// The value as a string is the string `a`, ignoring case; `a` is in lower case.
        Isi = 34 "isi",
        /// Part `b` of the local time in zone `a` satisfies node `c`.
        Local = 35 "$local",
        /// The number of distinct values of counter `a` within the last `c,d` milliseconds satisfies node `b`.
        Distinct = 36 "$distinct",
        /// The sum of the values of counter `a` within the last `c,d` milliseconds satisfies node `b`.
        Sum = 37 "$sum",
        /// The value (`c` is 0) or the age in milliseconds (`c` is 1) of the first event of counter `a` satisfies node `b`.
        First = 38 "$first",
        /// The value (`c` is 0) or the age in milliseconds (`c` is 1) of the last event of counter `a` satisfies node `b`.
        Last = 39 "$last",
        /// Sequence `a` has happened.
        Sequence = 40 "$sequence",
        /// The metres from the position `a` to the nearest of places `b,c` satisfy node `d`.
        Distance = 41 "$distance",
        /// The value, or one of its elements, is an IP address in one of the ranges `a,b`; strings `c,d` are the networks as
        /// written, for explanations.
        InCidr = 42 "$inCidr",
        /// The hash with salt `c` of the value, or of one of its elements, is among the hashes `a,b`.
        InHashed = 43 "$inHashed",
    }
}

/// The operator of a node, in one word with the mark of shared nodes ([`FLAG`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeOp {
    /// The operator.
    pub op: Op,
    /// Whether several conditions have the node, so that its result is worth caching.
    pub shared: bool,
}

impl From<Op> for NodeOp {
    fn from(op: Op) -> Self {
        Self { op, shared: false }
    }
}

impl Field for NodeOp {
    const KIND: Kind = Kind::FlaggedEnum(Op::VARIANTS);
    #[inline]
    fn read(words: &[u32], at: usize) -> Option<Self> {
        let word = word(words, at);
        Some(Self { op: Op::from_number(word & !FLAG)?, shared: word & FLAG != 0 })
    }
    fn write(self, out: &mut Vec<u32>) {
        out.push(self.op as u32 | if self.shared { FLAG } else { 0 });
    }
}

impl Node {
    /// Returns a node with these operands that is not shared.
    #[must_use]
    pub fn new(op: Op, [a, b, c, d]: [u32; 4]) -> Self {
        Self { op: op.into(), a, b, c, d }
    }

    /// Returns the operator.
    #[must_use]
    pub const fn kind(&self) -> Op {
        self.op.op
    }

    /// Returns whether this test of a value belongs to the rules' own dialect.
    pub(crate) const fn is_own(&self) -> bool {
        self.c == 1
    }

    /// Returns the consent state that an [`Op::Consent`] node tests. [`check`] refuses nodes without one.
    pub(crate) const fn consent(&self) -> Option<Consent> {
        Consent::from_number(self.b)
    }

    /// Returns the part of the local time that an [`Op::Local`] node tests. [`check`] refuses nodes without one.
    pub(crate) const fn local_part(&self) -> Option<LocalPart> {
        LocalPart::from_number(self.b)
    }
}

/// Returns two words as one signed number.
#[must_use]
pub const fn wide(low: u32, high: u32) -> i64 {
    ((low as u64) | ((high as u64) << 32)).cast_signed()
}

/// Returns one signed number as two words.
#[must_use]
pub const fn narrow(wide: i64) -> (u32, u32) {
    let bits = wide.cast_unsigned();
    ((bits & 0xffff_ffff) as u32, (bits >> 32) as u32)
}

/// Checks that every node can be evaluated, in bounded time.
///
/// - Its operands exist, and every number among them is known.
/// - It refers only to nodes before itself, and only to nodes that test what it hands them: the subject, or a value.
/// - It is neither deeper than [`MAX_DEPTH`] nor larger than [`MAX_SIZE`].
/// - The filters of counters test a value.
pub(super) fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut extents: Vec<Extent> = Vec::with_capacity(plan.count::<Node>() as usize);
    for (id, node) in plan.rows(plan.all::<Node>()) {
        let extent = extent(plan, id, node, &extents).ok_or(PlanError::Node { row: id.index() })?;
        extents.push(extent);
    }
    let tests = |node: Id<Node>, target: u8| extents.get(node.index()).is_some_and(|extent| extent.tests & target != 0);
    let mut filters = plan.rows(plan.all::<Counter>()).filter_map(|(_, row)| row.filter);
    if let Some(node) = filters.find(|node| !tests(*node, VALUE)) {
        return Err(PlanError::Node { row: node.index() });
    }
    Ok(())
}

/// The bit of nodes that can test the subject.
const SUBJECT: u8 = 1;
/// The bit of nodes that can test a value. Logical operators can test both.
const VALUE: u8 = 2;

/// The bounds on the evaluation of a node.
#[derive(Clone, Copy)]
struct Extent {
    /// The number of levels.
    depth: u8,
    /// The number of nodes, each counted as often as it is referred to.
    size: u32,
    /// [`SUBJECT`], [`VALUE`], or both.
    tests: u8,
}

impl Extent {
    /// The extent below a node without children.
    const LEAF: Self = Self { depth: 0, size: 0, tests: SUBJECT | VALUE };

    /// Returns the extent of two parts below the same node.
    fn with(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            size: self.size.saturating_add(other.size),
            tests: self.tests & other.tests,
        }
    }

    /// Returns the extent of the node above, which tests `tests` and needs children that can test `below`.
    fn above(self, below: u8, tests: u8) -> Option<Self> {
        let depth = self.depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
        let size = self.size.checked_add(1).filter(|size| *size <= MAX_SIZE)?;
        (self.tests & below != 0).then_some(Self { depth, size, tests })
    }
}

/// Returns the extent of the node if it can be evaluated.
fn extent(plan: &Plan, id: Id<Node>, node: Node, extents: &[Extent]) -> Option<Extent> {
    let below = |child: u32| extents.get(child as usize).copied().filter(|_| child < id.0);
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
        match node.kind() {
            Op::True | Op::False => logic(Extent::LEAF),
            Op::And | Op::Or => logic(nodes(node.a, node.b)?),
            Op::Not => logic(below(node.a)?),
            Op::Attribute => {
                let is_known = node.c <= 2 && bounds.has(Id::<Attribute>::new(node.a));
                below(node.b)?.above(VALUE, SUBJECT).filter(|_| is_known)
            }
            Op::Member => below(node.c)?.above(VALUE, VALUE).filter(|_| texts(node.a, node.b)),
            Op::Size | Op::ElemMatch => below(node.a)?.above(VALUE, VALUE),
            Op::All => nodes(node.a, node.b)?.above(VALUE, VALUE),
            Op::Is | Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => {
                leaf(bounds.has(Id::<Constant>::new(node.a)), VALUE)
            }
            Op::In | Op::Ini => leaf(bounds.has_all(Ids::<Constant>::from_words(node.a, node.b)), VALUE),
            Op::Regex => leaf(bounds.has(Id::<Regex>::new(node.a)) && text(node.b), VALUE),
            Op::InCidr => leaf(bounds.has_words(node.a, node.b, RANGE) && texts(node.c, node.d), VALUE),
            Op::InHashed => leaf(bounds.has_words(node.a, node.b, size_of::<HashWords>() / 4) && text(node.c), VALUE),
            Op::Exists => leaf(node.a <= 1, VALUE),
            Op::Type | Op::Isi => leaf(text(node.a), VALUE),
            Op::Veq | Op::Vne | Op::Vgt | Op::Vgte | Op::Vlt | Op::Vlte => leaf(text(node.a) && text(node.b), VALUE),
            Op::Consent => leaf(text(node.a) && node.consent().is_some(), SUBJECT),
            Op::Schedule => leaf(true, SUBJECT),
            Op::Segment => {
                let condition = below(plan.get(Id::<Segment>::new(node.a))?.node.0)?;
                // A segment is evaluated once in a decision, however often it is referred to.
                Extent { size: 0, ..condition }.above(SUBJECT, SUBJECT)
            }
            Op::Count | Op::Recency | Op::Distinct | Op::Sum | Op::First | Op::Last => {
                let is_known = !matches!(node.kind(), Op::First | Op::Last) || node.c <= 1;
                below(node.b)?.above(VALUE, SUBJECT).filter(|_| is_known && bounds.has(Id::<Counter>::new(node.a)))
            }
            Op::Sequence => leaf(bounds.has(Id::<Sequence>::new(node.a)), SUBJECT),
            Op::Local => {
                let zone = node.a == u32::MAX || bounds.has(Id::<Zone>::new(node.a));
                below(node.c)?.above(VALUE, SUBJECT).filter(|_| zone && node.local_part().is_some())
            }
            Op::Distance => {
                let from = node.a == u32::MAX || bounds.has(Id::<Attribute>::new(node.a));
                let to = bounds.has_all(Ids::<Place>::from_words(node.b, node.c));
                below(node.d)?.above(VALUE, SUBJECT).filter(|_| from && to)
            }
            Op::Journey => {
                let state = node.b == u32::MAX || JourneyState::from_number(node.b).is_some();
                let step = node.c == u32::MAX || text(node.c);
                leaf(state && step && bounds.has(Id::<Journey>::new(node.a)), SUBJECT)
            }
        }
    })
}
