//! Sorted vectors, a small map from row ids, and one sort: what `alloc` has costs browsers more bytes.

mod id_map;
mod sort;
mod sorted;

pub(crate) use id_map::Memo;
pub(crate) use sort::places_in_order;
pub use sorted::{Map, Set};
