//! Bots, recognised by their `User-Agent` header.
//!
//! The patterns are those of the npm package `isbot` (`isbot.txt`), with the changes of `ours.txt`. They are compiled to two
//! tables: plain words to a trie, all others to automata, one for each shape of pattern. One automaton for all patterns would
//! be 104 KB gz, because its states stand for combinations of positions, and one for the words alone 6 KB. The tables are 3 KB.
//!
//! The tables are committed, so that building the worker needs no compiler of rules. A test checks that they are those of the
//! lists. To update them, run `npm install --save-dev isbot@latest` and `node tools/bots.mjs`.

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a panic is a failed test")]
mod tables;

use throughline::internals::plan::automaton::Automaton;

/// The trie of words. A node is a byte, with [`END`] if a word ends there, and the distance to the next node with the same
/// parent: 16 bits, little-endian, 0 for the last one. The children of a node follow it.
const WORDS: &[u8] = include_bytes!("words.bin");
/// The automata, each after its length: 16 bits, little-endian.
const AUTOMATA: &[u8] = include_bytes!("automata.bin");

/// The size of a node, in bytes.
const NODE: usize = 3;
/// The bit of a node's byte that ends a word.
const END: u8 = 0x80;
/// The byte before the agent's first one. Words that match only at the beginning start with it; no header contains it.
const START: u8 = 1;
/// The number of bytes of an agent that are read. No browser sends more.
const MAX_AGENT: usize = 1024;

/// Whether the user agent is a bot's, which sees the origin's page. A missing user agent is treated as a bot.
pub fn is_bot(agent: &str) -> bool {
    let agent = agent.get(..agent.floor_char_boundary(MAX_AGENT)).unwrap_or_default();
    agent.is_empty() || has_word(agent) || automata().any(|automaton| automaton.is_match(agent))
}

/// Whether a program calls itself a bot.
///
/// It is the question for endpoints that programs call by design: the server or the app behind `okhttp/5.1.0` is not a bot.
pub fn calls_itself_bot(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    agent.is_empty() || ["bot", "crawl", "spider"].into_iter().any(|word| agent.contains(word))
}

fn has_word(agent: &str) -> bool {
    let bytes = agent.as_bytes();
    let starts = core::iter::once(START).chain(bytes.iter().copied());
    ends_word(starts) || (0..bytes.len()).any(|at| ends_word(bytes.iter().skip(at).copied()))
}

/// Whether the text begins with a word of the trie.
fn ends_word(text: impl Iterator<Item = u8>) -> bool {
    let mut nodes = WORDS;
    for byte in text {
        match child(nodes, byte.to_ascii_lowercase()) {
            Some([head, ..]) if head & END != 0 => return true,
            Some(found) => nodes = found.get(NODE..).unwrap_or_default(),
            None => return false,
        }
    }
    false
}

/// Returns the trie from the node on that has this byte, among the first node and those with the same parent.
fn child(mut nodes: &'static [u8], byte: u8) -> Option<&'static [u8]> {
    while let [head, low, high, ..] = nodes {
        if head & !END == byte {
            return Some(nodes);
        }
        match u16::from_le_bytes([*low, *high]) {
            0 => return None,
            distance => nodes = nodes.get(usize::from(distance).saturating_mul(NODE)..)?,
        }
    }
    None
}

fn automata() -> impl Iterator<Item = Automaton<'static>> {
    let mut rest = AUTOMATA;
    core::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk()?;
        let (automaton, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        rest = tail;
        Automaton::read(automaton)
    })
}
