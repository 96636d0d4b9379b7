//! From bytes to a plan in which every reference is known to be good.

use regex_automata::dfa::sparse::DFA;

use super::row::{Bounds, Kind};
use super::tables::{self, LISTS, REGEXES, SECTIONS, STRINGS, Settings};
use super::{HEADER, Id, Ids, MAGIC, Plan, PlanError, Span, VERSION, node};
use crate::prelude::*;

/// Where the words of a section are, and how many things it holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Section {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) count: u32,
}

pub(super) fn load(bytes: &[u8]) -> Result<Plan, PlanError> {
    let mut plan = read(bytes)?;
    check_texts(&plan)?;
    plan.bounds(|bounds| (LISTS.saturating_add(1)..SECTIONS).try_for_each(|table| check_table(&plan, table, bounds)))?;
    node::check(&plan)?;
    plan.settings = plan.get(Id::new(0)).ok_or(PlanError::Truncated)?;
    plan.with_offer = plan.campaigns(|campaign| campaign.offer.is_some());
    plan.with_next = plan.campaigns(|campaign| !campaign.next.is_empty());
    Ok(plan)
}

/// Takes the sections apart: rows become words, texts one text, automata automata.
fn read(bytes: &[u8]) -> Result<Plan, PlanError> {
    check_header(bytes)?;
    let mut plan = Plan {
        words: Box::default(),
        sections: [Section::default(); SECTIONS],
        texts: Box::default(),
        regexes: Vec::new(),
        settings: Settings::none(),
        with_offer: Vec::new(),
        with_next: Vec::new(),
    };
    let mut words = Vec::with_capacity(bytes.len() / 4);
    for (number, section) in plan.sections.iter_mut().enumerate() {
        let content = content(bytes, number)?;
        section.start = words.len();
        section.count = match number {
            STRINGS => {
                let (count, ends, texts) = blobs(content)?;
                plan.texts = core::str::from_utf8(texts).map_err(|_| PlanError::Text)?.into();
                // The first text begins where none has ended.
                words.push(0);
                words.extend(words_of(ends));
                count
            }
            REGEXES => {
                let (count, ends, automata) = blobs(content)?;
                plan.regexes = regexes(words_of(ends), automata)?;
                count
            }
            table => {
                words.extend(words_of(content));
                count(table, content.len())?
            }
        };
        section.end = words.len();
    }
    plan.words = words.into();
    Ok(plan)
}

fn check_header(bytes: &[u8]) -> Result<(), PlanError> {
    if bytes.first_chunk::<8>() != Some(MAGIC) {
        return Err(PlanError::NotAPlan);
    }
    let version = word_at(bytes, 2).ok_or(PlanError::Truncated)?;
    if version != VERSION {
        return Err(PlanError::Version { found: version });
    }
    if word_at(bytes, 3) == Some(SECTIONS as u32) { Ok(()) } else { Err(PlanError::Truncated) }
}

/// The bytes of a section.
fn content(bytes: &[u8], number: usize) -> Result<&[u8], PlanError> {
    let at = number.saturating_mul(2).saturating_add(HEADER / 4);
    let start = word_at(bytes, at).ok_or(PlanError::Truncated)? as usize;
    let len = word_at(bytes, at.saturating_add(1)).ok_or(PlanError::Truncated)? as usize;
    let end = start.checked_add(len).ok_or(PlanError::Truncated)?;
    bytes.get(start..end).ok_or(PlanError::Truncated)
}

/// How many rows a table of this length has.
fn count(table: usize, len: usize) -> Result<u32, PlanError> {
    let size = Kind::sum(tables::fields(table)).saturating_mul(4);
    let count = len.checked_div(size).filter(|_| len.checked_rem(size) == Some(0));
    count.and_then(|count| u32::try_from(count).ok()).ok_or(PlanError::Truncated)
}

/// The count, the end of each thing, and the things.
fn blobs(content: &[u8]) -> Result<(u32, &[u8], &[u8]), PlanError> {
    let (first, rest) = content.split_first_chunk::<4>().ok_or(PlanError::Truncated)?;
    let count = u32::from_le_bytes(*first);
    let split = (count as usize).checked_mul(4).and_then(|len| rest.split_at_checked(len));
    split.map(|(ends, things)| (count, ends, things)).ok_or(PlanError::Truncated)
}

fn regexes(ends: impl Iterator<Item = u32>, automata: &[u8]) -> Result<Vec<DFA<Vec<u8>>>, PlanError> {
    let mut start = 0;
    let automaton = |(index, end): (usize, u32)| {
        let bytes = automata.get(start..end as usize).ok_or(PlanError::Truncated)?;
        start = end as usize;
        let (dfa, _) = DFA::from_bytes(bytes).map_err(|_| PlanError::Regex { index })?;
        Ok(dfa.to_owned())
    };
    ends.enumerate().map(automaton).collect()
}

/// Checks that every text is one.
fn check_texts(plan: &Plan) -> Result<(), PlanError> {
    let section = plan.section(STRINGS);
    let ends = plan.words.get(section.start..section.end).unwrap_or(&[]);
    let is_text = |pair: &[u32]| match pair {
        [start, end] => plan.texts.get(*start as usize..*end as usize).is_some(),
        _ => false,
    };
    if ends.windows(2).all(is_text) { Ok(()) } else { Err(PlanError::Text) }
}

/// Checks that everything exists that rows refer to.
fn check_table(plan: &Plan, table: usize, bounds: &Bounds<'_>) -> Result<(), PlanError> {
    let fields = tables::fields(table);
    let section = plan.section(table);
    let words = plan.words.get(section.start..section.end).unwrap_or(&[]);
    for (row, words) in words.chunks_exact(Kind::sum(fields).max(1)).enumerate() {
        let mut at: usize = 0;
        for field in fields {
            if !field.check(words, at, bounds) {
                return Err(PlanError::Reference { section: table, row });
            }
            at = at.saturating_add(field.words());
        }
    }
    Ok(())
}

fn word_at(bytes: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(4)?;
    bytes.get(start..)?.first_chunk::<4>().map(|word| u32::from_le_bytes(*word))
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word))
}

impl Settings {
    const fn none() -> Self {
        Self {
            id: Id::new(0),
            flags: 0,
            locale: Id::new(0),
            consent: 0,
            store: None,
            measure: None,
            gpc: Ids::empty(),
            caps: Span::empty(),
        }
    }
}
