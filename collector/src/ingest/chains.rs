//! Calls that depend on each other: they name a common device, person or profile.
//!
//! Where an event goes depends on the calls before it, so the calls of a chain are resolved in their order. Different
//! chains are resolved at the same time.

use std::collections::BTreeMap;

/// Returns the positions of calls by chain, each in their order. `keys` are the keys of each call.
pub fn chains(keys: &[Vec<String>]) -> Vec<Vec<usize>> {
    let mut groups = Groups { parents: (0..keys.len()).collect() };
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, keys) in keys.iter().enumerate() {
        for key in keys {
            let known = *first.entry(key).or_insert(index);
            groups.join(known, index);
        }
    }
    let mut chains: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..keys.len() {
        chains.entry(groups.root(index)).or_default().push(index);
    }
    chains.into_values().collect()
}

/// Disjoint sets of positions.
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn root(&mut self, index: usize) -> usize {
        let mut root = index;
        while let Some(&parent) = self.parents.get(root).filter(|parent| **parent != root) {
            // Halves the path, so that long chains stay cheap.
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(root) {
                *slot = grandparent;
            }
            root = grandparent;
        }
        root
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The smaller position is the root, so chains are in the order of their first calls.
        if let Some(slot) = self.parents.get_mut(one.max(other)) {
            *slot = one.min(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(keys: &[&[&str]]) -> Vec<Vec<usize>> {
        let keys: Vec<Vec<String>> =
            keys.iter().map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()).collect();
        chains(&keys)
    }

    #[test]
    fn calls_without_a_common_key_are_apart() {
        assert_eq!(of(&[&["a"], &["b"], &["c"], &[]]), [[0], [1], [2], [3]]);
    }

    #[test]
    fn a_call_that_names_two_chains_joins_them_in_the_order_of_the_calls() {
        assert_eq!(of(&[&["a"], &["b"], &["c"], &["a", "b"], &["b"]]), [vec![0, 1, 3, 4], vec![2]]);
    }
}
