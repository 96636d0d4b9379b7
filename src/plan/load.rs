//! Loads plans: reads the bytes, and checks once everything that is taken for granted afterwards.

use super::automaton::Automaton;
use super::row::{Bounds, Kind, Row, word};
use super::tables::{
    self, Constant, ConstantKind, IdentityMode, LISTS, REGEXES, SECTIONS, STRINGS, Settings, SettingsFlags, Withdrawal,
};
use super::{HEADER, Id, Ids, MAGIC, Plan, PlanError, Span, VERSION, condition_ops, template_ops};
use crate::event::consent::Consent;
use crate::prelude::*;
use crate::time::Millis;

/// The range of a section's words, and the number of its items.
#[derive(Clone, Copy, Default)]
pub(super) struct Section {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) count: u32,
}

/// Loads a plan; see [`Plan::load`].
pub(super) fn load(bytes: &[u8]) -> Result<Plan, PlanError> {
    let mut plan = read(bytes)?;
    check_texts(&plan)?;
    check_regexes(&plan)?;
    plan.bounds(|bounds| (LISTS.saturating_add(1)..SECTIONS).try_for_each(|table| check_table(&plan, table, bounds)))?;
    check_interned(&plan)?;
    condition_ops::check(&plan)?;
    template_ops::check(&plan)?;
    plan.settings = plan.get(Id::new(0)).ok_or(PlanError::Truncated)?;
    Ok(plan)
}

/// Reads the sections: words of tables and lists, strings and automata one after the other.
fn read(bytes: &[u8]) -> Result<Plan, PlanError> {
    check_header(bytes)?;
    let mut plan = Plan {
        words: Box::default(),
        sections: [Section::default(); SECTIONS],
        texts: Box::default(),
        automata: Box::default(),
        settings: Settings::none(),
    };
    let mut words = Vec::with_capacity(capacity(bytes)?);
    let mut left = bytes.len();
    for (number, section) in plan.sections.iter_mut().enumerate() {
        let content = content(bytes, number)?;
        // INVARIANT: the sections together are not longer than the plan, so a small plan cannot take much memory.
        left = left.checked_sub(content.len()).ok_or(PlanError::Truncated)?;
        section.start = words.len();
        section.count = match number {
            STRINGS | REGEXES => {
                let (count, ends, parts) = parts(content)?;
                if number == STRINGS {
                    plan.texts = core::str::from_utf8(parts).map_err(|_| PlanError::Text)?.into();
                } else {
                    plan.automata = parts.into();
                }
                // The end of the part before the first one.
                words.push(0);
                words.extend(words_of(ends));
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

/// Returns the number of words of all sections, so that reading a plan takes no more memory than the plan needs.
fn capacity(bytes: &[u8]) -> Result<usize, PlanError> {
    let words = (0..SECTIONS).try_fold(0_usize, |words, number| {
        let content = content(bytes, number)?;
        let more = match number {
            STRINGS | REGEXES => (parts(content)?.0 as usize).saturating_add(1),
            _ => content.len() / 4,
        };
        Ok(words.saturating_add(more))
    })?;
    // A plan whose header claims more is refused while it is read.
    Ok(words.min(bytes.len() / 4))
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

/// Returns the bytes of a section.
fn content(bytes: &[u8], number: usize) -> Result<&[u8], PlanError> {
    let at = number.saturating_mul(2).saturating_add(HEADER / 4);
    let start = word_at(bytes, at).ok_or(PlanError::Truncated)? as usize;
    let len = word_at(bytes, at.saturating_add(1)).ok_or(PlanError::Truncated)? as usize;
    let end = start.checked_add(len).ok_or(PlanError::Truncated)?;
    bytes.get(start..end).ok_or(PlanError::Truncated)
}

/// Returns the number of rows of a table of this length in bytes.
fn count(table: usize, len: usize) -> Result<u32, PlanError> {
    let size = Kind::sum(tables::fields(table)).saturating_mul(4);
    let count = len.checked_div(size).filter(|_| len.checked_rem(size) == Some(0));
    count.and_then(|count| u32::try_from(count).ok()).ok_or(PlanError::Truncated)
}

/// Splits a section of strings or automata: the count, the end of each part, and the parts.
fn parts(content: &[u8]) -> Result<(u32, &[u8], &[u8]), PlanError> {
    let (first, rest) = content.split_first_chunk::<4>().ok_or(PlanError::Truncated)?;
    let count = u32::from_le_bytes(*first);
    let split = (count as usize).checked_mul(4).and_then(|len| rest.split_at_checked(len));
    split.map(|(ends, parts)| (count, ends, parts)).ok_or(PlanError::Truncated)
}

/// Checks that every string begins and ends between characters.
fn check_texts(plan: &Plan) -> Result<(), PlanError> {
    let is_text = |index| plan.part(STRINGS, index).and_then(|range| plan.texts.get(range)).is_some();
    let count = plan.section(STRINGS).count as usize;
    if (0..count).all(is_text) { Ok(()) } else { Err(PlanError::Text) }
}

/// Checks that every automaton is valid.
fn check_regexes(plan: &Plan) -> Result<(), PlanError> {
    let is_valid = |index: &u32| plan.automaton(Id::new(*index)).is_some_and(Automaton::is_valid);
    let wrong = (0..plan.section(REGEXES).count).find(|index| !is_valid(index));
    wrong.map_or(Ok(()), |index| Err(PlanError::Regex { index: index as usize }))
}

/// Checks that the string of every string constant is interned.
fn check_interned(plan: &Plan) -> Result<(), PlanError> {
    let is_string = |row: &Constant| row.kind == ConstantKind::String;
    let is_interned = |row: &Constant| plan.intern(plan.text(row.text)) == Some(row.text);
    let wrong = plan.rows(plan.all()).find(|(_, row)| is_string(row) && !is_interned(row));
    wrong.map_or(Ok(()), |(id, _)| Err(PlanError::Reference { section: Constant::TABLE, row: id.index() }))
}

/// Checks every field of every row of a table: references lead to items that exist, numbers and flags are known.
fn check_table(plan: &Plan, table: usize, bounds: &Bounds<'_>) -> Result<(), PlanError> {
    let fields = tables::fields(table);
    let section = plan.section(table);
    let words = plan.words.get(section.start..section.end).unwrap_or(&[]);
    for (row, words) in words.chunks_exact(Kind::sum(fields).max(1)).enumerate() {
        let mut at: usize = 0;
        for (number, field) in fields.iter().enumerate() {
            if !field.check(words, at, bounds) {
                return Err(match word(words, at) {
                    found if field.is_enumerated() => PlanError::Unknown { section: table, row, field: number, found },
                    _ => PlanError::Reference { section: table, row },
                });
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
    /// Returns the settings of an empty plan. [`PlanBuilder::finish`](super::PlanBuilder::finish) sets the id.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            id: Id::new(0),
            flags: SettingsFlags::empty(),
            locale: Id::new(0),
            consent: Consent::Pending,
            store: None,
            measure: None,
            gpc: Ids::empty(),
            caps: Span::empty(),
            next: None,
            identity: IdentityMode::Proven,
            withdrawal: Withdrawal::Keep,
            keep_events: Millis(0),
            keep_anonymous: Millis(0),
            keep_deliveries: Millis(0),
        }
    }
}
