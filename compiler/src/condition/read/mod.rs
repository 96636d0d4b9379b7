//! Conditions from their source: every mistake is reported here, and only here.

mod address;
mod constant;
mod distance;
mod group;
mod history;
mod local;
mod membership;
mod operators;
mod subject;

pub use address::names_as_given;

use super::tree::{Alternative, Condition};
use super::vocabulary::{Dialect, Vocabulary};
use crate::source::cursor::Cursor;
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::tree::{Entry, Kind, Span};

/// The maximum number of operators that contain each other, such as `$and` in `$or`. The plan has up to three nodes for
/// each, and the core evaluates 64.
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
    Reader { vocabulary, dialect, diagnostics, open: Vec::new(), groups: 0, depth: 0 }
        .condition(cursor, Keys::Attributes)
}

/// Reads a condition on the properties of an event.
pub fn properties<'a>(cursor: &Cursor<'a>, diagnostics: &mut Diagnostics) -> Condition<'a> {
    let (vocabulary, dialect) = (&Vocabulary::default(), Dialect::Rules);
    Reader { vocabulary, dialect, diagnostics, open: Vec::new(), groups: 0, depth: 0 }
        .condition(cursor, Keys::Properties)
}

/// Reads a condition on the members of a value, such as the fields of an item, whose names need no declaration.
pub fn members<'a>(
    cursor: &Cursor<'a>,
    vocabulary: &Vocabulary<'a>,
    dialect: Dialect,
    diagnostics: &mut Diagnostics,
) -> Condition<'a> {
    Reader { vocabulary, dialect, diagnostics, open: Vec::new(), groups: 0, depth: 0 }.condition(cursor, Keys::Members)
}

struct Reader<'r, 'a> {
    vocabulary: &'r Vocabulary<'a>,
    dialect: Dialect,
    diagnostics: &'r mut Diagnostics,
    /// The saved groups that are being read, each used by the one before it.
    open: Vec<&'a str>,
    /// The number of saved groups that have been read so far.
    groups: usize,
    /// The number of operators around the part that is being read.
    depth: usize,
}

/// The meaning of the keys of a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Attributes of the subject.
    Attributes,
    /// Properties of an event.
    Properties,
    /// Members of a value: fields of an item, or of an element of a list.
    Members,
}

impl<'a> Reader<'_, 'a> {
    /// Reads what an operator contains, or reports that it is nested too deeply.
    fn nested<T>(&mut self, cursor: &Cursor<'_>, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} operators contain each other");
            self.error(cursor, "too-deep", message).expected("a segment for a part of the condition");
            return None;
        }
        self.depth = self.depth.saturating_add(1);
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        Some(read)
    }

    /// Reads a condition that an operator contains.
    fn nested_condition(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        self.nested(cursor, |reader| reader.condition(cursor, keys)).unwrap_or(Condition::Never)
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
            "$not" => Condition::Not(Box::new(self.nested_condition(cursor, keys))),
            "$savedGroup" => self.saved_group(cursor, keys),
            key => match keys {
                Keys::Attributes => self.subject_part(key, entry, cursor),
                Keys::Members | Keys::Properties => self.member_part(key, entry, cursor, keys),
            },
        }
    }

    /// The conditions of a list, and their positions.
    fn conditions(&mut self, cursor: &Cursor<'a>, keys: Keys) -> Option<(Vec<Cursor<'a>>, Vec<Condition<'a>>)> {
        let Some(items) = cursor.items() else {
            self.wrong_type(cursor, "a list of conditions");
            return None;
        };
        let parts = self.nested(cursor, |reader| items.iter().map(|item| reader.condition(item, keys)).collect())?;
        Some((items, parts))
    }

    fn member_part(&mut self, path: &'a str, entry: &Entry, cursor: &Cursor<'a>, keys: Keys) -> Condition<'a> {
        if path.starts_with('$') && self.is_strict() {
            self.unknown_operator(entry, cursor, LOGIC);
            return Condition::Never;
        }
        let test = self.value(cursor, None);
        let test = if keys == Keys::Properties { self.of_property(path, test, cursor) } else { test };
        Condition::Member { path, test }
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
