//! Candidate indexes: the campaigns that compete for a slot, and how to find those that may win without evaluating all.
//!
//! # The rule
//!
//! Looking up the index may return false positives; it never returns false negatives. Each candidate's full condition is
//! evaluated afterwards and rejects the false positives, so an index makes a decision faster and never changes it.
//!
//! # Example
//!
//! Five campaigns compete for slot `home.hero`, the one with the highest priority first:
//!
//! ```yaml
//! gold:    { when: { tier: gold } }                                           # placement 0
//! upgrade: { when: { tier: { $in: [silver, gold] } } }                        # placement 1
//! cart:    { when: { $event: { name: Product Added }, hour: { $gt: 18 } } }   # placement 2
//! coupon:  { when: { $event: { name: Product Added }, spend: { $gt: 100 } } } # placement 3
//! welcome: {}                                                                 # placement 4
//! ```
//!
//! Each placement is filed under one necessary part of its condition, the cheapest to look up:
//!
//! ```text
//! CandidateIndex
//!  ├─ always ────────────────────────────────────────────────> [4 welcome]
//!  ├─ attributes
//!  │   └─ IndexedAttribute tier
//!  │       ├─ Posting "gold" ────────────────────────────────> [0 gold, 1 upgrade]
//!  │       └─ Posting "silver" ──────────────────────────────> [1 upgrade]
//!  └─ conditions
//!      └─ SharedCondition `$event: Product Added` ───────────> [2 cart, 3 coupon]
//! ```
//!
//! A subject with tier `silver` who added a product gets the lists `[4]`, `[1]` and `[2, 3]`. Merged in the order of the
//! placements, the candidates are `upgrade`, `cart`, `coupon`, `welcome`.
//!
//! - `gold` is not among them. It cannot be missed, because its condition asks for another tier.
//! - `coupon` is a false positive if the subject spent 50: its list only promises that a product was added. The full
//!   condition rejects it.
//! - The shared condition is evaluated once, however many campaigns are filed under it. The result is cached, so their full
//!   conditions do not evaluate it again.
//!
//! An index of fewer than four placements has all of them in `always`: looking at them costs less than finding them.

use super::{Attribute, Constant, Node, Placement, Text};
use crate::plan::row::{Id, Ids, Span, flags, tables};
use crate::prelude::*;

flags! {
    /// The types of the constants that an [`IndexedAttribute`] has postings for: a value is looked up as each of them.
    PostingForms {
        /// Some posting is for a string.
        TEXT = 1,
        /// Some posting is for a number.
        NUMBER = 2,
        /// Some posting is for `true` or `false`.
        BOOLEAN = 4,
    }
}

tables! {
    /// The campaigns that compete for a slot, for the offer of a group, or for the next action.
    ///
    /// INVARIANT: each placement is in `always`, or in postings of `attributes` or lists of `conditions` of which at least one
    /// applies to every subject for whom the campaign's condition holds.
    60 CandidateIndex {
        /// All placements: highest priority first, and of one priority in the order of the campaigns' ids.
        placements: Span<Placement>,
        /// The placements that are candidates for every subject.
        always: Ids<Placement>,
        /// The placements that are candidates if an attribute has a certain value.
        attributes: Span<IndexedAttribute>,
        /// The placements that are candidates if a condition holds.
        conditions: Span<SharedCondition>,
    }
    /// An attribute by whose value candidates are found.
    61 IndexedAttribute {
        /// The attribute.
        attribute: Id<Attribute>,
        /// The types of the postings' constants.
        forms: PostingForms,
        /// The postings.
        ///
        /// INVARIANT: sorted by [`Constant::order`], each value once, because they are found by binary search.
        postings: Span<Posting>,
    }
    /// The candidates for one value.
    62 Posting {
        /// The value.
        constant: Id<Constant>,
        /// The candidates.
        ///
        /// INVARIANT: ascending, because the lists that apply are merged.
        placements: Ids<Placement>,
    }
    /// The candidates of a condition that several campaigns share.
    63 SharedCondition {
        /// The condition.
        node: Id<Node>,
        /// The candidates.
        ///
        /// INVARIANT: ascending, because the lists that apply are merged.
        placements: Ids<Placement>,
    }
    /// A group of offers of which a subject has one.
    64 OfferGroup {
        /// The id.
        id: Id<Text>,
        /// The campaigns that make one of its offers.
        candidates: Id<CandidateIndex>,
    }
}
