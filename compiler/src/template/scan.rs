//! Cuts a template into text and outputs.

use super::{MAX_OUTPUTS, MAX_TEXT};
use crate::place::{Named, Place, Reader, shorten};

/// A piece of a template, as it is written.
pub(super) enum Raw<'a> {
    Text(&'a str),
    Output(Output<'a>),
}

/// `{{ … }}`.
pub(super) struct Output<'a> {
    /// As it is written, with its braces.
    pub(super) source: &'a str,
    pub(super) attribute: Named<'a>,
    pub(super) default: &'a str,
}

/// The pieces of a template; tells of everything that is not in the language.
pub(super) fn scan<'a>(place: &Place<'a>, text: &'a str, out: &mut Reader<'_>) -> Vec<Raw<'a>> {
    if text.len() > MAX_TEXT || text.matches("{{").count() > MAX_OUTPUTS {
        let message = format!("the text has {} bytes and {} outputs", text.len(), text.matches("{{").count());
        place.error("too-large", message, out).expected(format!("at most 256 KB and {MAX_OUTPUTS} outputs"));
        return Vec::new();
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        pieces.push(Raw::Text(before));
        let offset = text.len().saturating_sub(from.len());
        let here = |source: &str| place.piece(source, count(text, source, offset), out);
        if from.starts_with("{%") {
            let source = from.split_inclusive("%}").next().unwrap_or(from);
            let message = format!("tags such as `{}` are not supported yet", shorten(source));
            here(source).error("tag", message, out).expected("text and outputs such as `{{ firstName }}`");
            rest = from.get(source.len()..).unwrap_or_default();
            continue;
        }
        let Some((inside, after)) = from.get(2..).and_then(split_end) else {
            let message = "an output begins here and does not end";
            here("{{").error("output", message, out).expected("`}}`");
            return pieces;
        };
        let source = from.get(..from.len().saturating_sub(after.len())).unwrap_or(from);
        let piece = here(source);
        match output(inside) {
            Ok((name, default)) => {
                let attribute = Named { name, place: piece };
                pieces.push(Raw::Output(Output { source, attribute, default }));
            }
            Err(Mistake { message, expected }) => {
                piece.error("output", message, out).expected(expected);
            }
        }
        rest = after;
    }
    pieces.push(Raw::Text(rest));
    pieces
}

/// How often `source` stands in `text` before `offset`.
fn count(text: &str, source: &str, offset: usize) -> usize {
    text.get(..offset).map_or(0, |before| before.matches(source).count())
}

/// What stands before and after the first `}}` outside of quotes.
fn split_end(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None => {
                if let Some(after) = text.get(at..).and_then(|rest| rest.strip_prefix("}}")) {
                    return Some((text.get(..at)?, after));
                }
            }
        }
    }
    None
}

struct Mistake {
    message: String,
    expected: &'static str,
}

/// The name and the default of an output.
fn output(inside: &str) -> Result<(&str, &str), Mistake> {
    let mistake = |message: String, expected| Err(Mistake { message, expected });
    if inside.starts_with('-') || inside.ends_with('-') {
        return mistake("white space control is not supported".to_owned(), "`{{` and `}}` without `-`");
    }
    let (name, filter) = inside.split_once('|').map_or((inside, None), |(name, filter)| (name, Some(filter)));
    let name = name.trim();
    let is_name = |c: char| c.is_alphanumeric() || "._-$".contains(c);
    let expected = "the name of an attribute, such as `{{ firstName | default: \"there\" }}`";
    if name.is_empty() {
        return mistake("an output without a name".to_owned(), expected);
    }
    if !name.chars().all(is_name) {
        return mistake(format!("`{}` is not the name of an attribute", shorten(name)), expected);
    }
    let Some(filter) = filter.map(str::trim) else { return Ok((name, "")) };
    let expected = "`default: \"a text\"`";
    let (filter, argument) = filter.split_once(':').unwrap_or((filter, ""));
    if filter.trim() != "default" {
        return mistake(format!("unknown filter `{}`", shorten(filter.trim())), expected);
    }
    let argument = argument.trim();
    let unquoted = ['"', '\''].into_iter().find_map(|quote| {
        let inner = argument.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    });
    match unquoted {
        Some(default) => Ok((name, default)),
        None => mistake(format!("`{}` is not a text in quotes", shorten(argument)), expected),
    }
}
