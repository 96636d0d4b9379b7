//! What is already known of things that have numbers.

use crate::prelude::*;

/// Values by number. Its size grows with what is known, not with what there is to know: of a plan with many thousand
/// conditions a decision asks few.
pub(crate) struct IdMap<V> {
    entries: Vec<(u32, V)>,
    /// Where in `known`, plus one, the numbers are, as soon as they are many. As many places as a power of two; a number
    /// has the place that it hashes to, or the next free one. Free ones are 0, and at least half of all.
    slots: Vec<usize>,
}

/// So many are few: looking at each costs less than hashing.
const FEW: usize = 8;

impl<V: Copy> IdMap<V> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), slots: Vec::new() }
    }

    /// The value of a number.
    pub(crate) fn get(&self, number: u32) -> Option<V> {
        let found = if self.slots.is_empty() {
            self.entries.iter().find(|(known, _)| *known == number)
        } else {
            self.entries.get(self.slots.get(self.slot_of(number))?.wrapping_sub(1))
        };
        found.map(|(_, value)| *value)
    }

    /// Notes the value of a number that has none yet.
    pub(crate) fn insert(&mut self, number: u32, value: V) {
        if self.entries.is_empty() {
            self.entries.reserve(FEW);
        }
        self.entries.push((number, value));
        let len = self.entries.len();
        if len.saturating_mul(2) > self.slots.len() && len > FEW {
            self.slots = vec![0; len.saturating_mul(4).next_power_of_two()];
            (0..len).for_each(|at| self.index_entry(at));
        } else if len > FEW {
            self.index_entry(len.saturating_sub(1));
        }
    }

    fn index_entry(&mut self, at: usize) {
        let Some((number, _)) = self.entries.get(at) else { return };
        let free = self.slot_of(*number);
        if let Some(place) = self.slots.get_mut(free) {
            *place = at.saturating_add(1);
        }
    }

    /// The place of the number, or the free one that it would have.
    fn slot_of(&self, number: u32) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        // Knuth's multiplicative hash: neighbours come to lie apart.
        let mut place = (number.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        let is_other = |place: usize| {
            let at = self.slots.get(place).and_then(|at| at.checked_sub(1))?;
            self.entries.get(at).filter(|(known, _)| *known != number)
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
        let mut memo = IdMap::new();
        for number in (0..1_000).step_by(7) {
            memo.insert(number, number + 1);
            for asked in 0..1_000 {
                let expected = (asked <= number && asked % 7 == 0).then_some(asked + 1);
                assert_eq!(memo.get(asked), expected, "{asked} after {number}");
            }
        }
        assert!(memo.slots.len() <= 1_024, "space for what is known");
    }
}
