//! The plan: rules, compiled. It is checked once when it is loaded, and read in place from then on.
//!
//! A plan is `TLPLAN`, two zero bytes, the format's version, the number of sections, for each section its offset and
//! length in bytes, and then the sections. The first three hold texts, automata and lists of numbers; each of the others
//! is a table of rows of one kind. All numbers are little-endian. [`tables`] declares the rows.

pub mod automaton;
mod builder;
pub mod condition_ops;
mod enums;
pub mod envelope;
mod error;
mod host;
mod ids;
mod load;
pub mod row;
pub mod tables;
pub mod template_ops;

pub use builder::PlanBuilder;
pub use condition_ops::Op;
pub use error::PlanError;
pub use host::SlotTarget;
pub use ids::{Id, Ids, Span};

use core::cmp::Ordering;
use core::ops::Range;

use crate::prelude::*;
use crate::text::fnv::fnv64a;
use automaton::Automaton;
use load::Section;
use row::{Bounds, Row};
use tables::{LISTS, REGEXES, Regex, SECTIONS, STRINGS, Settings, StringBucket, Text};

/// The version of the plan format that this core reads and writes.
pub const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"TLPLAN\0\0";
const HEADER: usize = 16;
/// So many words of a bucket are looked at, and those of good hashes are a few: looking for a word takes bounded time.
const MAX_BUCKET: usize = 64;

/// A loaded plan: every reference in it is known to be good.
pub struct Plan {
    /// The rows of all tables, and of texts and automata where each ends.
    words: Box<[u32]>,
    sections: [Section; SECTIONS],
    /// All texts, one after the other.
    texts: Box<str>,
    /// All automata, one after the other.
    automata: Box<[u8]>,
    settings: Settings,
}

impl Plan {
    /// Loads a plan from the bytes that the compiler made.
    ///
    /// # Errors
    /// Names the first thing in the bytes that is not as a plan of this version has it. No bytes make it panic.
    pub fn load(bytes: &[u8]) -> Result<Self, PlanError> {
        load::load(bytes)
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
        let section = self.section(R::TABLE);
        let start = id.index().checked_mul(R::WORDS)?.checked_add(section.start)?;
        let words = self.words.get(start..start.checked_add(R::WORDS)?)?;
        (id.0 < section.count).then(|| R::read(words))
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
        self.numbers(ids).iter().map(|item| Id::new(*item))
    }

    /// The thing at this place of a list.
    #[must_use]
    pub fn list_item<T>(&self, ids: Ids<T>, index: u32) -> Option<Id<T>> {
        self.numbers(ids).get(index as usize).map(|item| Id::new(*item))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, id: Id<Text>) -> &str {
        self.part(STRINGS, id.index()).and_then(|range| self.texts.get(range)).unwrap_or("")
    }

    /// The number of a text that is a word, one that conditions compare with; equal texts have equal numbers.
    #[must_use]
    pub fn intern(&self, text: &str) -> Option<Id<Text>> {
        let last = self.count::<StringBucket>().checked_sub(1)?;
        let bucket = self.get(Id::<StringBucket>::new(bucket_of(text, last)))?;
        self.list(bucket.words).take(MAX_BUCKET).find(|word| self.text(*word) == text)
    }

    /// Whether the regular expression matches anywhere in `text`.
    #[must_use]
    pub fn is_match(&self, regex: Id<Regex>, text: &str) -> bool {
        self.automaton(regex).is_some_and(|automaton| automaton.is_match(text))
    }

    /// Finds the first row of a table sorted by text.
    #[must_use]
    pub fn find<R: Row>(&self, key: &str, text: impl Fn(&R) -> Id<Text>) -> Option<(Id<R>, R)> {
        self.search(self.all(), |row| self.text(text(row)).cmp(key))
    }

    /// Finds a row among sorted ones; `order` says how one stands to the one that is wanted.
    #[must_use]
    pub fn search<R: Row>(&self, span: Span<R>, order: impl Fn(&R) -> Ordering) -> Option<(Id<R>, R)> {
        let Range { start: mut low, end: mut high } = span.range();
        while low < high {
            let middle = low.midpoint(high);
            let row = self.get(Id::<R>::new(middle))?;
            match order(&row) {
                Ordering::Equal => return Some((Id::new(middle), row)),
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn automaton(&self, regex: Id<Regex>) -> Option<Automaton<'_>> {
        Automaton::read(self.automata.get(self.part(REGEXES, regex.index())?)?)
    }

    /// Where a text or an automaton lies among all of them.
    fn part(&self, section: usize, index: usize) -> Option<Range<usize>> {
        let start = self.section(section).start.saturating_add(index);
        match self.words.get(start..start.saturating_add(2))? {
            [start, end] => Some(*start as usize..*end as usize),
            _ => None,
        }
    }

    fn section(&self, number: usize) -> Section {
        self.sections.get(number).copied().unwrap_or_default()
    }

    /// The section of lists.
    fn lists(&self) -> &[u32] {
        let section = self.section(LISTS);
        self.words.get(section.start..section.end).unwrap_or(&[])
    }

    /// The numbers of the things of a list.
    pub(crate) fn numbers<T>(&self, ids: Ids<T>) -> &[u32] {
        let (start, len) = ids.words();
        let start = start as usize;
        self.lists().get(start..start.saturating_add(len as usize)).unwrap_or(&[])
    }

    fn bounds<R>(&self, check: impl FnOnce(&Bounds<'_>) -> R) -> R {
        let counts = self.sections.map(|section| section.count);
        check(&Bounds { counts: &counts, lists: self.lists() })
    }
}

/// The number of the bucket that a word is in, of so many but one.
fn bucket_of(word: &str, last: u32) -> u32 {
    fnv64a([word]) as u32 & last
}

impl core::fmt::Debug for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Plan").field("id", &self.id()).field("words", &self.words.len()).finish()
    }
}
