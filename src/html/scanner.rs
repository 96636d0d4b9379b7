//! The tokenizer of HTML, as far as it tells tags from everything else.
//!
//! It follows the states of <https://html.spec.whatwg.org/multipage/parsing.html#tokenization>, byte by byte, and can be
//! interrupted anywhere. In every encoding that contains ASCII, no byte of another character is one of `<>"'/=-!` or space.

use crate::html::script::{Script, Step};
use crate::html::tag::Tag;
use crate::prelude::*;

/// The most bytes of a declaration that are kept, enough for `doctype html`.
const MAX_DECLARATION: usize = 64;

/// The most bytes of the name of an attribute that can be kept.
pub(crate) const MAX_ATTRIBUTE: usize = 64;

/// Something that the tokenizer has found. A tag is in [`Scanner::tag`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A tag. The content of its element is set with [`Scanner::begin_content`].
    Tag,
    /// Characters other than white space, in markup.
    Ink,
    /// A document type; whether it is HTML's own, which has no quirks.
    Doctype { is_html: bool },
}

/// How the content of an element is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// As markup.
    Markup,
    /// As text, up to the element's end tag.
    Text,
    /// As a script, up to its end tag.
    Script,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Markup,
    TagOpen,
    EndTagOpen,
    TagName,
    BeforeAttribute,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    /// The quote, or 0 for a value without quotes.
    Value(u8),
    AfterValue,
    SelfClosing,
    Declaration,
    DeclarationDash,
    /// The number of bytes of `[CDATA[` that have been read.
    DeclarationCdata(usize),
    /// A comment without dashes, or a document type: up to the next `>`.
    Bogus,
    CommentStart,
    CommentStartDash,
    Comment,
    CommentDash,
    CommentEnd,
    CommentEndBang,
    /// The number of closing brackets that have been read, at most 2.
    Cdata(u8),
    Raw,
    RawLess,
    /// The number of bytes of the end tag's name that have been read.
    RawEnd(usize),
}

/// A tokenizer.
#[derive(Debug)]
pub(crate) struct Scanner {
    /// The tag that was read last.
    pub tag: Tag,
    /// Whether `<![CDATA[` begins a section here, as in SVG and MathML.
    pub has_cdata: bool,
    state: State,
    /// The offset of the chunk in the page.
    base: u64,
    /// The lower-case names of the attributes that are kept.
    attributes: Vec<Vec<u8>>,
    attribute: Vec<u8>,
    is_kept: bool,
    declaration: Vec<u8>,
    /// The name whose end tag ends the text.
    raw: Vec<u8>,
    script: Option<Script>,
    has_ink: bool,
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

impl Scanner {
    /// Returns a tokenizer at the beginning of a page, which keeps the attributes with these lower-case names.
    pub(crate) const fn new(attributes: Vec<Vec<u8>>) -> Self {
        Self {
            tag: Tag::new(),
            has_cdata: false,
            state: State::Markup,
            base: 0,
            attributes,
            attribute: Vec::new(),
            is_kept: false,
            declaration: Vec::new(),
            raw: Vec::new(),
            script: None,
            has_ink: false,
        }
    }

    /// Whether the tokenizer is between tags, in markup.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.state == State::Markup
    }

    /// Returns the offset up to which the bytes read so far are done with: a final `/` may be part of `/>`.
    pub(crate) fn settled(&self) -> u64 {
        if self.state == State::SelfClosing { self.tag.close } else { self.base }
    }

    /// Sets how the content of the element is read whose start tag was read last.
    pub(crate) fn begin_content(&mut self, content: Content) {
        if content == Content::Markup {
            return;
        }
        self.state = State::Raw;
        self.raw.clear();
        self.raw.extend_from_slice(self.tag.name());
        self.script = (content == Content::Script).then(Script::default);
    }

    /// Reads on to the next event. `at` is the place in the chunk; without another event it is moved to the chunk's end.
    pub(crate) fn next(&mut self, chunk: &[u8], at: &mut usize) -> Option<Event> {
        loop {
            let rest = chunk.get(*at..).unwrap_or_default();
            let skipped = self.skip(rest);
            *at = at.saturating_add(skipped);
            if core::mem::take(&mut self.has_ink) {
                return Some(Event::Ink);
            }
            let Some(byte) = chunk.get(*at).copied() else {
                self.base = self.base.saturating_add(chunk.len() as u64);
                *at = chunk.len();
                return None;
            };
            let position = self.base.saturating_add(*at as u64);
            let (is_consumed, event) = self.step(byte, position);
            if is_consumed {
                *at = at.saturating_add(1);
            }
            if event.is_some() {
                return event;
            }
        }
    }

    /// Returns the number of bytes that do not change the state.
    fn skip(&mut self, rest: &[u8]) -> usize {
        let until = |stop: &dyn Fn(u8) -> bool| rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len());
        match self.state {
            State::Markup => {
                let length = find(rest, b'<');
                let text = rest.get(..length).unwrap_or_default();
                self.has_ink = text.iter().any(|byte| !is_space(*byte));
                length
            }
            State::Raw => match &mut self.script {
                Some(script) => script.skip(rest),
                None => find(rest, b'<'),
            },
            State::Comment => find(rest, b'-'),
            State::Cdata(0) => find(rest, b']'),
            State::Value(quote) => {
                let length = match quote {
                    0 => until(&|byte| is_space(byte) || byte == b'>'),
                    quote => find(rest, quote),
                };
                if self.is_kept {
                    self.tag.push_value(rest.get(..length).unwrap_or_default());
                }
                length
            }
            _ => 0,
        }
    }

    /// Reads one byte. Returns whether it is consumed, and what is complete with it.
    fn step(&mut self, byte: u8, position: u64) -> (bool, Option<Event>) {
        use State as S;
        let mut is_consumed = true;
        let mut event = None;
        self.state = match (self.state, byte) {
            (S::Markup, _) => {
                self.tag.start = position;
                S::TagOpen
            }
            (S::TagOpen, b'!') => S::Declaration,
            (S::TagOpen, b'/') => S::EndTagOpen,
            (S::TagOpen, b'?') => self.begin_declaration(&mut is_consumed),
            (S::TagOpen | S::EndTagOpen, _) if byte.is_ascii_alphabetic() => {
                is_consumed = false;
                self.tag.begin(self.tag.start, self.state == S::EndTagOpen);
                S::TagName
            }
            (S::TagOpen, _) => {
                is_consumed = false;
                event = Some(Event::Ink);
                S::Markup
            }
            (S::EndTagOpen, b'>') => S::Markup,
            (S::EndTagOpen, _) => self.begin_declaration(&mut is_consumed),

            (S::TagName | S::BeforeAttribute | S::AfterAttributeName | S::AfterValue | S::SelfClosing, b'>') => {
                if self.state != S::SelfClosing {
                    self.tag.close = position;
                }
                self.tag.is_self_closing = self.state == S::SelfClosing;
                self.tag.end = position.saturating_add(1);
                event = Some(Event::Tag);
                S::Markup
            }
            (S::TagName | S::BeforeAttribute | S::AfterAttributeName | S::AfterValue, b'/') => {
                self.tag.close = position;
                S::SelfClosing
            }
            (S::TagName | S::BeforeAttribute | S::AfterValue, _) if is_space(byte) => S::BeforeAttribute,
            (S::AfterAttributeName, _) if is_space(byte) => S::AfterAttributeName,
            (S::TagName, _) => {
                self.tag.push_name(byte);
                S::TagName
            }
            (S::AfterAttributeName, b'=') => S::BeforeValue,
            (S::BeforeAttribute | S::AfterAttributeName, _) => {
                self.attribute.clear();
                self.attribute.push(byte.to_ascii_lowercase());
                S::AttributeName
            }
            (S::AfterValue | S::SelfClosing, _) => {
                is_consumed = false;
                S::BeforeAttribute
            }
            (S::AttributeName, b'=' | b'>' | b'/' | b'\t' | b'\n' | 0x0c | b'\r' | b' ') => {
                self.keep_attribute();
                is_consumed = false;
                S::AfterAttributeName
            }
            (S::AttributeName, _) => {
                // One byte more than the limit, so that a longer name equals none that is kept.
                if self.attribute.len() <= MAX_ATTRIBUTE {
                    self.attribute.push(byte.to_ascii_lowercase());
                }
                S::AttributeName
            }
            (S::BeforeValue, _) if is_space(byte) => S::BeforeValue,
            (S::BeforeValue, b'"' | b'\'') => S::Value(byte),
            (S::BeforeValue, b'>') => {
                is_consumed = false;
                S::BeforeAttribute
            }
            (S::BeforeValue, _) => {
                is_consumed = false;
                S::Value(0)
            }
            (S::Value(0), _) => {
                is_consumed = false;
                S::BeforeAttribute
            }
            (S::Value(_), _) => S::AfterValue,

            (S::Declaration, b'-') => S::DeclarationDash,
            (S::Declaration, b'[') => S::DeclarationCdata(1),
            (S::DeclarationDash, b'-') => S::CommentStart,
            (S::DeclarationCdata(read), _) if b"[CDATA[".get(read) == Some(&byte) => match read {
                6 if self.has_cdata => S::Cdata(0),
                6 => self.begin_declaration(&mut true),
                _ => S::DeclarationCdata(read.saturating_add(1)),
            },
            (S::Declaration | S::DeclarationDash | S::DeclarationCdata(_), _) => {
                self.begin_declaration(&mut is_consumed)
            }
            (S::Bogus, b'>') => {
                event = doctype(&self.declaration);
                S::Markup
            }
            (S::Bogus, _) => {
                if self.declaration.len() < MAX_DECLARATION {
                    self.declaration.push(byte.to_ascii_lowercase());
                }
                S::Bogus
            }

            (S::CommentStart | S::CommentStartDash | S::CommentEnd | S::CommentEndBang, b'>') => S::Markup,
            (S::CommentStart, b'-') => S::CommentStartDash,
            (S::Comment | S::CommentEndBang, b'-') => S::CommentDash,
            (S::CommentStartDash | S::CommentDash | S::CommentEnd, b'-') => S::CommentEnd,
            (S::CommentEnd, b'!') => S::CommentEndBang,
            (
                S::CommentStart | S::CommentStartDash | S::Comment | S::CommentDash | S::CommentEnd | S::CommentEndBang,
                _,
            ) => S::Comment,

            (S::Cdata(2), b'>') => S::Markup,
            (S::Cdata(brackets), b']') => S::Cdata(brackets.saturating_add(1).min(2)),
            (S::Cdata(_), _) => S::Cdata(0),

            (S::Raw, _) => match &mut self.script {
                Some(script) => match script.step(byte) {
                    Step::Text => S::Raw,
                    Step::EndTag => {
                        self.tag.start = position.saturating_sub(1);
                        S::RawEnd(0)
                    }
                    Step::Again => {
                        is_consumed = false;
                        S::Raw
                    }
                },
                None => {
                    self.tag.start = position;
                    S::RawLess
                }
            },
            (S::RawLess, b'/') => S::RawEnd(0),
            (S::RawLess, _) => {
                is_consumed = false;
                S::Raw
            }
            (S::RawEnd(read), _) if self.raw.get(read) == Some(&byte.to_ascii_lowercase()) => {
                S::RawEnd(read.saturating_add(1))
            }
            (S::RawEnd(read), _) => {
                is_consumed = false;
                if read == self.raw.len() && (is_space(byte) || matches!(byte, b'/' | b'>')) {
                    self.tag.begin(self.tag.start, true);
                    self.tag.set_name(&self.raw);
                    S::TagName
                } else {
                    S::Raw
                }
            }
        };
        (is_consumed, event)
    }

    fn begin_declaration(&mut self, is_consumed: &mut bool) -> State {
        *is_consumed = false;
        self.declaration.clear();
        State::Bogus
    }

    /// Decides whether the value of the attribute is kept whose name was read.
    fn keep_attribute(&mut self) {
        let name = self.attributes.iter().position(|name| *name == self.attribute);
        self.is_kept = name.is_some_and(|name| self.tag.begin_attribute(name));
    }
}

/// Returns the place of a byte, or the length.
fn find(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().position(|byte| *byte == wanted).unwrap_or(bytes.len())
}

/// Returns the document type of a declaration, if it is one.
fn doctype(declaration: &[u8]) -> Option<Event> {
    let rest = declaration.strip_prefix(b"doctype")?;
    let mut words = rest.split(|byte| is_space(*byte)).filter(|word| !word.is_empty());
    let is_html = words.next() == Some(b"html") && words.next().is_none();
    Some(Event::Doctype { is_html })
}
