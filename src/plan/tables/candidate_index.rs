//! What competes for one thing, and how candidates are found without looking at everything that competes.

use super::{Attribute, Constant, Node, Placement, Text};
use crate::plan::row::{Id, Ids, Span, tables};
use crate::prelude::*;

/// [`IndexedAttribute::forms`]: some posting is for a text.
pub const TEXTS: u32 = 1;
/// [`IndexedAttribute::forms`]: some posting is for a number.
pub const NUMBERS: u32 = 2;
/// [`IndexedAttribute::forms`]: some posting is for true or false.
pub const TRUTHS: u32 = 4;

tables! {
    /// The campaigns that compete for a slot, for being a group's offer, or for the next action.
    ///
    /// Each placement is found in one way: always, by a value that its campaign's condition asks for, or by a condition that
    /// it has in common with others.
    60 CandidateIndex {
        /// All of them: best priority first, and of one priority by the campaign's id.
        placements: Span<Placement>,
        /// Those that are always candidates.
        always: Ids<Placement>,
        /// Those that are candidates if an attribute has a value.
        keys: Span<IndexedAttribute>,
        /// Those that are candidates if a condition holds.
        gates: Span<SharedCondition>,
    }
    /// An attribute by whose value candidates are found.
    61 IndexedAttribute {
        /// The attribute.
        attribute: Id<Attribute>,
        /// What the postings are for: [`TEXTS`], [`NUMBERS`], [`TRUTHS`].
        forms: u32,
        /// Sorted by constant.
        postings: Span<Posting>,
    }
    /// The candidates for one value.
    62 Posting {
        /// The value.
        constant: Id<Constant>,
        /// The candidates, in their order.
        placements: Ids<Placement>,
    }
    /// The candidates of one condition.
    63 SharedCondition {
        /// The condition.
        node: Id<Node>,
        /// The candidates, in their order.
        placements: Ids<Placement>,
    }
    /// Offers of which a subject has one.
    64 OfferGroup {
        /// Its id.
        id: Id<Text>,
        /// The campaigns that make one of its offers.
        lane: Id<CandidateIndex>,
    }
}
