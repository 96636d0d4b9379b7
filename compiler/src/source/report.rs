//! Formats diagnostics for people and for programs.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use throughline::{Object, Value};

use crate::source::diagnostic::{Diagnostic, Severity};
use crate::source::parse::Source;
use crate::source::tree::Span;

/// Formats the diagnostics for people: each with its file, line, column and source line.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(diagnostic, sources)]));
        out.push_str("\n\n");
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let group = match sources.get(diagnostic.span.file as usize) {
        None => Group::with_title(title),
        Some(source) => {
            let annotation = AnnotationKind::Primary.span(visible(source, diagnostic.span));
            title.element(Snippet::source(source.text.as_str()).path(source.name.as_str()).annotation(annotation))
        }
    };
    match &diagnostic.expected {
        Some(expected) => group.element(Level::HELP.with_name("expected").message(expected.as_str())),
        None => group,
    }
}

/// Returns the part of a span that is in its first line.
fn visible(source: &Source, span: Span) -> core::ops::Range<usize> {
    let text = source.text.as_str();
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary((span.end as usize).max(start));
    let line =
        text.get(start..end).and_then(|piece| piece.find(['\n', '\r'])).map_or(end, |len| start.saturating_add(len));
    start..line
}

/// Formats a span for people: file, line and column, counted from one.
#[must_use]
pub fn location(sources: &[Source], span: Span) -> String {
    match position(sources, span) {
        Some((file, line, column)) => format!("{file}:{line}:{column}"),
        None => "unknown location".to_owned(),
    }
}

fn position(sources: &[Source], span: Span) -> Option<(&str, usize, usize)> {
    let source = sources.get(span.file as usize)?;
    let before = source.text.get(..source.text.floor_char_boundary(span.start as usize))?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let lines = before.matches('\n').count().saturating_add(1);
    Some((&source.name, lines, line.chars().count().saturating_add(1)))
}

/// Formats a diagnostic for programs: `file`, `line`, `column`, `path`, `code`, `severity`, `message` and
/// `expected`.
#[must_use]
pub fn to_value(diagnostic: &Diagnostic, sources: &[Source]) -> Value {
    let mut out = Object::new();
    if let Some((file, line, column)) = position(sources, diagnostic.span) {
        out.insert("file", file);
        out.insert("line", whole(line));
        out.insert("column", whole(column));
    }
    out.insert("path", diagnostic.path.as_str());
    out.insert("code", diagnostic.code);
    out.insert(
        "severity",
        match diagnostic.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
    );
    out.insert("message", diagnostic.message.as_str());
    out.insert("expected", diagnostic.expected.as_deref().map_or(Value::Null, Value::from));
    Value::Object(out)
}

#[expect(clippy::cast_precision_loss, reason = "files have fewer than 2^53 lines")]
const fn whole(number: usize) -> Value {
    Value::Number(number as f64)
}
