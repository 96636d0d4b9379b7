//! Fills the slots of one page while it passes through in chunks.

use crate::html::contents::{Contents, Fill, Marks};
use crate::html::element::OPTIONAL_END;
use crate::html::held::{End, Held, Reason};
use crate::html::reader::{self, Reader};
use crate::html::scanner::Event;
use crate::html::selector::Matcher;
use crate::html::tree::Tree;
use crate::prelude::*;

/// The most elements of one page that are filled.
pub const MAX_FILLS: usize = 256;
/// The open elements that may be looked at for each byte of the page, and at all. A page that costs more is hostile.
const STEPS: (u64, u64) = (16, 1 << 20);

/// How much is known of a page's encoding, which contains ASCII in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The response names it.
    Labelled,
    /// Only the page itself says it, or nobody. Escape sequences may turn ASCII into other characters, as in ISO-2022-JP.
    Unlabelled,
}

/// The fate of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It goes on as it is; nothing is written.
    Unchanged,
    /// All that goes on has been written. The last bytes may wait for the end of a slot.
    Written,
    /// As `Written`, and all chunks that follow go on as they are.
    Finished,
}

/// Fills slots.
#[derive(Debug)]
pub struct Filler {
    pub(super) reader: Reader,
    encoding: Encoding,
    pub(super) matcher: Matcher,
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) contents: Contents,
    pub(super) held: Held,
    read: u64,
    pub(super) started: usize,
    has_finished: bool,
    filled: Vec<usize>,
    pub(super) unfilled: Vec<Reason>,
}

impl Filler {
    /// Returns a filler for one page.
    #[must_use]
    pub fn new(fills: Vec<Fill>, marks: Marks, encoding: Encoding) -> Self {
        let mut attributes = reader::attributes();
        let selectors = || fills.iter().enumerate().filter_map(|(at, fill)| Some((fill.selector.as_ref()?, at)));
        selectors().for_each(|(selector, _)| selector.attributes(&mut attributes));
        let matcher = Matcher::new(selectors());
        Self {
            reader: Reader::new(Tree::new(), attributes.clone()),
            encoding,
            matcher,
            attributes,
            contents: Contents { fills, marks },
            held: Held::default(),
            read: 0,
            started: 0,
            has_finished: false,
            filled: Vec::new(),
            unfilled: Vec::new(),
        }
    }

    /// Reads the next chunk of the page, and writes what can go on.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Pushed {
        if self.has_finished {
            return Pushed::Unchanged;
        }
        let start = self.read;
        self.read = start.saturating_add(chunk.len() as u64);
        let known = self.known(chunk, start == 0);
        self.scan(chunk.get(..known).unwrap_or_default());
        if known < chunk.len() && !self.has_finished {
            self.give_up(Reason::Encoding);
        }
        let settled = if self.has_finished { self.read } else { self.reader.scanner.settled() };
        if !self.has_finished && self.held.is_empty() && settled == self.read {
            self.held.skip_to(self.read);
            return Pushed::Unchanged;
        }
        self.held.push(chunk);
        self.release(settled, out);
        if self.has_finished { Pushed::Finished } else { Pushed::Written }
    }

    /// Ends the page, and writes what has waited.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.has_finished {
            let end = self.reader.tree.body_end().unwrap_or(self.read);
            // A page that breaks off in a tag or a comment has lost its end.
            let is_whole = self.reader.scanner.is_at_rest();
            let tree = &self.reader.tree;
            let is_implied = |index: usize| is_whole && tree.from(index).iter().all(|open| open.kind.is(OPTIONAL_END));
            for candidate in self.held.candidates.iter_mut().filter(|candidate| candidate.end == End::Open) {
                candidate.end = if is_implied(candidate.index) { End::Seen(end) } else { End::Dropped };
                if candidate.end == End::Dropped {
                    self.unfilled.push(Reason::Unclosed);
                }
            }
        }
        self.release(self.read, out);
        self.has_finished = true;
    }

    /// Returns the number of the last bytes read that have not been written.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.held.waiting()
    }

    /// Returns the ids of the slots that were written since the last call.
    pub fn take_filled(&mut self) -> Vec<String> {
        let filled = core::mem::take(&mut self.filled);
        filled.into_iter().filter_map(|fill| Some(self.contents.fills.get(fill)?.slot.clone())).collect()
    }

    /// Returns why slots were left as they came since the last call, once for each.
    pub fn take_unfilled(&mut self) -> Vec<Reason> {
        core::mem::take(&mut self.unfilled)
    }

    /// Returns the number of open elements that have been looked at, which is the cost beyond that of reading each byte once.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.reader.tree.steps()
    }

    fn release(&mut self, up_to: u64, out: &mut Vec<u8>) {
        let (filled, too_long) = self.held.release(up_to, &self.contents, out);
        self.filled.extend(filled);
        (0..too_long).for_each(|_| self.unfilled.push(Reason::Long));
    }

    /// Returns the number of bytes of a chunk up to which the encoding is one that contains ASCII.
    fn known(&self, chunk: &[u8], is_first: bool) -> usize {
        let is_utf16 = is_first && chunk.first().is_some_and(|byte| BYTE_ORDER_MARKS.contains(byte));
        match self.encoding {
            _ if is_utf16 => 0,
            Encoding::Unlabelled if chunk.contains(&ESCAPE) => chunk.iter().take_while(|byte| **byte != ESCAPE).count(),
            _ => chunk.len(),
        }
    }

    /// Reads a chunk.
    fn scan(&mut self, chunk: &[u8]) {
        let mut at = 0;
        loop {
            self.reader.tree.watch();
            let depth = self.reader.tree.depth();
            let Some((event, outcome)) = self.reader.next(chunk, &mut at) else { return };
            self.settle(depth);
            self.guard_fallbacks(event, outcome, depth);
            let (per_byte, at_all) = STEPS;
            let is_dear = self.steps() > at_all.saturating_add(self.read.saturating_mul(per_byte));
            if self.reader.tree.is_stopped() || is_dear {
                return self.give_up(Reason::Ambiguous);
            }
            let targets = self.matches(event, outcome);
            if event == Event::Tag && !self.reader.scanner.tag.is_end {
                self.consider(outcome, targets);
            }
        }
    }

    /// Leaves everything from here on as it is.
    fn give_up(&mut self, reason: Reason) {
        for candidate in self.held.candidates.iter_mut().filter(|candidate| candidate.end == End::Open) {
            candidate.end = End::Dropped;
            self.unfilled.push(reason);
        }
        if !self.unfilled.contains(&reason) {
            self.unfilled.push(reason);
        }
        self.has_finished = true;
    }
}

/// The byte that begins an escape sequence.
const ESCAPE: u8 = 0x1b;
/// The bytes of which one begins a page in UTF-16, and none one in UTF-8.
const BYTE_ORDER_MARKS: [u8; 2] = [0xfe, 0xff];

#[cfg(test)]
#[path = "filler_tests.rs"]
mod tests;
