//! What conditions mean: whether they can hold, hold always, or exclude each other.
//!
//! The facts of a condition are taken at their word: an attribute has a value of its declared type, one of its `enum`, or
//! none. A formula says no more than its condition, so what formulas exclude cannot happen; what they do not exclude
//! may still be impossible.

pub mod formula;
pub mod history;
mod operator;
mod ranges;
mod read;
mod solve;
mod values;

pub use formula::{Formula, Literal, Variable};
pub use ranges::Ranges;
pub use read::Conditions;
pub use solve::{Answer, Branch, Conflict, overlap, search, solve};
pub use values::{Number, Text, Values};
