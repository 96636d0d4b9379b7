//! JSON data whose strings may contain outputs.

use throughline::canonical::write_string;
use throughline::internals::plan::tables::{Escape, TemplateFilter};

use super::Template;
use super::ast::{Expression, Part};
use super::block::blocks;
use super::scan::scan;
use super::scope::VariableScope;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::diagnostic::Diagnostics;
use crate::source::tree::{Kind, Node};

/// Compiles data to a template that renders JSON, with members in source order.
///
/// A string that consists of one output whose last filter is `json` is replaced by the value itself; every
/// other string stays a string.
pub fn json<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Template<'a> {
    let mut data = Data { parts: Vec::new(), scope: VariableScope::default(), cursor, out };
    data.write(cursor.node);
    Template::of(data.scope, data.parts)
}

struct Data<'p, 'r, 'q, 'a> {
    parts: Vec<Part<'a>>,
    scope: VariableScope<'a>,
    cursor: &'p Cursor<'a>,
    out: &'r mut ReadContext<'q>,
}

impl<'a> Data<'_, '_, '_, 'a> {
    fn write(&mut self, node: &'a Node) {
        match &node.kind {
            Kind::String(text) => self.text(node, text),
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.push(if index == 0 { "[" } else { "," });
                    self.write(item);
                }
                self.push(if items.is_empty() { "[]" } else { "]" });
            }
            Kind::Map(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let begin = if index == 0 { "{" } else { "," };
                    self.push(&format!("{begin}\"{}\":", quoted(&entry.key)));
                    self.write(&entry.value);
                }
                self.push(if entries.is_empty() { "{}" } else { "}" });
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => {
                self.push(&throughline::canonical::to_string(&node.to_value()));
            }
        }
    }

    fn text(&mut self, node: &'a Node, text: &'a str) {
        let here = Cursor { node, mark: node.span, path: self.cursor.path.clone() };
        let mut parts = blocks(scan(&here, text, self.out), &mut self.scope, self.out);
        if let [Part::Output { term, escape, .. }] = parts.as_mut_slice()
            && let Some(input) = as_data(term)
        {
            (*term, *escape) = (input, Escape::Data);
            self.parts.append(&mut parts);
            return;
        }
        inside_quotes(&mut parts);
        self.push("\"");
        self.parts.append(&mut parts);
        self.push("\"");
    }

    fn push(&mut self, more: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(more),
            _ => self.parts.push(Part::Text(more.to_owned())),
        }
    }
}

/// Returns the value that replaces a string of data, if it is one output whose last filter is `json`.
pub fn whole_value<'a>(cursor: &Cursor<'a>, text: &'a str, out: &ReadContext<'_>) -> Option<Expression<'a>> {
    // Errors of the string have already been reported.
    let mut ignored = ReadContext { sources: out.sources, zone: out.zone.clone(), diagnostics: Diagnostics::default() };
    let parts = blocks(scan(cursor, text, &mut ignored), &mut VariableScope::default(), &mut ignored);
    match parts.as_slice() {
        [Part::Output { term, .. }] => as_data(term),
        _ => None,
    }
}

/// Returns the expression whose JSON an expression renders.
fn as_data<'a>(term: &Expression<'a>) -> Option<Expression<'a>> {
    match term {
        Expression::Filter(TemplateFilter::Json, args) => args.first().cloned(),
        _ => None,
    }
}

/// Escapes text and outputs for the inside of a JSON string. Captured text is escaped when it is rendered.
fn inside_quotes(parts: &mut [Part<'_>]) {
    for part in parts {
        match part {
            Part::Text(text) => *text = quoted(text),
            Part::Output { escape, .. } => *escape = Escape::Json,
            Part::If { then: body, other, .. } | Part::For { body, other, .. } => {
                inside_quotes(body);
                inside_quotes(other);
            }
            Part::Capture { .. } | Part::Assign(..) | Part::Break(_) | Part::Continue(_) => {}
        }
    }
}

/// Returns a string as the inside of a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    out.get(1..out.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
