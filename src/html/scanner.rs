//! The tokenizer of HTML, as far as it tells tags from everything else.
//!
//! It follows the states of <https://html.spec.whatwg.org/multipage/parsing.html#tokenization>, byte by byte, and can be
//! interrupted anywhere. In every encoding that contains ASCII, no byte of another character is one of `<>"'/=-!` or space.

use crate::html::script::Script;
use crate::html::states::State;
use crate::html::tag::Tag;
use crate::prelude::*;

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

/// A tokenizer.
#[derive(Debug)]
pub(crate) struct Scanner {
    /// The tag that was read last.
    pub tag: Tag,
    /// Whether `<![CDATA[` begins a section here, as in SVG and MathML.
    pub has_cdata: bool,
    pub(super) state: State,
    /// The offset of the chunk in the page.
    base: u64,
    /// The lower-case names of the attributes that are kept.
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) attribute: Vec<u8>,
    pub(super) is_kept: bool,
    pub(super) declaration: Vec<u8>,
    /// The name whose end tag ends the text.
    pub(super) raw: Vec<u8>,
    pub(super) script: Option<Script>,
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
}

/// Returns the place of a byte, or the length.
fn find(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().position(|byte| *byte == wanted).unwrap_or(bytes.len())
}
