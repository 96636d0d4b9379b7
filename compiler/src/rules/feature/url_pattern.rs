//! URL patterns, as GrowthBook defines them: `simple` ones with `*`, and regular expressions.

use throughline::Url;

use super::{present, text, truthy};
use crate::regex::{self, RegexError};
use crate::source::cursor::{Cursor, ReadContext};

/// A placeholder for `*` while a pattern is parsed as a URL, in which `*` is not valid everywhere.
const WILDCARD: &str = "_____";

/// A URL pattern, compiled to automata.
#[derive(Clone, Debug)]
pub struct UrlPattern {
    /// Whether matching pages are excluded.
    pub excludes: bool,
    /// The parts of the URL that must match.
    pub parts: Parts,
}

/// The parts of a URL that must match.
#[derive(Clone, Debug)]
pub enum Parts {
    /// The whole URL, or everything after its host.
    Whole(Vec<u8>),
    /// Each of its parts.
    Each {
        /// The host with its port.
        host: Vec<u8>,
        /// The path.
        path: Vec<u8>,
        /// The fragment with its `#`.
        hash: Option<Vec<u8>>,
        /// The parameters of the query.
        params: Vec<(String, Vec<u8>)>,
    },
    /// A pattern that matches nothing.
    Never,
}

/// Reads the patterns of a list.
pub(super) fn read(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Vec<UrlPattern> {
    cursor.list(out).into_iter().filter_map(|cursor| pattern(cursor, out)).collect()
}

fn pattern(cursor: Cursor<'_>, out: &mut ReadContext<'_>) -> Option<UrlPattern> {
    let fields = cursor.fields(&["type", "pattern", "include"], out);
    let words = ["simple", "regex"];
    let is_regex = |word: &str| words.iter().position(|known| *known == word).map(|index| index == 1);
    let is_regex = fields.required("type", out)?.keyword(&words, is_regex, out)?;
    let cursor = fields.required("pattern", out)?;
    let pattern = text(&fields, "pattern", out).unwrap_or_default();
    let parts = if is_regex { whole(&cursor, pattern, out)? } else { each(&cursor, pattern, out)? };
    let excludes = present(&fields, "include").is_some() && !truthy(&fields, "include");
    Some(UrlPattern { excludes, parts })
}

fn whole(cursor: &Cursor<'_>, pattern: &str, out: &mut ReadContext<'_>) -> Option<Parts> {
    if let Err(error @ RegexError::Syntax { .. }) = regex::compile(pattern, false) {
        cursor.warning("regex", format!("{error}, so no page matches"), out);
        return Some(Parts::Never);
    }
    automaton(cursor, pattern, false, out).map(Parts::Whole)
}

fn each(cursor: &Cursor<'_>, pattern: &str, out: &mut ReadContext<'_>) -> Option<Parts> {
    let Some(url) = Url::parse(&with_scheme(pattern).replace('*', WILDCARD), Some(WILDCARD)) else {
        let message = format!("`{pattern}` is not a URL pattern, so no page matches");
        cursor.warning("url-pattern", message, out).expected("a path or a URL with `*`, such as `/products/*`");
        return Some(Parts::Never);
    };
    let hash = url.hash();
    let mut params = Vec::new();
    for (name, value) in url.params() {
        params.push((name, part(cursor, &value, false, out)?));
    }
    Some(Parts::Each {
        host: part(cursor, &url.host, false, out)?,
        path: part(cursor, &url.path, true, out)?,
        hash: if hash.is_empty() { None } else { Some(part(cursor, &hash, false, out)?) },
        params,
    })
}

/// Returns the pattern with `https://` before a host, which is recognised by a dot in its first part.
fn with_scheme(pattern: &str) -> String {
    let first = pattern.find([':', '/', '?']).unwrap_or(pattern.len());
    let is_host = pattern.get(..first).is_some_and(|first| first.contains('.'));
    if is_host { format!("https://{pattern}") } else { pattern.to_owned() }
}

/// Compiles one part to an automaton that ignores case and in which the wildcard matches any string.
fn part(cursor: &Cursor<'_>, text: &str, is_path: bool, out: &mut ReadContext<'_>) -> Option<Vec<u8>> {
    let text = if is_path { text.strip_prefix('/').unwrap_or(text) } else { text };
    let text = if is_path { text.strip_suffix('/').unwrap_or(text) } else { text };
    let pieces: Vec<String> = text.split(WILDCARD).map(escape).collect();
    let slash = if is_path { "/?" } else { "" };
    automaton(cursor, &format!("^{slash}{}{slash}$", pieces.join(".*")), true, out)
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "*.+?^${}()|[]\\/".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn automaton(cursor: &Cursor<'_>, pattern: &str, ignore_case: bool, out: &mut ReadContext<'_>) -> Option<Vec<u8>> {
    match regex::compile(pattern, ignore_case) {
        Ok(automaton) => Some(automaton),
        Err(error) => {
            let found = cursor.error("regex", error.to_string(), out);
            found.expected = error.way_out().map(str::to_owned);
            None
        }
    }
}
