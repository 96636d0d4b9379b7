//! What is already known of things that have numbers.

use crate::prelude::*;

/// Values by number. Its size grows with what is known, not with what there is to know: of a plan with many thousand
/// conditions a decision asks few.
pub(crate) struct Memo<V> {
    known: Vec<(u32, V)>,
    /// Where in `known`, plus one, the numbers are, as soon as they are many. As many places as a power of two; a number
    /// has the place that it hashes to, or the next free one. Free ones are 0, and at least half of all.
    places: Vec<usize>,
}

/// So many are few: looking at each costs less than hashing.
const FEW: usize = 8;

impl<V: Copy> Memo<V> {
    pub(crate) const fn new() -> Self {
        Self { known: Vec::new(), places: Vec::new() }
    }

    /// The value of a number.
    pub(crate) fn get(&self, number: u32) -> Option<V> {
        let found = if self.places.is_empty() {
            self.known.iter().find(|(known, _)| *known == number)
        } else {
            self.known.get(self.places.get(self.find(number))?.wrapping_sub(1))
        };
        found.map(|(_, value)| *value)
    }

    /// Notes the value of a number that has none yet.
    pub(crate) fn insert(&mut self, number: u32, value: V) {
        if self.known.is_empty() {
            self.known.reserve(FEW);
        }
        self.known.push((number, value));
        let len = self.known.len();
        if len.saturating_mul(2) > self.places.len() && len > FEW {
            self.places = vec![0; len.saturating_mul(4).next_power_of_two()];
            (0..len).for_each(|at| self.place(at));
        } else if len > FEW {
            self.place(len.saturating_sub(1));
        }
    }

    fn place(&mut self, at: usize) {
        let Some((number, _)) = self.known.get(at) else { return };
        let free = self.find(*number);
        if let Some(place) = self.places.get_mut(free) {
            *place = at.saturating_add(1);
        }
    }

    /// The place of the number, or the free one that it would have.
    fn find(&self, number: u32) -> usize {
        let mask = self.places.len().wrapping_sub(1);
        // Knuth's multiplicative hash: neighbours come to lie apart.
        let mut place = (number.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        let is_other = |place: usize| {
            let at = self.places.get(place).and_then(|at| at.checked_sub(1))?;
            self.known.get(at).filter(|(known, _)| *known != number)
        };
        while is_other(place).is_some() {
            place = place.wrapping_add(1) & mask;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known() {
        let mut memo = Memo::new();
        for number in (0..1_000).step_by(7) {
            memo.insert(number, number + 1);
            for asked in 0..1_000 {
                let expected = (asked <= number && asked % 7 == 0).then_some(asked + 1);
                assert_eq!(memo.get(asked), expected, "{asked} after {number}");
            }
        }
        assert!(memo.places.len() <= 1_024, "space for what is known");
    }
}
