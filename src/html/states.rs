//! The states of the tokenizer.

use crate::html::scanner::{Event, MAX_ATTRIBUTE, Scanner, is_space};
use crate::html::script::Step;

/// The most bytes of a declaration that are kept, enough for `doctype html`.
const MAX_DECLARATION: usize = 64;

/// The state between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
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

impl Scanner {
    /// Reads one byte. Returns whether it is consumed, and what is complete with it.
    pub(super) fn step(&mut self, byte: u8, position: u64) -> (bool, Option<Event>) {
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

            (S::Raw | S::RawLess | S::RawEnd(_), _) => self.step_raw(byte, position, &mut is_consumed),
            _ => self.step_declaration(byte, &mut is_consumed, &mut event),
        };
        (is_consumed, event)
    }

    /// Reads one byte of a comment, a declaration, or a CDATA section.
    fn step_declaration(&mut self, byte: u8, is_consumed: &mut bool, event: &mut Option<Event>) -> State {
        use State as S;
        match (self.state, byte) {
            (S::Declaration, b'-') => S::DeclarationDash,
            (S::Declaration, b'[') => S::DeclarationCdata(1),
            (S::DeclarationDash, b'-') => S::CommentStart,
            (S::DeclarationCdata(read), _) if b"[CDATA[".get(read) == Some(&byte) => match read {
                6 if self.has_cdata => S::Cdata(0),
                6 => self.begin_declaration(&mut true),
                _ => S::DeclarationCdata(read.saturating_add(1)),
            },
            (S::Declaration | S::DeclarationDash | S::DeclarationCdata(_), _) => self.begin_declaration(is_consumed),
            (S::Bogus, b'>') => {
                *event = doctype(&self.declaration);
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
            (state, _) => state,
        }
    }

    /// Reads one byte of an element's text.
    fn step_raw(&mut self, byte: u8, position: u64, is_consumed: &mut bool) -> State {
        use State as S;
        match (self.state, byte) {
            (S::Raw, _) => match &mut self.script {
                Some(script) => match script.step(byte) {
                    Step::Text => S::Raw,
                    Step::EndTag => {
                        self.tag.start = position.saturating_sub(1);
                        S::RawEnd(0)
                    }
                    Step::Again => {
                        *is_consumed = false;
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
                *is_consumed = false;
                S::Raw
            }
            (S::RawEnd(read), _) if self.raw.get(read) == Some(&byte.to_ascii_lowercase()) => {
                S::RawEnd(read.saturating_add(1))
            }
            (S::RawEnd(read), _) => {
                *is_consumed = false;
                if read == self.raw.len() && (is_space(byte) || matches!(byte, b'/' | b'>')) {
                    self.tag.begin(self.tag.start, true);
                    self.tag.set_name(&self.raw);
                    S::TagName
                } else {
                    S::Raw
                }
            }
            (state, _) => state,
        }
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

/// Returns the document type of a declaration, if it is one.
fn doctype(declaration: &[u8]) -> Option<Event> {
    let rest = declaration.strip_prefix(b"doctype")?;
    let mut words = rest.split(|byte| is_space(*byte)).filter(|word| !word.is_empty());
    let is_html = words.next() == Some(b"html") && words.next().is_none();
    Some(Event::Doctype { is_html })
}
