//! What is already known of things that have numbers.

use crate::prelude::*;

/// Values by number. Its size grows with what is known, not with what there is to know: of a plan with many thousand
/// conditions a decision asks few.
pub(crate) struct Memo<V> {
    /// As many as a power of two; a value stands at the place that its number hashes to, or at the next free one.
    places: Vec<Option<(u32, V)>>,
    known: usize,
}

/// How many places the first value makes.
const FIRST: usize = 8;

impl<V: Copy> Memo<V> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), known: 0 }
    }

    /// The value of a number.
    pub(crate) fn get(&self, number: u32) -> Option<V> {
        match self.places.get(self.find(number)) {
            Some(Some((_, value))) => Some(*value),
            _ => None,
        }
    }

    /// Notes the value of a number.
    pub(crate) fn insert(&mut self, number: u32, value: V) {
        if self.known.saturating_mul(4) >= self.places.len().saturating_mul(3) {
            self.grow();
        }
        let at = self.find(number);
        if let Some(place) = self.places.get_mut(at) {
            self.known = self.known.saturating_add(usize::from(place.is_none()));
            *place = Some((number, value));
        }
    }

    /// The place of the number, or the free one that it would have. At least a quarter of the places is free.
    fn find(&self, number: u32) -> usize {
        let mask = self.places.len().wrapping_sub(1);
        // Knuth's multiplicative hash: neighbours come to lie apart.
        let mut at = (number.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        while let Some(Some((known, _))) = self.places.get(at) {
            if *known == number {
                break;
            }
            at = at.wrapping_add(1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let len = self.places.len().saturating_mul(2).max(FIRST);
        let places = core::mem::replace(&mut self.places, vec![None; len]);
        self.known = 0;
        for (number, value) in places.into_iter().flatten() {
            self.insert(number, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_last_is_known() {
        let mut memo = Memo::new();
        for round in [0, 1] {
            for number in (0..1_000).step_by(7) {
                memo.insert(number, number + round);
            }
        }
        for number in 0..1_000 {
            assert_eq!(memo.get(number), (number % 7 == 0).then_some(number + 1), "{number}");
        }
        assert!(memo.places.len() <= 1_024, "space for what is known");
    }
}
