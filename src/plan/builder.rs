//! Writes plans, for the compiler.

use alloc::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::row::Row;
use super::tables::{Constant, ConstantKind, LISTS, REGEXES, Regex, SECTIONS, STRINGS, Settings, StringBucket, Text};
use super::{HEADER, Id, Ids, MAGIC, Span, VERSION, bucket_of};
use crate::prelude::*;

/// Collects strings, automata, lists and rows, and lays them out as a plan.
#[derive(Default)]
pub struct PlanBuilder {
    texts: Vec<String>,
    text_ids: BTreeMap<String, u32>,
    regexes: Vec<Vec<u8>>,
    lists: Vec<u32>,
    list_ids: BTreeMap<Vec<u32>, u32>,
    tables: BTreeMap<usize, Table>,
    shared: BTreeMap<(usize, Vec<u32>), u32>,
}

#[derive(Default)]
struct Table {
    words: Vec<u32>,
    rows: u32,
}

impl PlanBuilder {
    /// Returns the id of this string, adding it if it is new. Equal strings have equal ids.
    pub fn text(&mut self, text: &str) -> Id<Text> {
        if let Some(index) = self.text_ids.get(text) {
            return Id::new(*index);
        }
        let index = number(self.texts.len());
        self.texts.push(text.to_owned());
        self.text_ids.insert(text.to_owned(), index);
        Id::new(index)
    }

    /// Returns the id of this automaton, adding it if it is new. `automaton` has the bytes that
    /// [`automaton::write`](super::automaton::write) returns; equal automata have equal ids.
    pub fn regex(&mut self, automaton: Vec<u8>) -> Id<Regex> {
        if let Some(index) = self.regexes.iter().position(|known| *known == automaton) {
            return Id::new(number(index));
        }
        self.regexes.push(automaton);
        Id::new(number(self.regexes.len().saturating_sub(1)))
    }

    /// Returns a list of these items. Equal lists are stored once.
    pub fn ids<T>(&mut self, items: &[Id<T>]) -> Ids<T> {
        let words: Vec<u32> = items.iter().map(|item| item.0).collect();
        let len = number(words.len());
        if let Some(start) = self.list_ids.get(&words) {
            return Ids::from_words(*start, len);
        }
        let start = number(self.lists.len());
        self.lists.extend(&words);
        self.list_ids.insert(words, start);
        Ids::from_words(start, len)
    }

    /// Adds a row to its table, and returns its id.
    pub fn push<R: Row>(&mut self, row: R) -> Id<R> {
        let table = self.tables.entry(R::TABLE).or_default();
        let id = Id::new(table.rows);
        row.write(&mut table.words);
        table.rows = table.rows.saturating_add(1);
        id
    }

    /// Returns the id of an equal row that was shared before; otherwise adds this row, and returns its id.
    pub fn share<R: Row>(&mut self, row: R) -> Id<R> {
        let mut words = Vec::with_capacity(R::WORDS);
        row.write(&mut words);
        let next = self.count::<R>();
        match *self.shared.entry((R::TABLE, words)).or_insert(next) {
            known if known < next => Id::new(known),
            _ => self.push(row),
        }
    }

    /// Adds consecutive rows to their table, and returns their span.
    pub fn push_all<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) -> Span<R> {
        let start = self.count::<R>();
        for row in rows {
            self.push(row);
        }
        Span::new(start, self.count::<R>().saturating_sub(start))
    }

    /// Replaces a row that was pushed earlier.
    pub fn set<R: Row>(&mut self, id: Id<R>, row: R) {
        let mut words = Vec::with_capacity(R::WORDS);
        row.write(&mut words);
        let start = id.index().saturating_mul(R::WORDS);
        let end = start.saturating_add(R::WORDS);
        if let Some(old) = self.tables.get_mut(&R::TABLE).and_then(|table| table.words.get_mut(start..end)) {
            old.copy_from_slice(&words);
        }
    }

    /// Returns a row that was pushed or shared.
    #[must_use]
    pub fn get<R: Row>(&self, id: Id<R>) -> Option<R> {
        let start = id.index().checked_mul(R::WORDS)?;
        let words = self.tables.get(&R::TABLE)?.words.get(start..start.checked_add(R::WORDS)?)?;
        R::read(words)
    }

    /// Returns the items of a list.
    pub fn list<T: 'static>(&self, ids: Ids<T>) -> impl Iterator<Item = Id<T>> + '_ {
        let (start, len) = ids.words();
        self.lists.iter().skip(start as usize).take(len as usize).map(|item| Id::new(*item))
    }

    /// Returns the string with this id.
    #[must_use]
    pub fn text_of(&self, id: Id<Text>) -> &str {
        self.texts.get(id.index()).map_or("", String::as_str)
    }

    /// Returns the number of rows in the table of `R` so far.
    #[must_use]
    pub fn count<R: Row>(&self) -> u32 {
        self.tables.get(&R::TABLE).map_or(0, |table| table.rows)
    }

    /// Returns the plan's bytes. Sets its id: the first 16 hexadecimal digits of a SHA-256 over everything else.
    #[must_use]
    pub fn finish(mut self, mut settings: Settings) -> Vec<u8> {
        self.intern_constants();
        settings.id = Id::new(number(self.texts.len()));
        self.push(settings);
        let hash = Sha256::digest(self.lay_out(""));
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.lay_out(&id)
    }

    /// Interns the strings of all string constants: distributes them over about as many buckets, a power of two.
    fn intern_constants(&mut self) {
        let constants = Span::new(0, self.count::<Constant>()).iter().filter_map(|id| self.get::<Constant>(id));
        let texts = constants.filter(|row| row.kind == ConstantKind::String).map(|row| row.text);
        let words: BTreeSet<Id<Text>> = texts.collect();
        let mut buckets: Vec<Vec<Id<Text>>> = vec![Vec::new(); words.len().next_power_of_two()];
        let last = number(buckets.len()).saturating_sub(1);
        for word in words {
            if let Some(bucket) = buckets.get_mut(bucket_of(self.text_of(word), last) as usize) {
                bucket.push(word);
            }
        }
        for words in buckets {
            let words = self.ids(&words);
            self.push(StringBucket { words });
        }
    }

    /// Returns the plan's bytes with this id.
    fn lay_out(&self, id: &str) -> Vec<u8> {
        let texts = self.texts.iter().map(String::as_str).chain([id]).map(str::as_bytes);
        let mut contents: Vec<Vec<u8>> = vec![Vec::new(); SECTIONS];
        for (section, content) in contents.iter_mut().enumerate() {
            *content = match section {
                STRINGS => blobs(texts.clone()),
                REGEXES => blobs(self.regexes.iter().map(Vec::as_slice)),
                LISTS => bytes(&self.lists),
                table => self.tables.get(&table).map(|table| bytes(&table.words)).unwrap_or_default(),
            };
        }
        let mut out = MAGIC.to_vec();
        out.extend(bytes(&[VERSION, number(SECTIONS)]));
        let mut offset = SECTIONS.saturating_mul(8).saturating_add(HEADER);
        for content in &contents {
            out.extend(bytes(&[number(offset), number(content.len())]));
            offset = offset.saturating_add(content.len());
        }
        out.extend(contents.concat());
        out
    }
}

/// Converts a count or offset to a word. The compiler bounds its input, so no plan comes near the limit.
fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Returns the bytes of words.
fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Returns a section of strings or automata: the count, the end of each item, and the items, padded to whole words.
fn blobs<'a>(items: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut end: usize = 0;
    let ends = items.clone().map(|item| {
        end = end.saturating_add(item.len());
        number(end)
    });
    let header: Vec<u32> = [number(items.clone().count())].into_iter().chain(ends).collect();
    let mut out = bytes(&header);
    for item in items {
        out.extend(item);
    }
    out.resize(out.len().next_multiple_of(4), 0);
    out
}
