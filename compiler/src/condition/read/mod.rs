//! Conditions from their source: every mistake is reported here, and only here.

mod constant;
mod distance;
mod group;
mod history;
mod local;
mod operators;
mod subject;

use super::tree::{Alternative, Condition};
use super::vocabulary::{Dialect, Vocabulary};
use crate::source::cursor::Cursor;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::tree::{Entry, Kind, Node, Span};

/// Conditions are not nested deeper than this.
const MAX_DEPTH: usize = 16;

/// The operators that are allowed in place of an attribute.
const LOGIC: [&str; 5] = ["$and", "$or", "$nor", "$not", "$savedGroup"];

/// Reads a condition on the subject.
pub fn subject<'a>(
    cursor: &Cursor<'a>,
    vocabulary: &Vocabulary<'a>,
    dialect: Dialect,
    diagnostics: &mut Diagnostics,
) -> Condition<'a> {
    Reader { vocabulary, dialect, diagnostics, open: Vec::new(), groups: 0 }.whole(cursor, Keys::Attributes)
}

/// Reads a condition on the members of a value, such as the properties of an event, whose names need no declaration.
pub fn members<'a>(
    cursor: &Cursor<'a>,
    vocabulary: &Vocabulary<'a>,
    dialect: Dialect,
    diagnostics: &mut Diagnostics,
) -> Condition<'a> {
    Reader { vocabulary, dialect, diagnostics, open: Vec::new(), groups: 0 }.whole(cursor, Keys::Members)
}

struct Reader<'r, 'a> {
    vocabulary: &'r Vocabulary<'a>,
    dialect: Dialect,
    diagnostics: &'r mut Diagnostics,
    /// The saved groups that are being read, each used by the one before it.
    open: Vec<&'a str>,
    /// The number of saved groups that have been read so far.
    groups: usize,
}

/// The meaning of the keys of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Attributes of the subject.
    Attributes,
    /// Members of a value: properties of an event, or of an element of a list.
    Members,
}

impl<'a> Reader<'_, 'a> {
    fn whole(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        if let Some(span) = deeper_than(cursor.node, MAX_DEPTH) {
            let message = format!("the condition is nested deeper than {MAX_DEPTH} levels");
            let error = self.diagnostics.error(span, &cursor.path, "too-deep", message);
            error.expected("a segment for a part of it");
            return Condition::Never;
        }
        self.condition(cursor, keys)
    }

    fn condition(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        let Kind::Map(entries) = &cursor.node.kind else {
            self.wrong_type(cursor, "a map of attributes and operators");
            return Condition::Never;
        };
        Condition::All(entries.iter().map(|entry| self.part(entry, &cursor.member(entry), keys)).collect())
    }

    /// One entry of a condition.
    fn part(&mut self, entry: &'a Entry, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        match entry.key.as_str() {
            "$and" => self.conditions(cursor, keys).map_or(Condition::Never, |(_, parts)| Condition::All(parts)),
            "$or" => self.conditions(cursor, keys).map_or(Condition::Never, |(places, parts)| {
                let alternative = |(cursor, condition)| Alternative { cursor, condition };
                Condition::Any(places.into_iter().zip(parts).map(alternative).collect())
            }),
            "$nor" => self.conditions(cursor, keys).map_or(Condition::Never, |(_, parts)| Condition::Nor(parts)),
            "$not" => Condition::Not(Box::new(self.condition(cursor, keys))),
            "$savedGroup" => self.saved_group(cursor, keys),
            key => match keys {
                Keys::Attributes => self.subject_part(key, entry, cursor),
                Keys::Members => self.member_part(key, entry, cursor),
            },
        }
    }

    /// The conditions of a list, and their positions.
    fn conditions(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Option<(Vec<Cursor<'a>>, Vec<Condition<'a>>)> {
        let Some(items) = cursor.items() else {
            self.wrong_type(cursor, "a list of conditions");
            return None;
        };
        let parts = items.iter().map(|item| self.condition(item, keys)).collect();
        Some((items, parts))
    }

    fn member_part(&mut self, path: &'a str, entry: &Entry, cursor: &Cursor<'a>) -> Condition<'a> {
        if path.starts_with('$') && self.is_strict() {
            self.unknown_operator(entry, cursor, LOGIC);
            return Condition::Never;
        }
        Condition::Member { path, test: self.value(cursor, None) }
    }

    fn is_strict(&self) -> bool {
        self.dialect == Dialect::Rules
    }

    /// Reports an error in rules, and a warning in GrowthBook's language.
    fn mistake(&mut self, span: Span, cursor: &Cursor<'_>, code: &'static str, message: String) -> &mut Diagnostic {
        match self.dialect {
            Dialect::Rules => self.diagnostics.error(span, &cursor.path, code, message),
            Dialect::GrowthBook => self.diagnostics.warning(span, &cursor.path, code, message),
        }
    }

    fn wrong_type(&mut self, cursor: &Cursor<'_>, expected: &str) {
        let message = format!("found {}", cursor.node.kind_name());
        self.mistake(cursor.node.span, cursor, "wrong-type", message).expected(expected);
    }

    fn unknown_operator<'k>(&mut self, entry: &Entry, cursor: &Cursor<'_>, known: impl IntoIterator<Item = &'k str>) {
        let message = format!("unknown operator `{}`", entry.key);
        self.mistake(entry.key_span, cursor, "unknown-operator", message).expected_one_of(&entry.key, known);
    }

    /// Reports an error at a value.
    fn error(&mut self, cursor: &Cursor<'_>, code: &'static str, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.error(cursor.node.span, &cursor.path, code, message)
    }

    /// Reports an error at a member of a map, or at the map if it has no such member.
    fn error_at(&mut self, map: &Cursor<'_>, key: &str, code: &'static str, message: String) -> &mut Diagnostic {
        let span = map.node.get(key).map_or(map.node.span, |node| node.span);
        self.diagnostics.error(span, &join(&map.path, key), code, message)
    }

    /// Returns the meaning of a word; without a meaning, an error is reported.
    fn known_word<'k, T>(
        &mut self,
        meaning: Option<T>,
        cursor: &Cursor<'_>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<T> {
        if meaning.is_none() {
            let word = cursor.node.as_str().unwrap_or_default();
            self.error(cursor, "unknown-word", format!("unknown value `{word}`")).expected_one_of(word, known);
        }
        meaning
    }

    /// Checks that this is a map without other members than the known ones.
    fn known_members(&mut self, cursor: &Cursor<'_>, known: &[&str]) -> Option<()> {
        let Kind::Map(entries) = &cursor.node.kind else {
            self.wrong_type(cursor, &format!("a map with some of the keys {}", known.join(", ")));
            return None;
        };
        let mut unknown = entries.iter().filter(|entry| !known.contains(&entry.key.as_str())).peekable();
        let is_good = unknown.peek().is_none();
        for entry in unknown {
            let message = format!("unknown key `{}`", entry.key);
            let path = join(&cursor.path, &entry.key);
            let error = self.diagnostics.error(entry.key_span, &path, "unknown-key", message);
            error.expected_one_of(&entry.key, known.iter().copied());
        }
        is_good.then_some(())
    }
}

/// The path of a member.
fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Returns the position of a value that is nested deeper than some levels.
fn deeper_than(node: &Node, levels: usize) -> Option<Span> {
    let Some(below) = levels.checked_sub(1) else { return Some(node.span) };
    match &node.kind {
        Kind::List(items) => items.iter().find_map(|item| deeper_than(item, below)),
        Kind::Map(entries) => entries.iter().find_map(|entry| deeper_than(&entry.value, below)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => None,
    }
}
