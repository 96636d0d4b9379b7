//! Conditions: whether a [`Node`](crate::plan::tables::Node) of the plan holds.
//!
//! The language is GrowthBook's. The reference of its evaluation, JavaScript's conversions included, is
//! `packages/sdk-js/src/mongrule.ts` of <https://github.com/growthbook/growthbook>. Segments, events in windows,
//! recency, schedules, consent and journeys are additions. A missing or ill-typed fact makes a condition of the rules' own
//! dialect false, unless the operator says otherwise; it is never an error. Features with `dialect: growthbook` have
//! JavaScript's conversions of missing values, too.

mod compare;
pub(crate) mod consent;
mod distance;
mod evaluator;
mod history;
mod interned;
mod local;
mod membership;
mod trace;
pub(crate) mod version;

pub use evaluator::Evaluator;
pub use membership::{AddressWords, HashWords, address_words, hash_words};
pub use version::{compare as compare_versions, is_version, padded as padded_version};

pub use crate::facts::reading::{boolean as read_boolean, number as read_number};
pub use compare::filter;
pub(crate) use interned::InternedFact;
pub(crate) use membership::RANGE;
