//! The nodes of conditions: what each one means, and the check that a plan's nodes are possible.

use super::row::Field as _;
use super::tables::{Attribute, Constant, Counter, Journey, Node, Regex, Segment, Text, numbered};
use super::{Id, Ids, Plan, PlanError};

/// No condition is nested deeper than this.
pub const MAX_DEPTH: u8 = 64;

numbered! {
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
        /// The value, or one of its elements, is among constants `a,b`.
        In = 14 "$in",
        /// As `$in`, without regard to upper and lower case.
        Ini = 15 "$ini",
        /// The value matches regular expression `a`.
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
        /// The value's version equals the padded version text `a`.
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
        /// The subject's journey `a` has state number `b` (or any state, if `b` is `u32::MAX`) and is at step text `c` (or anywhere, if `c` is `u32::MAX`).
        Journey = 33 "$journey",
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

/// Checks that every node is possible: known, with operands that exist, before itself, and not too deep.
pub(super) fn check(plan: &Plan) -> Result<(), PlanError> {
    let mut depths: Vec<u8> = Vec::with_capacity(plan.count::<Node>() as usize);
    for (id, node) in plan.rows(plan.all::<Node>()) {
        let depth = depth(plan, id, node, &depths).ok_or(PlanError::Node { row: id.index() })?;
        depths.push(depth);
    }
    Ok(())
}

/// How deep the node is, if it is possible.
fn depth(plan: &Plan, id: Id<Node>, node: Node, depths: &[u8]) -> Option<u8> {
    let below = |child: u32| depths.get(child as usize).copied().filter(|_| child < id.0);
    let under = plan.bounds(|bounds| {
        let texts = |start, len| Ids::<Text>::from_words(start, len).check(bounds);
        let constants = |start, len| Ids::<Constant>::from_words(start, len).check(bounds);
        let one = |possible: bool| possible.then_some(0);
        let nodes = |start, len| {
            let list = Ids::<Node>::from_words(start, len);
            list.check(bounds).then_some(())?;
            plan.list(list).map(|child| below(child.0)).try_fold(0, |deepest, depth| Some(depth?.max(deepest)))
        };
        match Op::from_number(node.op)? {
            Op::True | Op::False | Op::Exists | Op::Schedule => Some(0),
            Op::And | Op::Or | Op::All => nodes(node.a, node.b),
            Op::Not | Op::Size | Op::ElemMatch => below(node.a),
            Op::Attribute => below(node.b).filter(|_| Id::<Attribute>::new(node.a).check(bounds)),
            Op::Member => below(node.c).filter(|_| texts(node.a, node.b)),
            Op::Is | Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => {
                one(Id::<Constant>::new(node.a).check(bounds))
            }
            Op::In | Op::Ini => one(constants(node.a, node.b)),
            Op::Regex => one(Id::<Regex>::new(node.a).check(bounds)),
            Op::Type | Op::Veq | Op::Vne | Op::Vgt | Op::Vgte | Op::Vlt | Op::Vlte | Op::Consent => {
                one(Id::<Text>::new(node.a).check(bounds))
            }
            Op::Segment => below(plan.get(Id::<Segment>::new(node.a))?.node.0),
            Op::Count | Op::Recency => below(node.b).filter(|_| Id::<Counter>::new(node.a).check(bounds)),
            Op::Journey => {
                let step = Some(node.c).filter(|step| *step != u32::MAX).map(Id::<Text>::new);
                one(Id::<Journey>::new(node.a).check(bounds) && step.check(bounds))
            }
        }
    })?;
    under.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)
}
