//! Explains what the YAML parser rejects in terms of the mistake that people make most often at such a place.
//!
//! The parser says where it gave up and in which of its states. Authors need to know what to change: a tab in the indentation,
//! text with a colon that is not in quotes, or a line whose indentation fits no line above it.

use super::syntax_error::SyntaxError;
use crate::source::tree::Span;

/// A line of the file.
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn indentation(self) -> &'a str {
        let rest = self.text.trim_start_matches([' ', '\t']);
        self.text.get(..self.text.len().saturating_sub(rest.len())).unwrap_or_default()
    }

    fn content(self) -> &'a str {
        self.text.trim()
    }

    /// Returns whether it has neither content nor a comment only.
    fn is_blank(self) -> bool {
        self.content().is_empty() || self.content().starts_with('#')
    }

    fn span(self, file: u32, from: usize, length: usize) -> Span {
        let offset = |at: usize| u32::try_from(self.start.saturating_add(at)).unwrap_or(u32::MAX);
        Span { file, start: offset(from), end: offset(from.saturating_add(length)) }
    }
}

/// Returns the error for a place at which the parser gave up with this message.
pub(super) fn explain(text: &str, span: Span, message: &str) -> SyntaxError {
    let lines = lines(text);
    let at = span.start as usize;
    let number = lines.iter().rposition(|line| line.start <= at).unwrap_or(0);
    tab(&lines, number, span.file)
        .or_else(|| reserved(&lines, number, at, span.file))
        .or_else(|| after_quotes(&lines, number, at, span.file, message))
        .or_else(|| open_bracket(text, &lines, number, span))
        .or_else(|| colon_in_brackets(&lines, number, at, span.file))
        .or_else(|| unclosed(span, message))
        .or_else(|| colon(&lines, number, span.file, message))
        .or_else(|| indentation(&lines, number, span.file, message))
        .unwrap_or_else(|| SyntaxError::new(span, "syntax", message))
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0_usize;
    let line = |text: &'_ str| {
        let at = start;
        start = start.saturating_add(text.len());
        (at, text.len())
    };
    let places: Vec<(usize, usize)> = text.split_inclusive('\n').map(line).collect();
    let line = |(start, length): (usize, usize)| {
        let line = text.get(start..start.saturating_add(length)).unwrap_or_default();
        Line { start, text: line.trim_end_matches(['\n', '\r']) }
    };
    places.into_iter().map(line).collect()
}

/// A tab in the indentation of the line, or of the next one: the parser reports the line before it.
fn tab(lines: &[Line<'_>], number: usize, file: u32) -> Option<SyntaxError> {
    let mut near = lines.iter().skip(number).filter(|line| !line.content().is_empty()).take(2);
    let line = near.find(|line| line.indentation().contains('\t'))?;
    let at = line.indentation().find('\t')?;
    let span = line.span(file, at, 1);
    Some(SyntaxError::new(span, "syntax", "a tab is in the indentation").expected("spaces; YAML allows no tabs there"))
}

/// Text that begins with a character that YAML reserves.
fn reserved(lines: &[Line<'_>], number: usize, at: usize, file: u32) -> Option<SyntaxError> {
    let line = lines.get(number)?;
    let from = at.saturating_sub(line.start);
    let first = line.text.get(from..)?.chars().next().filter(|c| ['@', '`', '%'].contains(c))?;
    let length = line.text.len().saturating_sub(from);
    let message = format!("text begins with `{first}`, which YAML reserves");
    Some(SyntaxError::new(line.span(file, from, length), "syntax", message).expected(QUOTES))
}

/// The way out for text that means something to YAML.
const QUOTES: &str = "the text in quotes, such as \"Note: from today\"";

/// A value with a colon, such as `text: Note: from today`.
fn colon(lines: &[Line<'_>], number: usize, file: u32, message: &str) -> Option<SyntaxError> {
    if !message.contains("mapping values are not allowed") && !message.contains("simple key") {
        return None;
    }
    let mut near = lines.get(number.saturating_sub(1)..=number.min(lines.len().saturating_sub(1)))?.iter().rev();
    let (line, from) = near.find_map(|line| Some((line, value_with_colon(line.text)?)))?;
    let length = line.text.trim_end().len().saturating_sub(from);
    let span = line.span(file, from, length);
    Some(SyntaxError::new(span, "syntax", "text with a colon is not in quotes").expected(QUOTES))
}

/// The same in brackets, as in `{ text: Note: from today }`: the parser stops at the second colon.
fn colon_in_brackets(lines: &[Line<'_>], number: usize, at: usize, file: u32) -> Option<SyntaxError> {
    let line = lines.get(number).filter(|line| line.text.contains(['{', '[', '}', ']']))?;
    let (before, rest) = line.text.split_at_checked(at.saturating_sub(line.start))?;
    let from = before.rfind(": ")?.saturating_add(2);
    let word = before.get(from..)?;
    let is_word = rest.starts_with(": ") && !word.contains(['"', '\'', ',', '[', ']', '{', '}']);
    let length = rest.find([',', '}', ']']).unwrap_or(rest.len()).saturating_add(word.len());
    let span = line.span(file, from, length);
    let expected = "the text in quotes, such as \"Note: from today\", or `,` before the next key";
    is_word.then(|| SyntaxError::new(span, "syntax", "text with a colon is not in quotes").expected(expected))
}

/// Returns the offset of the value in `key: value`, if the value has a colon itself and is not in quotes or brackets.
fn value_with_colon(line: &str) -> Option<usize> {
    let at = line.find(": ")?.saturating_add(2);
    let value = line.get(at..)?;
    let from = at.saturating_add(value.len().saturating_sub(value.trim_start().len()));
    let value = value.trim();
    let is_plain = !value.starts_with(['"', '\'', '{', '[', '|', '>', '#']);
    (is_plain && (value.contains(": ") || value.ends_with(':'))).then_some(from)
}

/// Text after the closing quote, as in `text: "Hello" there`.
fn after_quotes(lines: &[Line<'_>], number: usize, at: usize, file: u32, message: &str) -> Option<SyntaxError> {
    let line = lines.get(number).filter(|_| message.contains("trailing content"))?;
    let (before, rest) = line.text.split_at_checked(at.saturating_sub(line.start))?;
    let expected = match before.trim_end().chars().next_back()? {
        '"' => "quotes around all of the text, and \\\" for quotes inside",
        _ => "quotes around all of the text, and two apostrophes for one inside",
    };
    let span = line.span(file, before.len(), rest.trim_end().len());
    Some(SyntaxError::new(span, "syntax", "text continues after the closing quote").expected(expected))
}

/// A bracket or a quote without its end.
fn unclosed(span: Span, message: &str) -> Option<SyntaxError> {
    let (found, expected) = match message {
        _ if message.contains("flow sequence") => ("a list in brackets does not go on here", "`,` or `]`"),
        _ if message.contains("flow mapping") => ("a map in braces does not go on here", "`,` or `}`"),
        _ if message.contains("illegal placement") => ("brackets before this are not closed", "`]` or `}`"),
        _ if message.contains("scalar, found unexpected") || message.contains("in quoted scalar") => {
            ("text in quotes has no end", "the closing quote")
        }
        _ if message.contains("misplaced bracket") => ("a bracket closes nothing", "the opening bracket before it"),
        _ => return None,
    };
    Some(SyntaxError::new(span, "syntax", found).expected(expected))
}

/// A bracket that is still open where a line is indented no further than the bracket's own. Brackets in quotes, in comments and
/// within words are text.
fn open_bracket(text: &str, lines: &[Line<'_>], number: usize, span: Span) -> Option<SyntaxError> {
    let before = text.get(..span.start as usize)?;
    let (mut open, mut quote, mut last, mut is_comment) = (Vec::new(), None, ' ', false);
    for (at, c) in before.char_indices() {
        let begins = last.is_whitespace() || "[{,".contains(last);
        match (c, quote) {
            ('\n', None) => is_comment = false,
            _ if is_comment => {}
            (_, Some(end)) => quote = quote.filter(|_| c != end),
            ('#', None) if last.is_whitespace() => is_comment = true,
            ('"' | '\'', None) if begins => quote = Some(c),
            ('[' | '{', None) if begins => open.push((at, c)),
            (']' | '}', None) => drop(open.pop()),
            _ => {}
        }
        last = c;
    }
    let (at, bracket) = open.pop()?;
    let line = lines.iter().rposition(|line| line.start <= at)?;
    let depth = |number: usize| lines.get(number).map_or(0, |line| line.indentation().len());
    if line >= number || depth(number) > depth(line) {
        return None;
    }
    let start = u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { start, end: start.saturating_add(1), ..span };
    let error = SyntaxError::new(span, "syntax", format!("`{bracket}` is not closed"));
    Some(error.expected(if bracket == '[' { "`]` after the last item" } else { "`}` after the last key" }))
}

/// A line that is indented as no line around it.
fn indentation(lines: &[Line<'_>], number: usize, file: u32, message: &str) -> Option<SyntaxError> {
    let is_it = ["block", "indent", "key", "mapping values", "document start", "DOCUMENT-START", "next token"];
    if !is_it.iter().any(|word| message.contains(word)) {
        return None;
    }
    let line = lines.iter().skip(number).find(|line| !line.is_blank())?;
    let before = lines.get(..number)?;
    let depth = line.indentation().len();
    let known = levels(before);
    let list = known.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let message = match known.contains(&depth) {
        false => format!("the line is indented by {depth} spaces, and the lines above it by {list}"),
        true => "the line continues nothing above it".to_owned(),
    };
    let expected = "the indentation of the keys to which it belongs, and `key: value` or `- item`";
    Some(SyntaxError::new(line.span(file, depth, line.content().len()), "syntax", message).expected(expected))
}

/// Returns the indentations of the keys and items that are open after these lines.
fn levels(lines: &[Line<'_>]) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_blank()) {
        let depth = line.indentation().len();
        levels.retain(|level| *level < depth);
        levels.push(depth);
        // A key after the dash of an item is a level of its own.
        let inner = line.content().trim_start_matches("- ");
        let dash = line.content().len().saturating_sub(inner.len());
        if dash > 0 {
            levels.push(depth.saturating_add(dash));
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use crate::source::parse::Source;
    use crate::source::report::location;

    /// Returns line, column, message and expectation of the only error.
    fn error(text: &str) -> (u32, u32, String, String) {
        let source = Source::new("rules.yaml", text);
        let found = crate::parse(&source).unwrap_err();
        let [error] = found.as_slice() else { panic!("{found:?}") };
        let place = location(&[source], error.span);
        let numbers: Vec<u32> = place.rsplit(':').take(2).map(|number| number.parse().unwrap()).collect();
        (numbers[1], numbers[0], error.message.clone(), error.expected.clone().unwrap_or_default())
    }

    #[test]
    fn the_mistake_is_named_with_a_way_out() {
        let cases = [
            ("a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab is in the indentation", "spaces"),
            ("a:\n\tb: 1\n", 2, 1, "a tab is in the indentation", "spaces"),
            ("a:\n  b:\n  \t c: 1\n", 3, 3, "a tab is in the indentation", "spaces"),
            ("a:\n  text: Note: from today\n  b: 1\n", 2, 9, "text with a colon is not in quotes", "in quotes"),
            ("a:\n  - text: Hello you: all\n", 2, 11, "text with a colon is not in quotes", "in quotes"),
            ("a: [ { b: web, text: Note: from today } ]\n", 1, 22, "text with a colon is not in quotes", "in quotes"),
            ("a: Sale: 10%\n", 1, 4, "text with a colon is not in quotes", "in quotes"),
            ("a:\n  b: 1\n   c: 2\n", 3, 4, "the line is indented by 3 spaces, and the lines above it by 0, 2", "keys"),
            (
                "a:\n    b: 1\n  c: 2\n",
                3,
                3,
                "the line is indented by 2 spaces, and the lines above it by 0, 4",
                "keys",
            ),
            ("a:\n  b: 1\n  c\n", 3, 3, "the line continues nothing above it", "key: value"),
            ("a: [1, 2\nb: 3\n", 1, 4, "`[` is not closed", "`]`"),
            ("a: { b: 1\nc: 3\n", 1, 4, "`{` is not closed", "`}`"),
            ("a: { b: 1,\n  c: 2 d: 3 }\n", 2, 6, "text with a colon is not in quotes", "`,` before the next key"),
            ("a: { b: [1 }\n", 1, 12, "a list in brackets does not go on here", "`]`"),
            ("a: \"b\nc: 1\n", 0, 0, "text in quotes has no end", "closing quote"),
            ("a: \"b\" c\n", 1, 8, "text continues after the closing quote", "quotes around"),
            ("a: @b\n", 1, 4, "text begins with `@`, which YAML reserves", "in quotes"),
            ("a: `b`\n", 1, 4, "text begins with ```, which YAML reserves", "in quotes"),
        ];
        let mut wrong = Vec::new();
        for (text, line, column, message, expected) in cases {
            let found = error(text);
            let place = line == 0 || (found.0, found.1) == (line, column);
            if !place || found.2 != message || !found.3.contains(expected) {
                wrong.push(format!("{text:?}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
