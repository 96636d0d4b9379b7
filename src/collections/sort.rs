//! One stable sort of indices that all types share.
//!
//! why: `sort_by` of the standard library is compiled anew for each type that is sorted. One heapsort over indices,
//! which all types share, saved every browser 5 KB when it replaced those sorts (gzip, see ARCHITECTURE.md). `sort_by`
//! in this one place would still cost 1.8 KB more.

use core::cmp::Ordering;

use crate::prelude::*;

/// Returns the indices of `len` items in the order that `compare` gives them; equal items keep their order.
pub(crate) fn sorted_indices(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..len).collect();
    if !indices.is_sorted_by(|a, b| compare(*a, *b) != Ordering::Greater) {
        // why: heapsort is not stable, so equal items are compared by their index.
        sort(&mut indices, &|a, b| compare(a, b).then(a.cmp(&b)) == Ordering::Less);
    }
    indices
}

/// Sorts in place (heapsort): n log n comparisons for every input, so a hostile order costs no more than another.
fn sort(indices: &mut [usize], is_less: &dyn Fn(usize, usize) -> bool) {
    for root in (0..indices.len()).rev() {
        sift_down(indices, root, is_less);
    }
    let mut heap = indices;
    while let [first, .., last] = heap {
        core::mem::swap(first, last);
        let Some((_, rest)) = heap.split_last_mut() else { return };
        heap = rest;
        sift_down(heap, 0, is_less);
    }
}

/// Moves the item at an index down until no child is greater.
fn sift_down(heap: &mut [usize], mut parent: usize, is_less: &dyn Fn(usize, usize) -> bool) {
    loop {
        let left = parent.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let (Some(here), Some(at_left)) = (heap.get(parent), heap.get(left)) else { return };
        let (greater, child) = match heap.get(right) {
            Some(at_right) if is_less(*at_left, *at_right) => (right, at_right),
            _ => (left, at_left),
        };
        if !is_less(*here, *child) {
            return;
        }
        heap.swap(parent, greater);
        parent = greater;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(keys in proptest::collection::vec(0..20_u8, 0..60)) {
            let mut expected: Vec<usize> = (0..keys.len()).collect();
            expected.sort_by_key(|index| keys.get(*index));
            prop_assert_eq!(sorted_indices(keys.len(), &|a, b| keys.get(a).cmp(&keys.get(b))), expected);
        }
    }
}
