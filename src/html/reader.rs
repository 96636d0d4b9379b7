//! Reads a page: tokens, and what they do to the open elements.

use crate::html::scanner::{Event, Scanner};
use crate::html::tree::{ForeignAttributes, Outcome, Tree, content_of};
use crate::prelude::*;

/// The attributes that are always kept, by their index in the tag.
pub(crate) const SLOT: usize = 0;
pub(crate) const STATE: usize = 1;
pub(crate) const TYPE: usize = 2;
const FOREIGN: ForeignAttributes = ForeignAttributes { encoding: 3, font: [4, 5, 6] };
const ATTRIBUTES: [&str; 7] = ["data-tl-slot", "data-tl-state", "type", "encoding", "color", "face", "size"];

/// A reader of one page.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The tokenizer, with the last tag.
    pub scanner: Scanner,
    /// The open elements.
    pub tree: Tree,
}

/// Returns the names of the attributes that are always kept.
pub(crate) fn attributes() -> Vec<Vec<u8>> {
    ATTRIBUTES.iter().map(|name| name.as_bytes().to_vec()).collect()
}

impl Reader {
    /// Returns a reader whose page goes on within these open elements, and which keeps these attributes besides.
    pub(crate) const fn new(tree: Tree, attributes: Vec<Vec<u8>>) -> Self {
        Self { scanner: Scanner::new(attributes), tree }
    }

    /// Reads on to the next event, as [`Scanner::next`] does. Returns with it what has become of a start tag.
    pub(crate) fn next(&mut self, chunk: &[u8], at: &mut usize) -> Option<(Event, Outcome)> {
        let event = self.scanner.next(chunk, at)?;
        let mut outcome = Outcome::Ignored;
        match event {
            Event::Ink => self.tree.ink(),
            Event::Doctype { is_html } => self.tree.doctype(is_html),
            Event::Tag => {
                if self.scanner.tag.is_end {
                    self.tree.end(&self.scanner.tag);
                } else {
                    let kind = self.scanner.tag.value(TYPE).unwrap_or_default();
                    outcome = self.tree.start(&self.scanner.tag, FOREIGN, kind.eq_ignore_ascii_case(b"hidden"));
                    if outcome == Outcome::Opened {
                        self.scanner.begin_content(content_of(&self.tree));
                    }
                }
                self.scanner.has_cdata = self.tree.has_cdata();
            }
        }
        Some((event, outcome))
    }
}

/// Whether markup can stand within these open elements without closing, moving or reopening any of them.
pub(crate) fn fits(tree: &Tree, markup: &[u8]) -> bool {
    let depth = tree.depth();
    let mut reader = Reader::new(tree.clone(), attributes());
    reader.tree.watch();
    let mut at = 0;
    while reader.next(markup, &mut at).is_some() {
        let is_doubtful = reader.tree.doubt().is_some_and(|index| index < depth);
        if reader.tree.low() < depth || is_doubtful || reader.tree.is_stopped() {
            return false;
        }
    }
    reader.scanner.is_at_rest() && reader.tree.is_like(tree)
}
