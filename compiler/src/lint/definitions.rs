//! Definitions as written: their positions and their keys.

use std::collections::BTreeMap;

use crate::source::cursor::Cursor;
use crate::source::tree::Node;

/// The definitions of all files, by section and id.
pub struct Definitions<'a> {
    tops: Vec<Cursor<'a>>,
    by_id: BTreeMap<&'a str, BTreeMap<&'a str, Cursor<'a>>>,
}

impl<'a> Definitions<'a> {
    /// Collects the definitions of parsed files.
    #[must_use]
    pub fn new(trees: &'a [Node]) -> Self {
        let tops: Vec<Cursor<'a>> = trees.iter().map(Cursor::top).collect();
        let mut by_id: BTreeMap<&str, BTreeMap<&str, Cursor<'a>>> = BTreeMap::new();
        for top in &tops {
            for section in top.node.entries() {
                let cursor = top.member(section);
                let known = by_id.entry(&section.key).or_default();
                for entry in section.value.entries() {
                    let definition = Cursor { mark: entry.key_span, ..cursor.member(entry) };
                    known.entry(&entry.key).or_insert(definition);
                }
            }
        }
        Self { tops, by_id }
    }

    /// Returns cursors at the top of each file.
    #[must_use]
    pub fn tops(&self) -> &[Cursor<'a>] {
        &self.tops
    }

    /// Returns the definitions of a section, by id.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&'a str, &Cursor<'a>)> {
        self.by_id.get(name).into_iter().flatten().map(|(id, cursor)| (*id, cursor))
    }

    /// Returns the position of a definition.
    #[must_use]
    pub fn get(&self, section: &str, id: &str) -> Option<&Cursor<'a>> {
        self.by_id.get(section)?.get(id)
    }

    /// Returns the position of a key of a definition, or of the definition if it has no such key.
    #[must_use]
    pub fn key(&self, section: &str, id: &str, key: &str) -> Option<Cursor<'a>> {
        let cursor = self.get(section, id)?;
        Some(member(cursor, key).unwrap_or_else(|| cursor.clone()))
    }

    /// Returns whether a definition has only these keys, so that the lint understands it completely.
    #[must_use]
    pub fn has_only(&self, section: &str, id: &str, keys: &[&str]) -> bool {
        self.get(section, id).is_some_and(|cursor| has_only(cursor.node, keys))
    }

    /// Returns the items of a list in a section of any file, such as `policies.caps`.
    #[must_use]
    pub fn list(&self, section: &str, key: &str) -> Vec<Cursor<'a>> {
        let places = self.tops.iter().filter_map(|top| member(&member(top, section)?, key));
        places.flat_map(|cursor| items(&cursor)).collect()
    }

    /// Returns whether a section has only these keys in every file.
    #[must_use]
    pub fn section_has_only(&self, section: &str, keys: &[&str]) -> bool {
        self.tops.iter().filter_map(|top| top.node.get(section)).all(|node| has_only(node, keys))
    }
}

/// Returns a member of a map.
#[must_use]
pub fn member<'a>(cursor: &Cursor<'a>, key: &str) -> Option<Cursor<'a>> {
    cursor.get(key)
}

/// Returns the items of a list.
#[must_use]
pub fn items<'a>(cursor: &Cursor<'a>) -> Vec<Cursor<'a>> {
    cursor.items().unwrap_or_default()
}

/// Returns whether a map has only these keys; a description is always allowed.
#[must_use]
pub fn has_only(node: &Node, keys: &[&str]) -> bool {
    node.entries().iter().all(|entry| entry.key == "description" || keys.contains(&entry.key.as_str()))
}
