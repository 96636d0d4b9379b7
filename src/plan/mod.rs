//! The plan: rules, compiled. It is checked once when it is loaded, and read in place from then on.
//!
//! A plan is `TLPLAN`, two zero bytes, the format's version, the number of sections, for each section its offset and
//! length in bytes, and then the sections. The first three hold texts, automata and lists of numbers; each of the others
//! is a table of rows of one kind. All numbers are little-endian. [`tables`] declares the rows.

pub mod automaton;
mod builder;
pub mod envelope;
mod error;
pub mod node;
pub mod program;
pub mod row;
pub mod tables;
mod words;

pub use builder::PlanBuilder;
pub use error::PlanError;
pub use node::Op;
pub use row::{Id, Ids, Span};

use crate::prelude::*;
use automaton::Automaton;
use row::{Bounds, Kind, MAX_WORDS, Row, Words};
use tables::{Campaign, LISTS, REGEXES, Regex, SECTIONS, STRINGS, Settings, Text};

/// The version of the plan format that this core reads and writes.
pub const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"TLPLAN\0\0";
const HEADER: usize = 16;

/// A loaded plan: every reference in it is known to be good.
pub struct Plan {
    bytes: Box<[u8]>,
    sections: [Section; SECTIONS],
    settings: Settings,
    /// All texts, one after the other.
    texts: Box<str>,
    with_offer: Vec<Id<Campaign>>,
    with_next: Vec<Id<Campaign>>,
}

#[derive(Clone, Copy, Default)]
struct Section {
    start: usize,
    end: usize,
    count: u32,
}

impl Plan {
    /// Loads a plan from the bytes that the compiler made.
    ///
    /// # Errors
    /// Names the first thing in the bytes that is not as a plan of this version has it. No bytes make it panic.
    pub fn load(bytes: &[u8]) -> Result<Self, PlanError> {
        let sections = sections(bytes)?;
        let mut plan = Self {
            bytes: bytes.into(),
            sections,
            settings: Settings::none(),
            texts: Box::default(),
            with_offer: Vec::new(),
            with_next: Vec::new(),
        };
        plan.texts = plan.load_texts()?;
        plan.check_regexes()?;
        plan.check_tables()?;
        node::check(&plan)?;
        program::check(&plan)?;
        plan.settings = plan.get(Id::new(0)).ok_or(PlanError::Truncated)?;
        plan.with_offer = plan.campaigns(|campaign| campaign.offer.is_some());
        plan.with_next = plan.campaigns(|campaign| !campaign.next.is_empty());
        Ok(plan)
    }

    /// The plan's id: equal ids, equal plans.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text(self.settings.id)
    }

    /// The settings that hold for the whole plan.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many rows the table of `R` has.
    #[must_use]
    pub fn count<R: Row>(&self) -> u32 {
        self.section(R::TABLE).count
    }

    /// The row with this number.
    #[must_use]
    pub fn get<R: Row>(&self, id: Id<R>) -> Option<R> {
        self.words(R::TABLE, R::WORDS, id.index()).map(|words| R::read(&words))
    }

    /// The numbers of all rows of a table.
    pub fn all<R: Row>(&self) -> Span<R> {
        Span::new(0, self.count::<R>())
    }

    /// The rows of a span, each with its number.
    pub fn rows<R: Row + 'static>(&self, span: Span<R>) -> impl Iterator<Item = (Id<R>, R)> + '_ {
        span.iter().filter_map(|id| self.get(id).map(|row| (id, row)))
    }

    /// The things of a list.
    pub fn list<T: 'static>(&self, ids: Ids<T>) -> impl Iterator<Item = Id<T>> + Clone + '_ {
        let (start, len) = ids.words();
        (start..start.saturating_add(len)).filter_map(|at| self.list_word(at)).map(Id::new)
    }

    /// The thing at this place of a list.
    #[must_use]
    pub fn list_item<T>(&self, ids: Ids<T>, index: u32) -> Option<Id<T>> {
        let (start, len) = ids.words();
        let at = start.checked_add(index).filter(|_| index < len)?;
        self.list_word(at).map(Id::new)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, id: Id<Text>) -> &str {
        self.text_range(id.index()).and_then(|(start, end)| self.texts.get(start..end)).unwrap_or("")
    }

    /// The campaigns that make an offer.
    pub(crate) fn with_offer(&self) -> impl Iterator<Item = Id<Campaign>> + '_ {
        self.with_offer.iter().copied()
    }

    /// The campaigns that have a next action.
    pub(crate) fn with_next(&self) -> impl Iterator<Item = Id<Campaign>> + '_ {
        self.with_next.iter().copied()
    }

    /// Whether the regular expression matches anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, regex: Id<Regex>, text: &str) -> bool {
        self.regex(regex.index()).and_then(Automaton::read).is_some_and(|automaton| automaton.is_match(text))
    }

    /// Finds the first row of a table sorted by text.
    #[must_use]
    pub fn find<R: Row>(&self, key: &str, text: impl Fn(&R) -> Id<Text>) -> Option<(Id<R>, R)> {
        let (mut low, mut high) = (0, self.count::<R>());
        while low < high {
            let middle = low.midpoint(high);
            let row = self.get(Id::<R>::new(middle))?;
            match self.text(text(&row)).cmp(key) {
                core::cmp::Ordering::Equal => return Some((Id::new(middle), row)),
                core::cmp::Ordering::Less => low = middle.saturating_add(1),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The words of a row.
    fn words(&self, table: usize, size: usize, row: usize) -> Option<Words> {
        let section = self.section(table);
        let start = row.checked_mul(size)?.checked_mul(4)?.checked_add(section.start)?;
        let bytes = self.bytes.get(start..section.end).filter(|_| row < section.count as usize)?;
        let mut words = [0; MAX_WORDS];
        for (word, bytes) in words.iter_mut().take(size).zip(bytes.chunks_exact(4)) {
            *word = bytes.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        }
        Some(Words(words))
    }

    fn section(&self, number: usize) -> Section {
        self.sections.get(number).copied().unwrap_or_default()
    }

    fn section_bytes(&self, number: usize) -> &[u8] {
        let section = self.section(number);
        self.bytes.get(section.start..section.end).unwrap_or(&[])
    }

    fn list_word(&self, at: u32) -> Option<u32> {
        word_at(self.section_bytes(LISTS), at as usize)
    }

    fn campaigns(&self, wanted: impl Fn(&Campaign) -> bool) -> Vec<Id<Campaign>> {
        self.rows(self.all::<Campaign>()).filter(|(_, row)| wanted(row)).map(|(id, _)| id).collect()
    }

    /// Where the text lies among all texts: its section begins with the count and with the end of each text.
    fn text_range(&self, index: usize) -> Option<(usize, usize)> {
        let section = self.section(STRINGS);
        let blob = blob_start(section)?;
        let (start, end) = blob_range(section, self.section_bytes(STRINGS), index)?;
        Some((start.checked_sub(blob)?, end.checked_sub(blob)?))
    }

    fn load_texts(&self) -> Result<Box<str>, PlanError> {
        let section = self.section(STRINGS);
        let start = blob_start(section).ok_or(PlanError::Truncated)?;
        let blob = self.bytes.get(start..section.end).ok_or(PlanError::Truncated)?;
        let texts = core::str::from_utf8(blob).map_err(|_| PlanError::Text)?;
        for index in 0..section.count as usize {
            let (start, end) = self.text_range(index).ok_or(PlanError::Truncated)?;
            texts.get(start..end).ok_or(PlanError::Text)?;
        }
        Ok(texts.into())
    }

    fn regex(&self, index: usize) -> Option<&[u8]> {
        let (start, end) = blob_range(self.section(REGEXES), self.section_bytes(REGEXES), index)?;
        self.bytes.get(start..end)
    }

    fn check_regexes(&self) -> Result<(), PlanError> {
        (0..self.section(REGEXES).count as usize).try_for_each(|index| {
            let bytes = self.regex(index).ok_or(PlanError::Truncated)?;
            let is_valid = Automaton::read(bytes).is_some_and(Automaton::is_valid);
            is_valid.then_some(()).ok_or(PlanError::Regex { index })
        })
    }

    /// Checks that everything exists that rows refer to.
    fn check_tables(&self) -> Result<(), PlanError> {
        self.bounds(|bounds| (LISTS.saturating_add(1)..SECTIONS).try_for_each(|table| self.check_table(table, bounds)))
    }

    fn check_table(&self, section: usize, bounds: &Bounds<'_>) -> Result<(), PlanError> {
        let fields = tables::fields(section);
        let size = Kind::sum(fields);
        for row in 0..self.section(section).count as usize {
            let words = self.words(section, size, row).ok_or(PlanError::Truncated)?;
            let mut at: usize = 0;
            for field in fields {
                if !field.check(&words, at, bounds) {
                    return Err(PlanError::Reference { section, row });
                }
                at = at.saturating_add(field.words());
            }
        }
        Ok(())
    }

    fn bounds<R>(&self, check: impl FnOnce(&Bounds<'_>) -> R) -> R {
        let counts = self.sections.map(|section| section.count);
        check(&Bounds { counts: &counts, lists: self.section_bytes(LISTS) })
    }
}

impl core::fmt::Debug for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Plan").field("id", &self.id()).field("bytes", &self.bytes.len()).finish()
    }
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

fn word_at(bytes: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(4)?;
    bytes.get(start..)?.first_chunk::<4>().map(|word| u32::from_le_bytes(*word))
}

/// Reads the header and the table of sections.
fn sections(bytes: &[u8]) -> Result<[Section; SECTIONS], PlanError> {
    if bytes.first_chunk::<8>() != Some(MAGIC) {
        return Err(PlanError::NotAPlan);
    }
    let version = word_at(bytes, 2).ok_or(PlanError::Truncated)?;
    if version != VERSION {
        return Err(PlanError::Version { found: version });
    }
    if word_at(bytes, 3) != Some(SECTIONS as u32) {
        return Err(PlanError::Truncated);
    }
    let mut sections = [Section::default(); SECTIONS];
    for (number, section) in sections.iter_mut().enumerate() {
        let at = number.saturating_mul(2).saturating_add(HEADER / 4);
        let start = word_at(bytes, at).ok_or(PlanError::Truncated)? as usize;
        let len = word_at(bytes, at.saturating_add(1)).ok_or(PlanError::Truncated)? as usize;
        let end = start.checked_add(len).ok_or(PlanError::Truncated)?;
        let content = bytes.get(start..end).ok_or(PlanError::Truncated)?;
        *section = Section { start, end, count: count(number, content)? };
    }
    Ok(sections)
}

/// How many things a section holds.
fn count(number: usize, content: &[u8]) -> Result<u32, PlanError> {
    if number == STRINGS || number == REGEXES {
        return word_at(content, 0).ok_or(PlanError::Truncated);
    }
    let size = Kind::sum(tables::fields(number)).saturating_mul(4);
    let count = content.len().checked_div(size).unwrap_or(0);
    if content.len().checked_rem(size) != Some(0) {
        return Err(PlanError::Truncated);
    }
    u32::try_from(count).map_err(|_| PlanError::Truncated)
}

/// Where the things of a blob section begin: after the count and the end of each.
fn blob_start(section: Section) -> Option<usize> {
    (section.count as usize).checked_add(1)?.checked_mul(4)?.checked_add(section.start)
}

/// Where thing `index` of a blob section lies in the plan.
fn blob_range(section: Section, content: &[u8], index: usize) -> Option<(usize, usize)> {
    if index >= section.count as usize {
        return None;
    }
    let blob = blob_start(section)?;
    let start = if index == 0 { 0 } else { word_at(content, index)? as usize };
    let end = word_at(content, index.checked_add(1)?)? as usize;
    (start <= end).then_some((blob.checked_add(start)?, blob.checked_add(end)?))
}
