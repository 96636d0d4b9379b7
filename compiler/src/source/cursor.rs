//! Typed reading of a tree: each value with its path, so that errors can name their position.

use core::ops::RangeInclusive;

use jiff::tz::TimeZone;
use throughline::Millis;

use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::parse::Source;
use crate::source::tree::{Entry, Kind, Node, Span};
use crate::source::{duration, time};

/// The context of every reader: the sources, and the collected diagnostics.
#[derive(Debug)]
pub struct ReadContext<'a> {
    /// The files of rules.
    pub sources: &'a [Source],
    /// The time zone of times without an offset.
    pub zone: TimeZone,
    /// The diagnostics so far.
    pub diagnostics: Diagnostics,
}

impl ReadContext<'_> {
    /// Formats a span for people: file, line and column.
    #[must_use]
    pub fn location(&self, span: Span) -> String {
        crate::source::report::location(self.sources, span)
    }
}

/// A value in the rules with its path.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    /// The value.
    pub node: &'a Node,
    /// The path from the top of the rules.
    pub path: String,
    /// The span that diagnostics point at: the value, or the key of a definition.
    pub mark: Span,
}

/// The known members of a map.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor at the top of a file.
    #[must_use]
    pub fn top(node: &'a Node) -> Self {
        Self { node, path: String::new(), mark: Span { end: node.span.start, ..node.span } }
    }

    /// Returns a cursor at a member of this map.
    #[must_use]
    pub fn member(&self, entry: &'a Entry) -> Self {
        let path = if self.path.is_empty() { entry.key.clone() } else { format!("{}.{}", self.path, entry.key) };
        let mark =
            if matches!(entry.value.kind, Kind::Map(_) | Kind::Null) { entry.key_span } else { entry.value.span };
        Self { node: &entry.value, path, mark }
    }

    /// Returns a cursor at an item of this list.
    #[must_use]
    pub fn item(&self, index: usize, node: &'a Node) -> Self {
        let mark = match &node.kind {
            Kind::Map(entries) => entries.first().map_or(node.span, |first| first.key_span),
            _ => node.span,
        };
        Self { node, path: format!("{}[{index}]", self.path), mark }
    }

    /// Returns the member with this name, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        self.node.entries().iter().find(|entry| entry.key == key).map(|entry| self.member(entry))
    }

    /// Returns the items, if this is a list.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Self>> {
        let Kind::List(items) = &self.node.kind else { return None };
        Some(items.iter().enumerate().map(|(index, item)| self.item(index, item)).collect())
    }

    /// Reports an error at this position.
    pub fn error<'d>(
        &self,
        code: &'static str,
        message: impl Into<String>,
        out: &'d mut ReadContext<'_>,
    ) -> &'d mut Diagnostic {
        out.diagnostics.error(self.mark, &self.path, code, message)
    }

    /// Reports a warning at this position.
    pub fn warning<'d>(
        &self,
        code: &'static str,
        message: impl Into<String>,
        out: &'d mut ReadContext<'_>,
    ) -> &'d mut Diagnostic {
        out.diagnostics.warning(self.mark, &self.path, code, message)
    }

    fn wrong_type(&self, expected: impl Into<String>, out: &mut ReadContext<'_>) {
        let found = match &self.node.kind {
            Kind::Bool(value) => format!("`{value}` is a boolean"),
            Kind::Number(number) => format!("`{number}` is a number"),
            Kind::String(text) => format!("`{}` is a string", shorten(text)),
            Kind::Null | Kind::List(_) | Kind::Map(_) => format!("found {}", self.node.kind_name()),
        };
        self.error("wrong-type", found, out).expected(expected);
    }

    /// Reads a map, and reports every key that is not `known`. A missing value counts as an empty map.
    pub fn fields(self, known: &[&str], out: &mut ReadContext<'_>) -> Fields<'a> {
        if !matches!(self.node.kind, Kind::Map(_) | Kind::Null) {
            self.wrong_type(format!("a map with the keys {}", known.join(", ")), out);
        }
        for entry in self.node.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("unknown key `{}`", entry.key);
            let path = self.member(entry).path;
            let found = out.diagnostics.error(entry.key_span, &path, "unknown-key", message);
            found.expected_one_of(&entry.key, known.iter().copied());
        }
        Fields { cursor: self }
    }

    /// Returns the definitions of this map, each with its id.
    pub fn definitions(&self, out: &mut ReadContext<'_>) -> Vec<(&'a str, Self)> {
        if !matches!(self.node.kind, Kind::Map(_) | Kind::Null) {
            self.wrong_type("a map from ids to definitions", out);
        }
        let entries = self.node.entries().iter();
        entries.map(|entry| (entry.key.as_str(), Self { mark: entry.key_span, ..self.member(entry) })).collect()
    }

    /// Returns the items of this list.
    pub fn list(&self, out: &mut ReadContext<'_>) -> Vec<Self> {
        self.items().unwrap_or_else(|| {
            self.wrong_type("a list", out);
            Vec::new()
        })
    }

    /// Returns the items of this list, or the value itself if it is not a list.
    pub fn one_or_list(&self, out: &mut ReadContext<'_>) -> Vec<Self> {
        match &self.node.kind {
            Kind::List(_) => self.list(out),
            _ => vec![self.clone()],
        }
    }

    /// Reads a non-empty string.
    pub fn text(&self, out: &mut ReadContext<'_>) -> Option<&'a str> {
        let text = self.node.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.wrong_type("a non-empty string", out);
        }
        text
    }

    /// Reads a list of names, or a single one without a list.
    pub fn references(&self, out: &mut ReadContext<'_>) -> Vec<Reference<'a>> {
        self.one_or_list(out).into_iter().filter_map(|cursor| cursor.reference(out)).collect()
    }

    /// Reads a name, and keeps its position.
    pub fn reference(self, out: &mut ReadContext<'_>) -> Option<Reference<'a>> {
        self.text(out).map(|name| Reference { name, cursor: self })
    }

    /// Returns whether there is no value.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.node.kind, Kind::Null)
    }

    /// Reads a boolean.
    pub fn flag(&self, out: &mut ReadContext<'_>) -> Option<bool> {
        match self.node.kind {
            Kind::Bool(value) => Some(value),
            _ => {
                self.wrong_type("`true` or `false`", out);
                None
            }
        }
    }

    /// Reads a number within a range.
    pub fn number(&self, range: RangeInclusive<f64>, out: &mut ReadContext<'_>) -> Option<f64> {
        let (least, most) = (range.start(), range.end());
        let expected = if least == most { format!("`{least}`") } else { format!("a number from {least} to {most}") };
        match self.node.kind {
            Kind::Number(number) if range.contains(&number) => Some(number),
            Kind::Number(number) => {
                self.error("out-of-range", format!("`{number}` is out of range"), out).expected(expected);
                None
            }
            _ => {
                self.wrong_type(expected, out);
                None
            }
        }
    }

    /// Reads an integer within a range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
    pub fn integer(&self, range: RangeInclusive<u32>, out: &mut ReadContext<'_>) -> Option<u32> {
        let number = self.number(f64::from(*range.start())..=f64::from(*range.end()), out)?;
        if number.fract() != 0.0 {
            let expected = format!("an integer from {} to {}", range.start(), range.end());
            self.error("out-of-range", format!("`{number}` is not an integer"), out).expected(expected);
            return None;
        }
        Some(number as u32)
    }

    /// Reads one of the `known` keywords, and returns its `meaning`.
    pub fn keyword<T>(
        &self,
        known: &[&str],
        meaning: impl FnOnce(&str) -> Option<T>,
        out: &mut ReadContext<'_>,
    ) -> Option<T> {
        let text = self.text(out)?;
        let found = meaning(text);
        if found.is_none() {
            let message = format!("unknown value `{}`", shorten(text));
            self.error("unknown-word", message, out).expected_one_of(text, known.iter().copied());
        }
        found
    }

    /// Reads a duration.
    pub fn duration(&self, out: &mut ReadContext<'_>) -> Option<Millis> {
        let text = self.text(out)?;
        match duration::parse(text) {
            Ok(length) => Some(length),
            Err(error) => {
                self.error("duration", error.to_string(), out)
                    .expected("a number and a unit, such as 90s, 10m, 48h, 7d or 2w");
                None
            }
        }
    }

    /// Reads a time; one without an offset is in `zone`.
    pub fn time(&self, zone: &TimeZone, out: &mut ReadContext<'_>) -> Option<Millis> {
        let text = self.text(out)?;
        match time::parse(text, zone) {
            Ok(time) => Some(time),
            Err(error) => {
                self.error("time", error.to_string(), out).expected("a time such as 2026-11-01 or 2026-11-01T08:30:00");
                None
            }
        }
    }

    /// Reads the name of a time zone.
    pub fn zone(&self, out: &mut ReadContext<'_>) -> Option<TimeZone> {
        let text = self.text(out)?;
        let found = TimeZone::get(text).ok();
        if found.is_none() {
            let message = format!("unknown time zone `{}`", shorten(text));
            self.error("timezone", message, out).expected("a name of the IANA database, such as Europe/Vienna");
        }
        found
    }

    /// Returns a cursor at the `nth` occurrence of a substring of this string. Where the source writes the
    /// string differently, as with escapes, the cursor stays at the whole string.
    #[must_use]
    pub fn piece(&self, piece: &str, nth: usize, out: &ReadContext<'_>) -> Self {
        let source = out.sources.get(self.node.span.file as usize).map(|source| source.text.as_str());
        let range = self.node.span.start as usize..self.node.span.end as usize;
        let found = source.and_then(|text| text.get(range)).and_then(|text| text.match_indices(piece).nth(nth));
        let Some((at, _)) = found else { return self.clone() };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).saturating_add(self.node.span.start);
        let mark = Span { start: offset(at), end: offset(at.saturating_add(piece.len())), ..self.node.span };
        Self { mark, ..self.clone() }
    }
}

/// A name that refers to a definition, with its position.
#[derive(Clone, Debug)]
pub struct Reference<'a> {
    /// The name.
    pub name: &'a str,
    /// Its position.
    pub cursor: Cursor<'a>,
}

impl<'a> Reference<'a> {
    /// Reports that no definition has this name, and suggests known ones.
    pub fn unknown<'k>(&self, noun: &str, known: impl IntoIterator<Item = &'k str>, out: &mut ReadContext<'_>) {
        let message = format!("unknown {noun} `{}`", shorten(self.name));
        let mut known = known.into_iter().peekable();
        let nothing = known.peek().is_none();
        let found = self.cursor.error("unknown-id", message, out).expected_one_of(self.name, known);
        if nothing {
            found.expected(format!("the rules define no {noun}"));
        }
    }
}

impl<'a> Fields<'a> {
    /// Returns a cursor at the map itself.
    #[must_use]
    pub const fn cursor(&self) -> &Cursor<'a> {
        &self.cursor
    }

    /// Returns the member with a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cursor<'a>> {
        self.cursor.get(name)
    }

    /// Returns the member with a name, and reports a missing one.
    pub fn required(&self, name: &str, out: &mut ReadContext<'_>) -> Option<Cursor<'a>> {
        let found = self.get(name);
        if found.is_none() && matches!(self.cursor.node.kind, Kind::Map(_) | Kind::Null) {
            self.cursor.error("missing-key", format!("missing key `{name}`"), out);
        }
        found
    }

    /// Reads the boolean member with a name, or returns the default.
    pub fn flag(&self, name: &str, default: bool, out: &mut ReadContext<'_>) -> bool {
        self.get(name).and_then(|cursor| cursor.flag(out)).unwrap_or(default)
    }
}

/// Returns the beginning of a string, for messages.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MOST).collect();
    if short.len() == text.len() { short } else { format!("{short}…") }
}
