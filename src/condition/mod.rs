//! Conditions: whether a [`Node`](crate::plan::tables::Node) of the plan holds.
//!
//! The language is GrowthBook's: the facts of its evaluation, JavaScript's conversions included, are in
//! `packages/sdk-js/src/mongrule.ts` of <https://github.com/growthbook/growthbook>. Segments, events in windows, recency, schedules,
//! consent and journeys are ours. A missing or ill-typed fact makes a condition false, never an error.

mod compare;
pub(crate) mod consent;
mod distance;
mod evaluator;
mod history;
mod interned;
mod local;
mod trace;
mod version;

pub use evaluator::Evaluator;
pub use version::padded as padded_version;

pub use compare::filter;
pub(crate) use interned::InternedFact;
