//! Condition nodes that test whether a value is in a list of networks, or in a list of hashed values.

use core::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::json::ValueRef;
use crate::plan::tables::{Node, Text};
use crate::plan::{Id, Ids, Plan};

/// An IPv6 address, or an IPv4 address as IPv6 maps it, in four words.
pub type AddressWords = [u32; 4];
/// The number of words of a range of addresses: the first address and the last one.
pub(crate) const RANGE: usize = 8;
/// The first 128 bits of a hash, in four words.
pub type HashWords = [u32; 4];

/// Reads an IP address; `None` if the text is not one.
#[must_use]
pub fn address_words(text: &str) -> Option<AddressWords> {
    let address = match text.trim().parse().ok()? {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    Some(words(&address.octets()))
}

/// Returns the hash of a confidential value: the first half of SHA-256 over the salt and the value.
#[must_use]
pub fn hash_words(salt: &str, text: &str) -> HashWords {
    words(&Sha256::new().chain_update(salt).chain_update(text).finalize())
}

fn words(bytes: &[u8]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
    }
    words
}

/// Tests whether the value is an address in one of the ranges `a,b`.
pub(super) fn is_in_networks(plan: &Plan, node: Node, value: ValueRef<'_>) -> bool {
    let ValueRef::Text(text) = value else { return false };
    let Some(address) = address_words(text) else { return false };
    let mut ranges = numbers(plan, node).chunks_exact(RANGE).filter_map(|range| range.split_at_checked(address.len()));
    ranges.any(|(first, last)| first <= address.as_slice() && address.as_slice() <= last)
}

/// Tests whether the hash of the value is among the hashes `a,b`.
pub(super) fn is_among_hashes(plan: &Plan, node: Node, value: ValueRef<'_>) -> bool {
    if value.is_null() {
        return false;
    }
    let hash = hash_words(plan.text(Id::new(node.c)), &value.to_text());
    numbers(plan, node).chunks_exact(hash.len()).any(|other| other == hash)
}

fn numbers(plan: &Plan, node: Node) -> &[u32] {
    plan.numbers(Ids::<Text>::from_words(node.a, node.b))
}
