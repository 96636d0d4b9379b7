//! Lists of networks, and of confidential values, as nodes.

use throughline::internals::condition::{HashWords, hash_words};
use throughline::internals::plan::tables::Text;
use throughline::internals::plan::{Id, Op};

use super::{NodeId, Writer};
use crate::condition::tree::Network;

impl Writer<'_> {
    /// The value is an address in some network. Ranges that touch are one range.
    pub(super) fn networks(&mut self, networks: &[Network]) -> NodeId {
        let mut sorted: Vec<(u128, u128)> = networks.iter().map(|network| network.range).collect();
        sorted.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::new();
        for (first, last) in sorted {
            match ranges.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        let words = ranges.into_iter().flat_map(|(first, last)| [first, last]).flat_map(words_of);
        let [start, len] = self.words(words);
        let written: Vec<_> = networks.iter().map(|network| self.plan.text(&network.written)).collect();
        let (texts, count) = self.plan.ids(&written).words();
        self.node(Op::InCidr, [start, len, texts, count])
    }

    /// The value is among those whose hashes are in the plan.
    pub(super) fn hashed(&mut self, values: &[String]) -> NodeId {
        let mut hashes: Vec<HashWords> = values.iter().map(|value| hash_words(&self.ids.salt, value)).collect();
        // Sorted, so that the order in which the rules list people says nothing.
        hashes.sort_unstable();
        hashes.dedup();
        let [start, len] = self.words(hashes.into_iter().flatten());
        let salt = self.plan.text(&self.ids.salt);
        self.node(Op::InHashed, [start, len, salt.0, 0])
    }

    fn words(&mut self, words: impl Iterator<Item = u32>) -> [u32; 2] {
        let words: Vec<Id<Text>> = words.map(Id::new).collect();
        let (start, len) = self.plan.ids(&words).words();
        [start, len]
    }
}

/// Returns the words of an address, the highest one first.
fn words_of(address: u128) -> impl Iterator<Item = u32> {
    (0..4).rev().map(move |place: u32| (address >> place.saturating_mul(32) & u128::from(u32::MAX)) as u32)
}
