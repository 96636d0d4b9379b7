//! Conversion of automata from `regex-automata` to the tables of a plan.

use std::collections::BTreeMap;

use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, util::start};
use throughline::internals::plan::automaton::{ACCEPT, FIRST, REJECT, write};

type Dfa = dense::DFA<Vec<u32>>;

/// One row per state, [`REJECT`] and [`ACCEPT`] included: the next state for each byte or class of bytes, and in the last
/// column whether the state matches at the end.
type Rows = Vec<Vec<u16>>;

/// Returns the bytes of the smallest automaton; `None` if it has too many states.
pub(super) fn bytes(dfa: &Dfa) -> Option<Vec<u8>> {
    let (start, rows) = explore(dfa)?;
    let (bytes, rows) = join_columns(&rows)?;
    let (start, rows) = join_states(start, &rows);
    let (joined, rows) = join_columns(&rows)?;
    let class = |byte: &u8| joined.get(usize::from(*byte)).copied();
    let classes: Vec<u8> = bytes.iter().map(class).collect::<Option<_>>()?;
    Some(write(start, classes.first_chunk()?, rows.get(usize::from(FIRST)..)?))
}

/// Returns all reachable states and the initial one.
fn explore(dfa: &Dfa) -> Option<(u16, Rows)> {
    let mut numbers = Numbers { known: BTreeMap::new(), waiting: Vec::new() };
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
    let start = numbers.of(dfa, start)?;
    let mut rows = vec![vec![REJECT; 257], vec![ACCEPT; 257]];
    while let Some(state) = numbers.waiting.get(rows.len().saturating_sub(usize::from(FIRST))).copied() {
        let follow = |byte| numbers.after(dfa, dfa.next_state(state, byte), byte);
        let mut row: Vec<u16> = (0..=u8::MAX).map(follow).collect::<Option<_>>()?;
        row.push(if dfa.is_match_state(dfa.next_eoi_state(state)) { ACCEPT } else { REJECT });
        rows.push(row);
    }
    Some((start, rows))
}

/// The numbers of states, in the order in which they are visited.
struct Numbers {
    known: BTreeMap<StateID, u16>,
    waiting: Vec<StateID>,
}

impl Numbers {
    /// Returns the number of the state after a byte.
    ///
    /// It is a match if one ended *before* that byte. An empty match does not count within a character.
    fn after(&mut self, dfa: &Dfa, state: StateID, byte: u8) -> Option<u16> {
        let splits_character = dfa.has_empty() && matches!(byte, 0x80..=0xbf) && dfa.is_match_state(state);
        if splits_character { self.number(state) } else { self.of(dfa, state) }
    }

    fn of(&mut self, dfa: &Dfa, state: StateID) -> Option<u16> {
        if dfa.is_match_state(state) {
            return Some(ACCEPT);
        }
        if dfa.is_dead_state(state) || dfa.is_quit_state(state) {
            return Some(REJECT);
        }
        self.number(state)
    }

    fn number(&mut self, state: StateID) -> Option<u16> {
        if let Some(number) = self.known.get(&state) {
            return Some(*number);
        }
        let number = u16::try_from(self.waiting.len()).ok()?.checked_add(FIRST)?;
        self.known.insert(state, number);
        self.waiting.push(state);
        Some(number)
    }
}

/// Merges states that no input distinguishes (Moore's algorithm): states are equal until a step tells them apart.
fn join_states(start: u16, rows: &Rows) -> (u16, Rows) {
    let mut numbers: Vec<u16> = rows.iter().map(|row| u16::from(row.last() == Some(&ACCEPT))).collect();
    loop {
        let renumber = |state: &u16| numbers.get(usize::from(*state)).copied().unwrap_or(REJECT);
        let mut known: BTreeMap<(u16, Vec<u16>), u16> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut next = Vec::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(&numbers) {
            let row: Vec<u16> = row.iter().map(renumber).collect();
            let free = u16::try_from(kept.len()).unwrap_or(REJECT);
            let own = *known.entry((*number, row.clone())).or_insert(free);
            if own == free {
                kept.push(row);
            }
            next.push(own);
        }
        if next == numbers {
            return (renumber(&start), kept);
        }
        numbers = next;
    }
}

/// Assigns columns that no state distinguishes to the same class, and reduces each row to one entry per class. The last column
/// stays.
fn join_columns(rows: &[Vec<u16>]) -> Option<(Vec<u8>, Rows)> {
    let end = rows.first()?.len().checked_sub(1)?;
    let mut known: BTreeMap<Vec<u16>, u8> = BTreeMap::new();
    let mut examples = Vec::new();
    let mut classes = Vec::with_capacity(end);
    for column in 0..end {
        let entries = rows.iter().filter_map(|row| row.get(column).copied()).collect();
        let next = u8::try_from(examples.len()).ok()?;
        let class = *known.entry(entries).or_insert(next);
        if class == next {
            examples.push(column);
        }
        classes.push(class);
    }
    examples.push(end);
    let shrink = |row: &Vec<u16>| examples.iter().filter_map(|column| row.get(*column).copied()).collect();
    Some((classes, rows.iter().map(shrink).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::nfa::thompson::pikevm::PikeVM;
    use throughline::internals::plan::automaton::Automaton;

    use super::super::{compile, machine};

    #[track_caller]
    fn assert_same(pattern: &str, ignore_case: bool, texts: &[String]) {
        let (Ok(machine), Ok(bytes)) = (machine(pattern, ignore_case), compile(pattern, ignore_case)) else { return };
        let simulation = PikeVM::new_from_nfa(machine).unwrap();
        let mut cache = simulation.create_cache();
        let automaton = Automaton::read(&bytes).unwrap();
        assert!(automaton.is_valid(), "/{pattern}/");
        for text in texts {
            let expected = simulation.is_match(&mut cache, text.as_str());
            assert_eq!(automaton.is_match(text), expected, "/{pattern}/ on {text:?}");
        }
    }

    #[test]
    fn a_match_that_is_certain_needs_no_state() {
        // One row: the class of `a`, that of all other bytes, and the end.
        assert_eq!(compile("a", false).unwrap().len(), 260 + 6);
        assert_eq!(compile("^a", false).unwrap().len(), 260 + 6);
    }

    proptest! {
        #[test]
        fn tables_match_what_a_simulation_of_the_pattern_matches(
            pattern in r"[abé.()|*+?^$\\\[\]bBdwW-]{0,12}",
            texts in prop::collection::vec("[abcé1 \n_-]{0,10}", 1..8),
            ignore_case: bool,
        ) {
            assert_same(&pattern, ignore_case, &texts);
        }

        #[test]
        fn so_do_patterns_made_of_pieces(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "a", "b", "é", "[^a]", r"\b", r"\B", "^", "$", "(a|bc)", "(?:é|)", "a*", "b+?", ".{2}", r"\d", "[a-c]{1,3}", "|", r"\W",
            ]), 0..7),
            texts in prop::collection::vec("[abcé1 \n]{0,12}", 1..8),
        ) {
            assert_same(&pieces.concat(), false, &texts);
        }

        #[test]
        fn no_bytes_make_it_panic(
            start: u16,
            width in 0..6_u16,
            classes in prop::collection::vec(0..6_u8, 250..260),
            rows: Vec<u8>,
            text: String,
        ) {
            let bytes = [start.to_le_bytes().to_vec(), width.to_le_bytes().to_vec(), classes, rows].concat();
            if let Some(automaton) = Automaton::read(&bytes) {
                let _ = automaton.is_valid();
                let _ = automaton.is_match(&text);
            }
        }
    }
}
