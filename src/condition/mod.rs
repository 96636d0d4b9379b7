//! Conditions: whether a [`Node`](crate::plan::tables::Node) of the plan holds.
//!
//! The language is GrowthBook's: the facts of its evaluation, JavaScript's conversions included, are in
//! `packages/sdk-js/src/mongrule.ts` of <https://github.com/growthbook/growthbook>. Segments, events in windows, recency, schedules,
//! consent and journeys are ours. A missing or ill-typed fact makes a condition false, never an error.

mod distance;
mod evaluator;
mod fact;
mod history;
mod local;
mod trace;
mod value;
mod version;
mod view;

pub use evaluator::Evaluator;
pub use version::padded as padded_version;
pub use view::View;

pub(crate) use fact::Fact;
pub(crate) use value::filter;
