//! Writes plans. Only the compiler does.

use alloc::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::row::Row;
use super::tables::{Constant, ConstantKind, LISTS, REGEXES, Regex, SECTIONS, STRINGS, Settings, StringBucket, Text};
use super::{HEADER, Id, Ids, MAGIC, Span, VERSION, bucket_of};
use crate::prelude::*;

/// Collects texts, automata, lists and rows, and lays them out as a plan.
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
    /// The number of this text; equal texts have equal numbers.
    pub fn text(&mut self, text: &str) -> Id<Text> {
        if let Some(index) = self.text_ids.get(text) {
            return Id::new(*index);
        }
        let index = number(self.texts.len());
        self.texts.push(text.to_owned());
        self.text_ids.insert(text.to_owned(), index);
        Id::new(index)
    }

    /// The number of this automaton, as [`automaton::write`](super::automaton::write) has it; equal automata have equal numbers.
    pub fn regex(&mut self, automaton: Vec<u8>) -> Id<Regex> {
        if let Some(index) = self.regexes.iter().position(|known| *known == automaton) {
            return Id::new(number(index));
        }
        self.regexes.push(automaton);
        Id::new(number(self.regexes.len().saturating_sub(1)))
    }

    /// A list of things; equal lists are kept once.
    pub fn ids<T>(&mut self, things: &[Id<T>]) -> Ids<T> {
        let words: Vec<u32> = things.iter().map(|thing| thing.0).collect();
        let len = number(words.len());
        if let Some(start) = self.list_ids.get(&words) {
            return Ids::from_words(*start, len);
        }
        let start = number(self.lists.len());
        self.lists.extend(&words);
        self.list_ids.insert(words, start);
        Ids::from_words(start, len)
    }

    /// Adds a row to its table.
    pub fn push<R: Row>(&mut self, row: R) -> Id<R> {
        let table = self.tables.entry(R::TABLE).or_default();
        let id = Id::new(table.rows);
        row.write(&mut table.words);
        table.rows = table.rows.saturating_add(1);
        id
    }

    /// The number of a row equal to this one that was shared before, else of this row, which is added.
    pub fn share<R: Row>(&mut self, row: R) -> Id<R> {
        let mut words = Vec::with_capacity(R::WORDS);
        row.write(&mut words);
        let next = self.count::<R>();
        match *self.shared.entry((R::TABLE, words)).or_insert(next) {
            known if known < next => Id::new(known),
            _ => self.push(row),
        }
    }

    /// Adds consecutive rows to their table.
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

    /// A row that was pushed or shared.
    #[must_use]
    pub fn get<R: Row>(&self, id: Id<R>) -> Option<R> {
        let start = id.index().checked_mul(R::WORDS)?;
        let words = self.tables.get(&R::TABLE)?.words.get(start..start.checked_add(R::WORDS)?)?;
        Some(R::read(words))
    }

    /// The things of a list.
    pub fn list<T: 'static>(&self, ids: Ids<T>) -> impl Iterator<Item = Id<T>> + '_ {
        let (start, len) = ids.words();
        self.lists.iter().skip(start as usize).take(len as usize).map(|item| Id::new(*item))
    }

    /// The text with this number.
    #[must_use]
    pub fn text_of(&self, id: Id<Text>) -> &str {
        self.texts.get(id.index()).map_or("", String::as_str)
    }

    /// How many rows the table of `R` has so far.
    #[must_use]
    pub fn count<R: Row>(&self) -> u32 {
        self.tables.get(&R::TABLE).map_or(0, |table| table.rows)
    }

    /// The plan's bytes. Its id is set here: the first 16 hexadecimal digits of a SHA-256 over everything else.
    #[must_use]
    pub fn finish(mut self, mut settings: Settings) -> Vec<u8> {
        self.words();
        settings.id = Id::new(number(self.texts.len()));
        self.push(settings);
        let hash = Sha256::digest(self.lay_out(""));
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.lay_out(&id)
    }

    /// Puts the texts of all text constants into buckets: about as many as there are texts, and a power of two.
    fn words(&mut self) {
        let constants = Span::new(0, self.count::<Constant>()).iter().filter_map(|id| self.get::<Constant>(id));
        let texts = constants.filter(|row| row.kind == ConstantKind::String as u32).map(|row| row.text);
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

/// A count or offset as it stands in a plan. Nothing in a plan comes near the limit: the compiler bounds its input.
fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The count, the end of each thing, and the things, padded to whole words.
fn blobs<'a>(things: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut end: usize = 0;
    let ends = things.clone().map(|thing| {
        end = end.saturating_add(thing.len());
        number(end)
    });
    let header: Vec<u32> = [number(things.clone().count())].into_iter().chain(ends).collect();
    let mut out = bytes(&header);
    for thing in things {
        out.extend(thing);
    }
    out.resize(out.len().next_multiple_of(4), 0);
    out
}
