//! A small map from row ids to cached results.

use crate::prelude::*;

/// A map from row ids to values that are computed once.
///
/// It grows with the rows that a decision evaluates, not with the rows of the plan: a decision evaluates few of a
/// plan's many thousand conditions. Entries are only added, and an id gets its value once.
///
/// why: keys are row ids that no visitor chooses, and nothing is ever removed, so one multiplication and linear probing
/// are enough. In the browser core, hashbrown costs 1.7 KB more and `BTreeMap` 3.0 KB more (gzip, measured in November
/// 2026).
pub(crate) struct IdMap<V> {
    entries: Vec<(u32, V)>,
    /// Indices into `entries`, plus one, at the slot that the id hashes to or the next free one (linear probing); 0 is
    /// free.
    // INVARIANT: empty while there are at most `MAX_SCANNED` entries. Later its length is a power of two, and at least
    // half of the slots are free, so every probe ends.
    slots: Vec<usize>,
}

/// Up to this number of entries a scan costs less than hashing.
const MAX_SCANNED: usize = 8;

impl<V: Clone> IdMap<V> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), slots: Vec::new() }
    }

    /// Returns the value of an id.
    pub(crate) fn get(&self, id: u32) -> Option<V> {
        let found = if self.slots.is_empty() {
            self.entries.iter().find(|(other, _)| *other == id)
        } else {
            self.entries.get(self.slots.get(self.slot_of(id))?.wrapping_sub(1))
        };
        found.map(|(_, value)| value.clone())
    }

    /// Sets the value of an id that has none yet.
    pub(crate) fn insert(&mut self, id: u32, value: V) {
        if self.entries.is_empty() {
            self.entries.reserve(MAX_SCANNED);
        }
        self.entries.push((id, value));
        let len = self.entries.len();
        if len.saturating_mul(2) > self.slots.len() && len > MAX_SCANNED {
            self.slots = vec![0; len.saturating_mul(4).next_power_of_two()];
            (0..len).for_each(|at| self.index_entry(at));
        } else if len > MAX_SCANNED {
            self.index_entry(len.saturating_sub(1));
        }
    }

    fn index_entry(&mut self, at: usize) {
        let Some((id, _)) = self.entries.get(at) else { return };
        let free = self.slot_of(*id);
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = at.saturating_add(1);
        }
    }

    /// Returns the slot of the id, or the free one where it belongs.
    fn slot_of(&self, id: u32) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        // Knuth's multiplicative hash, which spreads consecutive ids.
        let mut slot = (id.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask;
        let is_other = |slot: usize| {
            let at = self.slots.get(slot).and_then(|at| at.checked_sub(1))?;
            self.entries.get(at).filter(|(other, _)| *other != id)
        };
        while is_other(slot).is_some() {
            slot = slot.wrapping_add(1) & mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_values_are_found() {
        let mut map = IdMap::new();
        for number in (0..1_000).step_by(7) {
            map.insert(number, number + 1);
            for asked in 0..1_000 {
                let expected = (asked <= number && asked % 7 == 0).then_some(asked + 1);
                assert_eq!(map.get(asked), expected, "{asked} after {number}");
            }
        }
        assert!(map.slots.len() <= 1_024, "the slots grow with the entries");
    }
}
