//! Conditions: read once into a typed tree, which the usage usage, the writer of plans and the linter work on.
//!
//! # Example
//!
//! Rules have this condition, where `tier` is an attribute and `Order Completed` an event:
//!
//! ```yaml
//! when: { tier: { $in: [gold, platinum] }, $event: { name: Order Completed, within: 7d } }
//! ```
//!
//! 1. [`read`](When::read) checks it against the [`Vocabulary`], reports every mistake, and returns its tree. A map is a
//!    conjunction; constants, lengths of time and regular expressions have been parsed:
//!
//!    ```text
//!    All
//!      Attribute tier
//!        All
//!          $in  Among ["gold", "platinum"]
//!      Subject $event
//!        History
//!          Count  counter { event: "Order Completed", keep: 1, within: 604800000 }, Bounds [(Gte, 1)]
//!    ```
//!
//! 2. [`ConditionUses::of`] returns the names in it: the attribute `tier`, and the counter under its key `stefwtfy`. The
//!    plan gets a row for each of them; if a page decides the condition, both leave the collector.
//!
//! 3. [`write()`] turns it into nodes of a plan in which [`PlanIds`] says that `tier` is attribute 3 and the counter is
//!    counter 0. A node stands after those that it refers to, and equal nodes are one:
//!
//!    ```text
//!    node  op         a  b  c          d
//!    0     $in        0  2                  list of constants from 0, two of them
//!    1     attribute  3  0                  attribute 3 passes node 0
//!    2     $gte       2                     constant 2, the number 1
//!    3     $event     0  2  604800000  0    counter 0 passes node 2 within c + d * 2^32 milliseconds
//!    4     $and       2  2                  list of nodes from 2, two of them: 1 and 3
//!    ```
//!
//!    A list with one part is the part itself: the `All` around `$in` is not a node.
//!
//! The linter reads the same tree into formulas, see `lint/logic`.

mod counter;
mod read;
pub mod tree;
mod uses;
mod vocabulary;
mod when;
mod write;

pub use counter::{CounterSpec, SequenceSpec};
pub use read::names_as_given;
pub use uses::ConditionUses;
pub use vocabulary::{Dialect, KnownAttribute, KnownGroup, Vocabulary};
pub use when::When;
pub use write::{PlanIds, holds_for, write};
pub(crate) use write::{constant, mark_shared, order_of};
