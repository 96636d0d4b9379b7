//! Splits a template into text, outputs and tags.

use super::{MAX_OUTPUTS, MAX_TEXT};
use crate::source::cursor::{Cursor, ReadContext};

/// A piece of a template, as it is written.
pub(super) enum Raw<'a> {
    Text(&'a str),
    /// `{{ … }}`.
    Output(Inside<'a>),
    /// `{% name … %}`.
    Tag(&'a str, Inside<'a>),
}

/// The content of braces.
#[derive(Clone)]
pub(super) struct Inside<'a> {
    /// The source, with its braces.
    pub(super) source: &'a str,
    /// The content without braces, and without the name of a tag.
    pub(super) text: &'a str,
    pub(super) cursor: Cursor<'a>,
}

/// Returns the pieces of a template, and reports braces without an end.
pub(super) fn scan<'a>(cursor: &Cursor<'a>, text: &'a str, out: &mut ReadContext<'_>) -> Vec<Raw<'a>> {
    let braces = text.matches("{{").count().saturating_add(text.matches("{%").count());
    if text.len() > MAX_TEXT || braces > MAX_OUTPUTS {
        let message = format!("the template has {} bytes and {braces} outputs and tags", text.len());
        cursor.error("too-large", message, out).expected(format!("at most 256 KB and {MAX_OUTPUTS} outputs and tags"));
        return Vec::new();
    }
    let mut scanner = Scanner { cursor, text, rest: text, trims: false, pieces: Vec::new() };
    scanner.run(out);
    scanner.pieces
}

struct Scanner<'p, 'a> {
    cursor: &'p Cursor<'a>,
    text: &'a str,
    rest: &'a str,
    /// Whether the white space that follows is removed.
    trims: bool,
    pieces: Vec<Raw<'a>>,
}

impl<'a> Scanner<'_, 'a> {
    fn run(&mut self, out: &mut ReadContext<'_>) {
        while let Some(at) = self.rest.find("{{").into_iter().chain(self.rest.find("{%")).min() {
            let (before, from) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
            let is_tag = from.starts_with("{%");
            let Some(Braces { source, inside, after, trims }) = braces(from, is_tag) else {
                let (noun, end, begin) = if is_tag { ("a tag", "`%}`", "{%") } else { ("an output", "`}}`", "{{") };
                let cursor = self.piece(from.get(..2).unwrap_or(begin), from, out);
                let code = if is_tag { "tag" } else { "output" };
                cursor.error(code, format!("{noun} is not closed"), out).expected(end);
                return;
            };
            self.push(before, trims.0);
            self.trims = trims.1;
            self.rest = after;
            let cursor = self.piece(source, from, out);
            if is_tag {
                self.tag(source, inside, cursor, out);
            } else {
                self.pieces.push(Raw::Output(Inside { source, text: inside, cursor }));
            }
        }
        self.push(self.rest, false);
    }

    fn tag(&mut self, source: &'a str, inside: &'a str, cursor: Cursor<'a>, out: &mut ReadContext<'_>) {
        let inside = inside.trim();
        let end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
        let (name, text) = inside.split_at_checked(end).unwrap_or((inside, ""));
        match name {
            _ if name.starts_with('#') => {}
            "raw" | "comment" => match skip(name, self.rest) {
                Some((content, Braces { after, trims, .. })) => {
                    if name == "raw" {
                        self.push(content, trims.0);
                    }
                    self.trims = trims.1;
                    self.rest = after;
                }
                None => {
                    let message = format!("`{name}` is not closed");
                    cursor.error("tag", message, out).expected(format!("`{{% end{name} %}}`"));
                    self.rest = "";
                }
            },
            _ => self.pieces.push(Raw::Tag(name, Inside { source, text: text.trim(), cursor })),
        }
    }

    fn push(&mut self, text: &'a str, trims_end: bool) {
        let text = if self.trims { text.trim_start() } else { text };
        let text = if trims_end { text.trim_end() } else { text };
        if !text.is_empty() {
            self.pieces.push(Raw::Text(text));
        }
    }

    /// Returns a cursor at a piece, which begins where `from` does.
    fn piece(&self, piece: &str, from: &str, out: &ReadContext<'_>) -> Cursor<'a> {
        let offset = self.text.len().saturating_sub(from.len());
        let nth = self.text.get(..offset).map_or(0, |before| before.matches(piece).count());
        self.cursor.piece(piece, nth, out)
    }
}

/// An output or a tag.
struct Braces<'a> {
    source: &'a str,
    inside: &'a str,
    after: &'a str,
    /// Whether the white space before and after it is removed.
    trims: (bool, bool),
}

/// Parses the braces at the beginning of a string. An end in quotes does not count.
fn braces(text: &str, is_tag: bool) -> Option<Braces<'_>> {
    let end = if is_tag { "%}" } else { "}}" };
    let inner = text.get(2..)?;
    let mut quote = None;
    let at = inner.char_indices().find_map(|(at, letter)| {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None => return inner.get(at..)?.starts_with(end).then_some(at),
        }
        None
    });
    // A quote without an end, as in `{% comment %} don't %}`, is not a quote.
    let at = at.or_else(|| inner.find(end))?;
    let (inside, rest) = inner.split_at_checked(at)?;
    let after = rest.get(2..)?;
    let source = text.get(..text.len().saturating_sub(after.len()))?;
    let (start, inside) = inside.strip_prefix('-').map_or((false, inside), |inside| (true, inside));
    let (end, inside) = inside.strip_suffix('-').map_or((false, inside), |inside| (true, inside));
    Some(Braces { source, inside, after, trims: (start, end) })
}

/// Returns the text before the tag that ends `name`, and that tag. Comments nest.
fn skip<'a>(name: &str, text: &'a str) -> Option<(&'a str, Braces<'a>)> {
    let mut depth = 0_usize;
    for (at, _) in text.match_indices("{%") {
        let Some(tag) = braces(text.get(at..)?, true) else { continue };
        let found = tag.inside.trim();
        if found == name && name == "comment" {
            depth = depth.saturating_add(1);
        } else if found.strip_prefix("end") == Some(name) {
            if depth == 0 {
                return Some((text.get(..at)?, tag));
            }
            depth = depth.saturating_sub(1);
        }
    }
    None
}
