//! The stack of open elements, as a browser's parser has it while it reads a page.
//!
//! It follows <https://html.spec.whatwg.org/multipage/parsing.html#tree-construction> as far as that decides where elements
//! begin and end. Where browsers differ, or where the parser moves elements, it does not guess: it *doubts* the elements
//! whose place is not certain, or *stops* if everything that follows is uncertain.

mod end;
mod foreign;
mod scope;
mod skeleton;
mod start;
mod table;

use crate::html::element::{FORMATTING, IMPLIED, Kind, MARKER, RAW};
use crate::html::scanner::Content;
use crate::html::tag::{Tag, name_hash};
use crate::prelude::*;
pub(crate) use foreign::ForeignAttributes;
use foreign::Space;

/// The deepest nesting that is followed. Browsers flatten what is nested deeper than 512 elements.
const MAX_DEPTH: usize = 500;

/// An open element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// The hash of its name.
    pub name: u64,
    /// The kind of element; `Other` in SVG and MathML.
    pub kind: Kind,
    space: Space,
    /// The index of the innermost element up to this one that decides how tables, `select` and `template` are read.
    mode: Option<usize>,
}

/// The fate of a start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The parser drops the tag.
    Ignored,
    /// It is an element without content.
    Void,
    /// It is the innermost open element now.
    Opened,
}

/// The parts of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Before,
    Head,
    AfterHead,
    Body,
}

/// The open elements of a page.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    stack: Vec<Open>,
    phase: Phase,
    /// The document has no quirks for sure.
    is_standard: bool,
    /// The parser's form pointer is set.
    has_form: bool,
    /// The formatting elements that the parser may open again, as bits of their kinds.
    leaked: u128,
    /// The number of times that elements leaked.
    leaks: u32,
    /// The number of times that the form pointer changed.
    forms: u32,
    templates: usize,
    foreign: usize,
    /// The offset of `</body>` or `</html>`, if nothing but comments and space has followed.
    body_end: Option<u64>,
    /// The smallest depth since the last [`Tree::watch`].
    low: usize,
    /// Elements at this index and further in are in doubt.
    doubt: Option<usize>,
    is_stopped: bool,
    /// The number of open elements that have been looked at.
    steps: u64,
}

impl Tree {
    /// Returns the tree before the first byte of a page.
    pub(crate) const fn new() -> Self {
        Self {
            stack: Vec::new(),
            phase: Phase::Before,
            is_standard: false,
            has_form: false,
            leaked: 0,
            leaks: 0,
            forms: 0,
            templates: 0,
            foreign: 0,
            body_end: None,
            low: 0,
            doubt: None,
            is_stopped: false,
            steps: 0,
        }
    }

    /// Begins to note the smallest depth, and doubts.
    pub(crate) fn watch(&mut self) {
        self.low = self.stack.len();
        self.doubt = None;
    }

    /// Returns the smallest depth since then.
    pub(crate) const fn low(&self) -> usize {
        self.low
    }

    /// Returns the index from which on elements are in doubt since then.
    pub(crate) const fn doubt(&self) -> Option<usize> {
        self.doubt
    }

    /// Whether the rest of the page is uncertain.
    pub(crate) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Returns the number of times that something has changed which outlives the elements that are open now.
    pub(crate) const fn changes(&self) -> u32 {
        self.leaks.wrapping_add(self.forms)
    }

    /// Whether the parser may open formatting elements again that were closed without their end tags.
    pub(crate) const fn has_leaks(&self) -> bool {
        self.leaked != 0
    }

    /// Returns the number of open elements that have been looked at, which is the cost so far.
    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the number of open elements.
    pub(crate) const fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Returns the open elements from an index on.
    pub(crate) fn from(&self, index: usize) -> &[Open] {
        self.stack.get(index..).unwrap_or_default()
    }

    /// Returns the offset where the body ends, if its end has been seen.
    pub(crate) const fn body_end(&self) -> Option<u64> {
        self.body_end
    }

    /// Whether the innermost element is in a template, a drawing or a formula.
    pub(crate) const fn is_inert(&self) -> bool {
        self.templates > 0 || self.foreign > 0
    }

    /// Whether the innermost element belongs to SVG or MathML, where CDATA sections exist.
    pub(crate) fn has_cdata(&self) -> bool {
        self.top().is_some_and(|top| top.space != Space::Html)
    }

    /// Returns the innermost element that decides how tables, `select` and `template` are read.
    pub(crate) fn mode(&self) -> Option<Kind> {
        self.stack.get(self.mode_index()?).map(|open| open.kind)
    }

    /// Whether another tree has the same state apart from the open elements, which are as many.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.stack.len() == other.stack.len()
            && self.leaks == other.leaks
            && self.has_form == other.has_form
            && self.phase == other.phase
            && self.is_stopped == other.is_stopped
    }

    /// Reads a document type.
    pub(crate) fn doctype(&mut self, is_html: bool) {
        if self.phase == Phase::Before && self.stack.is_empty() {
            self.is_standard = is_html;
        }
    }

    /// Reads characters other than white space.
    pub(crate) fn ink(&mut self) {
        self.body_end = None;
        if self.has_cdata() {
            return;
        }
        if self.phase < Phase::Body && self.templates == 0 {
            self.open_body();
        }
        match self.mode() {
            Some(Kind::Colgroup) => {
                self.pop_mode();
                self.foster();
            }
            _ => self.foster(),
        }
    }

    /// Stops: the rest of the page is uncertain.
    fn stop(&mut self) {
        self.is_stopped = true;
    }

    fn doubt_from(&mut self, index: usize) {
        self.doubt = Some(self.doubt.map_or(index, |known| known.min(index)));
    }

    /// Doubts the table whose rows are open, because the parser puts what comes now in front of it.
    fn foster(&mut self) {
        let Some(mode) = self.mode_index() else { return };
        let is_between_cells = self.stack.get(mode).is_some_and(|open| table::holds_parts(open.kind));
        if is_between_cells && mode.saturating_add(1) == self.stack.len() {
            let table = self.find(|open| open.kind == Kind::Table, |open| open.kind == Kind::Template);
            self.doubt_from(table.unwrap_or_default());
        }
    }

    fn top(&self) -> Option<&Open> {
        self.stack.last()
    }

    fn is_top(&self, kind: Kind) -> bool {
        self.top().is_some_and(|top| top.kind == kind)
    }

    fn mode_index(&self) -> Option<usize> {
        self.top().and_then(|top| top.mode)
    }

    /// Opens the element of a tag.
    fn push(&mut self, tag: &Tag, kind: Kind, space: Space) -> Outcome {
        self.push_named(tag.hash(), kind, space);
        Outcome::Opened
    }

    /// Opens an element without a tag.
    fn push_implied(&mut self, kind: Kind) {
        self.push_named(name_hash(kind.name()), kind, Space::Html);
    }

    fn push_named(&mut self, name: u64, kind: Kind, space: Space) {
        let is_mode = space == Space::Html && table::is_mode(kind);
        let mode = if is_mode { Some(self.stack.len()) } else { self.mode_index() };
        self.templates = self.templates.saturating_add(usize::from(kind == Kind::Template));
        self.foreign = self.foreign.saturating_add(usize::from(space != Space::Html));
        self.stack.push(Open { name, kind, space, mode });
        if self.stack.len() > MAX_DEPTH {
            self.stop();
        }
    }

    /// Closes the elements from an index on. `is_own` says that the first of them ends with its own end tag.
    fn close(&mut self, index: usize, is_own: bool) {
        let mut leaked = 0;
        while self.stack.len() > index {
            let Some(open) = self.stack.pop() else { break };
            self.templates = self.templates.saturating_sub(usize::from(open.kind == Kind::Template));
            self.foreign = self.foreign.saturating_sub(usize::from(open.space != Space::Html));
            if open.kind.is(MARKER) {
                leaked = 0;
            } else if open.kind.is(FORMATTING) && !(is_own && self.stack.len() == index) {
                leaked |= bit(open.kind);
            }
        }
        if leaked != 0 {
            self.leak(leaked);
        }
        self.low = self.low.min(self.stack.len());
        while self.top().is_some_and(Open::is_ghost) {
            self.stack.pop();
            self.low = self.low.min(self.stack.len());
        }
    }

    fn leak(&mut self, kinds: u128) {
        self.leaked |= kinds;
        self.leaks = self.leaks.wrapping_add(1);
    }

    /// Sets or unsets the form pointer.
    fn set_form(&mut self, has_form: bool) {
        self.has_form = has_form;
        self.forms = self.forms.wrapping_add(1);
    }

    /// Takes an element out of the stack, and leaves those in it open.
    fn remove(&mut self, index: usize) {
        if index.saturating_add(1) == self.stack.len() {
            return self.close(index, true);
        }
        if let Some(open) = self.stack.get_mut(index) {
            (open.name, open.kind) = (0, Kind::Other);
        }
    }

    /// Closes elements whose end tags are implied, except one kind.
    fn close_implied(&mut self, except: Kind) {
        let depth = self.stack.len();
        while self.top().is_some_and(|top| top.kind.is(IMPLIED) && top.kind != except) {
            self.close_innermost();
        }
        // A fallback that stays open in the innermost of them would end this.
        if depth.saturating_sub(self.stack.len()) > 1 {
            self.doubt_from(self.stack.len());
        }
    }

    /// Closes the innermost element, because it is that one.
    fn close_innermost(&mut self) {
        let index = self.stack.len().saturating_sub(1);
        // It may be another one: text in it can have opened formatting elements again.
        if self.has_leaks() {
            self.doubt_from(index);
        }
        self.close(index, true);
    }
}

/// Returns the bit of a formatting element.
fn bit(kind: Kind) -> u128 {
    1_u128.checked_shl(kind as u32).unwrap_or_default()
}

/// Returns how the content of an element is read whose start tag has opened it.
pub(crate) fn content_of(tree: &Tree) -> Content {
    match tree.top() {
        Some(top) if top.kind == Kind::Script => Content::Script,
        Some(top) if top.kind.is(RAW) => Content::Text,
        _ => Content::Markup,
    }
}
