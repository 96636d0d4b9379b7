//! The meaning of conditions: whether they can hold, always hold, or exclude each other.
//!
//! A condition is read to a formula, a tree of `All` and `Any` over literals. A literal says that the value
//! of a variable is in a set. The solver intersects the sets of each variable over every choice of
//! alternatives:
//!
//! ```text
//! $or: [{tier: gold}, {tier: silver}]     All [ Any [ tier ∈ {gold}, tier ∈ {silver} ],
//! country: AT                                   country ∈ {AT} ]
//!
//! together with {tier: bronze}            tier is in {gold} ∩ {bronze}, or in {silver} ∩ {bronze}: never
//! ```
//!
//! INVARIANT: a formula over-approximates its condition: if the condition holds, so does the formula. An
//! unsatisfiable formula is therefore a proof, while a satisfiable one may still belong to a condition that
//! never holds. To prove that a condition always holds, its negation is read to a formula of its own, which
//! is then unsatisfiable.
//!
//! Conditions read an attribute as its declared type. So it has a value of this type, one of its `enum`, or none.

mod branch;
pub mod formula;
mod history;
mod operator;
mod ranges;
mod read;
mod solve;
mod values;
mod version_key;

pub use branch::{Branch, Conflict};
pub use formula::{Formula, Literal, Variable};
pub use ranges::Ranges;
pub use read::Conditions;
pub use solve::{Answer, overlap, search, solve};
pub use values::{Number, Text, Values, times};
