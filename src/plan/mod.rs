//! The plan: compiled rules. It is checked once, when it is loaded, and read in place from then on.
//!
//! A plan consists of `TLPLAN`, two zero bytes, the format's version, the number of sections, the offset and length of each
//! section in bytes, and the sections. The first three hold strings, automata and lists of numbers; each of the others is
//! a table of rows of one kind. All numbers are little-endian. [`tables`] declares the rows.
//!
//! INVARIANT: in a loaded plan every reference leads to an item that exists, every enum number and every flag is known, and
//! every condition and template can be evaluated in bounded time. `load` checks all of it, so no reader needs a default.

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
pub use host::{Retention, SlotTarget};
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
pub const VERSION: u32 = 3;
const MAGIC: &[u8; 8] = b"TLPLAN\0\0";
const HEADER: usize = 16;
/// The maximum number of strings of a bucket that are compared, so that interning takes bounded time. Buckets of evenly
/// distributed hashes hold a few.
const MAX_BUCKET: usize = 64;

/// A loaded plan.
pub struct Plan {
    /// The words of all tables and lists, and the ends of all strings and automata.
    words: Box<[u32]>,
    sections: [Section; SECTIONS],
    /// All strings, one after the other.
    texts: Box<str>,
    /// All automata, one after the other.
    automata: Box<[u8]>,
    settings: Settings,
}

impl Plan {
    /// Loads a plan from the bytes that the compiler made.
    ///
    /// # Errors
    /// Returns the first defect of bytes that are not a valid plan of this version. No bytes make it panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use throughline::Plan;
    /// # use throughline_compiler::{Options, Source, compile};
    ///
    /// let rules = "slots: { home.hero: {} }";
    /// # let plans = compile(&[Source::new("rules.yaml", rules)], Options::default()).plans.ok_or("mistakes")?;
    /// # let bytes = plans.edge;
    /// let plan = Plan::load(&bytes)?;
    /// assert_eq!(plan.slots().next().map(|slot| slot.id), Some("home.hero"));
    ///
    /// let damaged = &bytes[..bytes.len() - 1];
    /// assert!(Plan::load(damaged).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(bytes: &[u8]) -> Result<Self, PlanError> {
        load::load(bytes)
    }

    /// Returns the plan's id: plans with equal ids are equal.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text(self.settings.id)
    }

    /// Returns the settings of the whole plan.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the number of rows in the table of `R`.
    #[must_use]
    pub fn count<R: Row>(&self) -> u32 {
        self.section(R::TABLE).count
    }

    /// Returns the row with this number.
    #[must_use]
    pub fn get<R: Row>(&self, id: Id<R>) -> Option<R> {
        let section = self.section(R::TABLE);
        let start = id.index().checked_mul(R::WORDS)?.checked_add(section.start)?;
        let words = self.words.get(start..start.checked_add(R::WORDS)?)?;
        if id.0 < section.count { R::read(words) } else { None }
    }

    /// Returns the ids of all rows of a table.
    pub fn all<R: Row>(&self) -> Span<R> {
        Span::new(0, self.count::<R>())
    }

    /// Returns the rows of a span, each with its id.
    pub fn rows<R: Row + 'static>(&self, span: Span<R>) -> impl Iterator<Item = (Id<R>, R)> + '_ {
        span.iter().filter_map(|id| self.get(id).map(|row| (id, row)))
    }

    /// Returns the items of a list.
    pub fn list<T: 'static>(&self, ids: Ids<T>) -> impl Iterator<Item = Id<T>> + Clone + '_ {
        self.numbers(ids).iter().map(|item| Id::new(*item))
    }

    /// Returns the item at an index of a list.
    #[must_use]
    pub fn list_item<T>(&self, ids: Ids<T>, index: u32) -> Option<Id<T>> {
        self.numbers(ids).get(index as usize).map(|item| Id::new(*item))
    }

    /// Returns a string.
    #[must_use]
    pub fn text(&self, id: Id<Text>) -> &str {
        self.part(STRINGS, id.index()).and_then(|range| self.texts.get(range)).unwrap_or("")
    }

    /// Returns the id of an interned string, one that conditions compare with. Equal strings have equal ids.
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

    /// Finds a row of a table that is sorted by a string.
    #[must_use]
    pub fn find<R: Row>(&self, key: &str, text: impl Fn(&R) -> Id<Text>) -> Option<(Id<R>, R)> {
        self.search(self.all(), |row| self.text(text(row)).cmp(key))
    }

    /// Finds a row of a sorted span; `order` compares a row with the wanted one.
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

    /// Returns an automaton.
    fn automaton(&self, regex: Id<Regex>) -> Option<Automaton<'_>> {
        Automaton::read(self.automata.get(self.part(REGEXES, regex.index())?)?)
    }

    /// Returns the range of a string or an automaton among all of them.
    fn part(&self, section: usize, index: usize) -> Option<Range<usize>> {
        let start = self.section(section).start.saturating_add(index);
        match self.words.get(start..start.saturating_add(2))? {
            [start, end] => Some(*start as usize..*end as usize),
            _ => None,
        }
    }

    /// Returns the range and count of a section.
    fn section(&self, number: usize) -> Section {
        self.sections.get(number).copied().unwrap_or_default()
    }

    /// Returns the section of lists.
    fn lists(&self) -> &[u32] {
        let section = self.section(LISTS);
        self.words.get(section.start..section.end).unwrap_or(&[])
    }

    /// Returns the numbers of the items of a list.
    pub(crate) fn numbers<T>(&self, ids: Ids<T>) -> &[u32] {
        let (start, len) = ids.words();
        let start = start as usize;
        self.lists().get(start..start.saturating_add(len as usize)).unwrap_or(&[])
    }

    /// Calls `check` with the sizes of all tables.
    fn bounds<R>(&self, check: impl FnOnce(&Bounds<'_>) -> R) -> R {
        let counts = self.sections.map(|section| section.count);
        check(&Bounds { counts: &counts, lists: self.lists() })
    }
}

/// Returns the number of the bucket of a string; `last` is the number of buckets, a power of two, less one.
fn bucket_of(word: &str, last: u32) -> u32 {
    fnv64a([word]) as u32 & last
}

impl core::fmt::Debug for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Plan").field("id", &self.id()).field("words", &self.words.len()).finish()
    }
}
