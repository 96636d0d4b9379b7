//! YAML 1.2 with its core schema. Tags, aliases and merge keys are rejected, because they make configuration
//! hard to read.

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Range};

use super::syntax_error::{MAX_DEPTH, SyntaxError};
use crate::source::tree::{Entry, Kind, Node, Span};
use crate::source::yaml_mistake;

/// Parses YAML with one document, or none, to a tree.
pub(super) fn parse(file: u32, text: &str) -> Result<Node, SyntaxError> {
    let places = Places::new(file, text);
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, range) = event.map_err(|error| syntax_error(&places, &error))?;
        tree.take(event, places.span(range))?;
    }
    Ok(tree.root.unwrap_or(Node { span: Span { file, start: 0, end: 0 }, kind: Kind::Null }))
}

fn syntax_error(places: &Places<'_>, error: &saphyr_parser::ScanError) -> SyntaxError {
    let at = places.offset(error.marker().index());
    let span = Span { file: places.file, start: at, end: at };
    let is_alias = places.text.get(at as usize..).is_some_and(|rest| rest.starts_with('*'));
    if is_alias { alias(span) } else { yaml_mistake::explain(places.text, span, error.info()) }
}

fn alias(span: Span) -> SyntaxError {
    SyntaxError::new(span, "alias", "YAML aliases are not supported").expected("the value itself, or a segment")
}

/// The byte offsets of characters, because the parser counts characters.
struct Places<'a> {
    file: u32,
    text: &'a str,
    /// The byte offset of each character; `None` if every character is one byte.
    bytes: Option<Vec<u32>>,
}

impl<'a> Places<'a> {
    fn new(file: u32, text: &'a str) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| offset(at)).collect());
        Self { file, text, bytes }
    }

    fn offset(&self, character: usize) -> u32 {
        let end = offset(self.text.len());
        match &self.bytes {
            None => offset(character).min(end),
            Some(bytes) => bytes.get(character).copied().unwrap_or(end),
        }
    }

    fn span(&self, range: Range) -> Span {
        Span { file: self.file, start: self.offset(range.start.index()), end: self.offset(range.end.index()) }
    }
}

/// Converts an offset in a file, which is shorter than 4 GB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A tree under construction, which grows with each event of the parser.
#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    has_document: bool,
}

/// A list or map whose end is still to come.
struct Open {
    span: Span,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    /// The members so far, and the key whose value comes next.
    Map(Vec<Entry>, Option<(String, Span)>),
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.has_document => {
                Err(SyntaxError::new(span, "syntax", "found a second document").expected("one document per file"))
            }
            Event::DocumentStart(_) => {
                self.has_document = true;
                Ok(())
            }
            Event::Alias(_) => Err(alias(span)),
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                Err(SyntaxError::new(span, "tag", "YAML tags are not supported"))
            }
            Event::Scalar(text, style, _, None) => self.scalar(&text, style, span),
            Event::SequenceStart(..) => self.begin(Content::List(Vec::new()), span),
            Event::MappingStart(..) => self.begin(Content::Map(Vec::new(), None), span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<(), SyntaxError> {
        if let Some(Open { content: Content::Map(_, key @ None), .. }) = self.open.last_mut() {
            if text == "<<" && style == ScalarStyle::Plain {
                return Err(SyntaxError::new(span, "merge-key", "YAML merge keys are not supported"));
            }
            *key = Some((text.to_owned(), span));
            return Ok(());
        }
        let kind = if style == ScalarStyle::Plain { plain(text, span)? } else { Kind::String(text.to_owned()) };
        self.add(Node { span, kind });
        Ok(())
    }

    fn begin(&mut self, content: Content, span: Span) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError::too_deep(span));
        }
        if let Some(Open { content: Content::Map(_, None), .. }) = self.open.last() {
            return Err(
                SyntaxError::new(span, "syntax", "found a list or a map as a key").expected("a string as the key")
            );
        }
        self.open.push(Open { span, content });
        Ok(())
    }

    fn end(&mut self, end: Span) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Map(entries, _) => Kind::Map(entries),
        };
        self.add(Node { span: Span { end: end.end, ..open.span }, kind });
        Ok(())
    }

    /// Adds a value at the current position.
    fn add(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => {
                if let Some((key, key_span)) = key.take() {
                    entries.push(Entry { key, key_span, value: node });
                }
            }
        }
    }
}

/// Resolves a plain scalar by YAML's core schema.
fn plain(text: &str, span: Span) -> Result<Kind, SyntaxError> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => match number(text) {
            Some(number) if number.is_finite() => Kind::Number(number),
            Some(_) => return Err(SyntaxError::new(span, "number", format!("`{text}` is not a finite number"))),
            None => Kind::String(text.to_owned()),
        },
    })
}

/// Parses a plain scalar as a number.
fn number(text: &str) -> Option<f64> {
    let whole = |digits: &str, radix| u64::from_str_radix(digits, radix).ok();
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit())) {
        return whole(digits, 16).map(exact);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| digits.chars().all(|c| ('0'..='7').contains(&c))) {
        return whole(digits, 8).map(exact);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(f64::NAN),
        _ => {}
    }
    // Rust also parses words such as `inf`; YAML's numbers begin with a digit, or a point and a digit.
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript loses the same digits")]
const fn exact(whole: u64) -> f64 {
    whole as f64
}
