//! Parses YAML and JSON to trees whose values have spans. Sizes are limited.

use std::collections::BTreeMap;

use super::{json, yaml};
use crate::source::diagnostic::Diagnostics;
use crate::source::report::location;
use crate::source::tree::{Entry, Kind, Node, Span};

/// The maximum size of a file of rules, in bytes.
pub const MAX_FILE: usize = 4 << 20;
/// The maximum size of all files of rules together, in bytes.
pub const MAX_TOTAL: usize = 32 << 20;

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for messages. A name that ends in `.json` is JSON, every other one YAML.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// Creates a source from a name and its content.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// Parses all files. Returns the tree of each file that has one, and reports the errors of the others.
#[must_use]
pub fn parse_all(sources: &[Source], diagnostics: &mut Diagnostics) -> Vec<Node> {
    let total: usize = sources.iter().map(|source| source.text.len()).fold(0, usize::saturating_add);
    if total > MAX_TOTAL || u32::try_from(sources.len()).is_err() {
        let message = format!("the rules have {total} bytes in {} files", sources.len());
        diagnostics.error(Span::default(), "", "too-large", message).expected("at most 32 MB");
        return Vec::new();
    }
    (0..).zip(sources).filter_map(|(file, source)| parse(file, source, diagnostics)).collect()
}

/// Parses a file, and reports its errors.
fn parse(file: u32, source: &Source, diagnostics: &mut Diagnostics) -> Option<Node> {
    if source.text.len() > MAX_FILE {
        let message = format!("the file has {} bytes", source.text.len());
        let span = Span { file, start: 0, end: 0 };
        diagnostics.error(span, "", "too-large", message).expected("at most 4 MB");
        return None;
    }
    let is_json = source.name.to_ascii_lowercase().ends_with(".json");
    let parse = if is_json { json::parse } else { yaml::parse };
    match parse(file, &source.text) {
        Ok(mut node) => {
            report_duplicates(&mut node, source, &mut String::new(), diagnostics);
            Some(node)
        }
        Err(error) => {
            let found = diagnostics.error(error.span, "", error.code, error.message);
            if let Some(expected) = error.expected {
                found.expected(expected);
            }
            None
        }
    }
}

/// Reports duplicate members of a map, and keeps the first of each.
fn report_duplicates(node: &mut Node, source: &Source, path: &mut String, diagnostics: &mut Diagnostics) {
    match &mut node.kind {
        Kind::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                within(path, &format!("[{index}]"), |path| report_duplicates(item, source, path, diagnostics));
            }
        }
        Kind::Map(entries) => {
            let mut firsts: BTreeMap<String, Span> = BTreeMap::new();
            entries.retain(|entry| {
                let first = firsts.get(&entry.key).copied();
                if let Some(first) = first {
                    let name = member(path, &entry.key);
                    within(path, &name, |path| report_duplicate(entry, first, source, path, diagnostics));
                }
                firsts.entry(entry.key.clone()).or_insert(entry.key_span);
                first.is_none()
            });
            for entry in entries {
                let name = member(path, &entry.key);
                within(path, &name, |path| report_duplicates(&mut entry.value, source, path, diagnostics));
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

fn report_duplicate(entry: &Entry, first: Span, source: &Source, path: &str, diagnostics: &mut Diagnostics) {
    let message = format!("duplicate key `{}`", entry.key);
    let there = location(core::slice::from_ref(source), Span { file: 0, ..first });
    let expected = format!("each key once; the first one is at {there}");
    diagnostics.error(entry.key_span, path, "duplicate-key", message).expected(expected);
}

/// Returns the path of a member of a map.
fn member(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!(".{key}") }
}

fn within(path: &mut String, more: &str, visit: impl FnOnce(&mut String)) {
    let len = path.len();
    path.push_str(more);
    visit(path);
    path.truncate(len);
}
