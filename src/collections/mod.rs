//! Sorted vectors, a small map from row ids, and one sort, each smaller in a browser than its counterpart in `alloc`.

mod id_map;
mod sort;
mod sorted;

pub(crate) use id_map::IdMap;
pub(crate) use sort::sorted_indices;
pub use sorted::{SortedMap, SortedSet};
