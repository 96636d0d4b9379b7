//! Order, with one sort for everybody: each further one would cost every browser 2 KB.

use crate::prelude::*;
use core::cmp::Ordering;

/// The places of `len` things in the order that `compare` gives them, equal ones as they stand.
pub(crate) fn places_in_order(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    let is_before = |a: &usize, b: &usize| compare(*a, *b) != Ordering::Greater;
    if !places.is_sorted_by(is_before) {
        places.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    }
    places
}
