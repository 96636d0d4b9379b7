//! The bytes that wait for the end of a slot.

use crate::html::element::Kind;
use crate::prelude::*;

/// The most bytes that wait for the end of a slot. A longer slot is left as it came.
pub const MAX_HELD: usize = 256 << 10;

/// Why a slot was left as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its end was not seen, or another element's end tag closed it.
    Unclosed,
    /// It is longer than [`MAX_HELD`].
    Long,
    /// Browsers move its elements, or do not agree on where it is.
    Ambiguous,
    /// The content would close the slot, or elements around it.
    Content,
    /// The encoding of the page is not one that contains ASCII.
    Encoding,
    /// More than [`MAX_FILLS`](crate::html::MAX_FILLS) elements are slots.
    Many,
}

impl Reason {
    /// Returns the reason in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unclosed => "unclosed",
            Self::Long => "long",
            Self::Ambiguous => "ambiguous",
            Self::Content => "content",
            Self::Encoding => "encoding",
            Self::Many => "many",
        }
    }
}

/// How the content of a slot is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// The fallback stands in an element that is hidden.
    Hidden,
    /// The fallback stands in a `template`, because the parser would move another element out of the slot.
    Template,
    /// The fallback stands in a data script of its own.
    Json,
    /// There is no fallback, because `/>` does not close the element.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    Seen(u64),
    Dropped,
}

/// An element that is to be filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// The index of its fill.
    pub fill: usize,
    /// Its index among the open elements.
    pub index: usize,
    /// The hash of its name.
    pub name: u64,
    /// The kind of element.
    pub kind: Kind,
    /// Whether it is a part of a `select`.
    pub is_in_select: bool,
    /// The changes of the tree before its content.
    pub changes: u32,
    /// The offset at which attributes can be added.
    pub close: u64,
    /// The offset of its content.
    pub content: u64,
    /// How it is filled.
    pub wrap: Wrap,
    /// The offset of its end.
    pub end: End,
}

/// The bytes that wait, and the elements that they wait for.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The elements in the order of their start tags.
    pub candidates: Vec<Candidate>,
    bytes: Vec<u8>,
    /// The offset of the first byte.
    base: u64,
}

/// The source of the bytes that are written for an element.
pub(crate) trait Insert {
    /// Returns the attributes, and what stands before and after the fallback.
    fn insertions(&self, candidate: &Candidate) -> (String, String, String);
}

impl Held {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.candidates.is_empty()
    }

    /// Returns the number of bytes that wait.
    pub(crate) const fn waiting(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Sets the offset of the next byte, while nothing waits.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        self.base = offset;
    }

    /// Adds bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes what need not wait, up to an offset. Returns the fills that were written, and the number of slots that turned
    /// out to be too long.
    pub(crate) fn release(&mut self, up_to: u64, insert: &impl Insert, out: &mut Vec<u8>) -> (Vec<usize>, u64) {
        let (mut filled, mut too_long) = (Vec::new(), 0_u64);
        let mut cursor = self.base;
        let mut done = 0_usize;
        let end = self.base.saturating_add(self.bytes.len() as u64);
        let mut limit = up_to.min(end);
        while let Some(candidate) = self.candidates.get(done).copied() {
            match candidate.end {
                // It is inside a slot that is filled.
                _ if candidate.close < cursor => {}
                End::Dropped => {}
                End::Open if end.saturating_sub(candidate.close) > MAX_HELD as u64 => {
                    too_long = too_long.saturating_add(1);
                }
                End::Open => {
                    limit = limit.min(candidate.close);
                    break;
                }
                End::Seen(at) => {
                    let (attributes, before, after) = insert.insertions(&candidate);
                    self.copy(cursor, candidate.close, out);
                    out.extend_from_slice(attributes.as_bytes());
                    self.copy(candidate.close, candidate.content, out);
                    out.extend_from_slice(before.as_bytes());
                    self.copy(candidate.content, at, out);
                    out.extend_from_slice(after.as_bytes());
                    cursor = at;
                    filled.push(candidate.fill);
                }
            }
            done = done.saturating_add(1);
        }
        let limit = limit.max(cursor);
        self.copy(cursor, limit, out);
        self.candidates.drain(..done);
        self.bytes.drain(..self.place(limit));
        self.base = limit;
        (filled, too_long)
    }

    fn place(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(self.bytes.len())
    }

    fn copy(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes.get(self.place(from)..self.place(to)).unwrap_or_default());
    }
}
