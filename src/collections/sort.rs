//! Order, with one small sort for everybody: the standard library's costs every browser 2 KB more.

use core::cmp::Ordering;

use crate::prelude::*;

/// The places of `len` things in the order that `compare` gives them, equal ones as they stand.
pub(crate) fn sorted_indices(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    if !places.is_sorted_by(|a, b| compare(*a, *b) != Ordering::Greater) {
        sort(&mut places, &|a, b| compare(a, b).then(a.cmp(&b)) == Ordering::Less);
    }
    places
}

/// Heapsort: in place, and no order of the input is worse than another.
fn sort(places: &mut [usize], is_less: &dyn Fn(usize, usize) -> bool) {
    for root in (0..places.len()).rev() {
        sift_down(places, root, is_less);
    }
    let mut heap = places;
    while let [first, .., last] = heap {
        core::mem::swap(first, last);
        let Some((_, rest)) = heap.split_last_mut() else { return };
        heap = rest;
        sift_down(heap, 0, is_less);
    }
}

/// Moves what is at a place below all that is greater.
fn sift_down(heap: &mut [usize], mut place: usize, is_less: &dyn Fn(usize, usize) -> bool) {
    loop {
        let left = place.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let (Some(here), Some(at_left)) = (heap.get(place), heap.get(left)) else { return };
        let (greater, child) = match heap.get(right) {
            Some(at_right) if is_less(*at_left, *at_right) => (right, at_right),
            _ => (left, at_left),
        };
        if !is_less(*here, *child) {
            return;
        }
        heap.swap(place, greater);
        place = greater;
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
            expected.sort_by_key(|place| keys.get(*place));
            prop_assert_eq!(sorted_indices(keys.len(), &|a, b| keys.get(a).cmp(&keys.get(b))), expected);
        }
    }
}
