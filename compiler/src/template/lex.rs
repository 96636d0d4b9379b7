//! Splits the content of braces into tokens.

use super::TemplateError;
use crate::source::cursor::shorten;

/// A token with its position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Lexeme<'a>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lexeme<'a> {
    Name(&'a str),
    Text(&'a str),
    /// A number as written.
    Number(&'a str),
    Sign(&'a str),
}

const SIGNS: [&str; 18] =
    ["==", "!=", "<>", "<=", ">=", "..", "<", ">", "=", "|", ":", ",", ".", "[", "]", "(", ")", "-"];

/// Returns the tokens of a string.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, TemplateError> {
    let mut found = Vec::new();
    let mut start: usize = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let spaces = rest.len().saturating_sub(rest.trim_start().len());
        if spaces > 0 {
            start = start.saturating_add(spaces);
            continue;
        }
        let (kind, len) = token(rest)?;
        let end = start.saturating_add(len);
        found.push(Token { kind, start, end });
        start = end;
    }
    Ok(found)
}

fn token(rest: &str) -> Result<(Lexeme<'_>, usize), TemplateError> {
    let first = rest.chars().next().unwrap_or_default();
    if first == '"' || first == '\'' {
        let inner = rest.get(1..).and_then(|inner| inner.split_once(first)).map(|(inner, _)| inner);
        let text = inner
            .ok_or_else(|| TemplateError::new(format!("unclosed string `{}`", shorten(rest)), format!("`{first}`")))?;
        return Ok((Lexeme::Text(text), text.len().saturating_add(2)));
    }
    let digits = number_length(rest);
    if digits > 0 {
        return Ok((Lexeme::Number(rest.get(..digits).unwrap_or_default()), digits));
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if is_name(first) {
        let end = rest.find(|c| !is_name(c) && c != '-').unwrap_or(rest.len());
        return Ok((Lexeme::Name(rest.get(..end).unwrap_or_default()), end));
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some(sign) => Ok((Lexeme::Sign(sign), sign.len())),
        None => Err(TemplateError::new(
            format!("unexpected `{first}`"),
            "names, strings in quotes, numbers, filters and operators",
        )),
    }
}

/// Returns the length of the number at the beginning of a string; zero if there is none. `1..5` begins with
/// `1`.
fn number_length(text: &str) -> usize {
    let sign = usize::from(text.starts_with('-'));
    let digits =
        |from: usize| text.get(from..).map_or(0, |rest| rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let whole = digits(sign);
    let end = sign.saturating_add(whole);
    // A name may begin with digits.
    let goes_on =
        |end: usize| text.get(end..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
    if whole == 0 || goes_on(end) {
        return 0;
    }
    let fraction =
        if text.get(end..).is_some_and(|rest| rest.starts_with('.')) { digits(end.saturating_add(1)) } else { 0 };
    if fraction == 0 { end } else { end.saturating_add(fraction).saturating_add(1) }
}
