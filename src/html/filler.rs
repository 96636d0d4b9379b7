//! Fills the slots of one page while it passes through in chunks.

use crate::html::element::{FORMATTING, Kind, NARROW, OPTIONAL_END, PART, RAW};
use crate::html::held::{Candidate, End, Held, Insert, Reason, Wrap};
use crate::html::reader::{self, Reader, SLOT, STATE, TYPE};
use crate::html::scanner::Event;
use crate::html::selector::{Matcher, Selector};
use crate::html::tree::{Outcome, Tree};
use crate::prelude::*;

/// The most elements of one page that are filled.
pub const MAX_FILLS: usize = 256;
/// The open elements that may be looked at for each byte of the page, and at all. A page that costs more is hostile.
const STEPS: (u64, u64) = (16, 1 << 20);

/// The content of one slot.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The id of the slot.
    pub slot: String,
    /// Finds elements of the slot that do not name it.
    pub selector: Option<Selector>,
    /// Whether it is JSON for a data script instead of markup.
    pub is_json: bool,
    /// The content, in characters of the page's encoding.
    pub content: String,
}

/// The words about the decision at each filled element.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// The id of the decision.
    pub decision: String,
    /// The time of the decision, in seconds since 1970.
    pub at: i64,
    /// A mark of the visitor.
    pub visitor: String,
}

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
    /// What goes on has been written. The last bytes may wait for the end of a slot.
    Written,
    /// As `Written`, and all chunks that follow go on as they are.
    Finished,
}

/// Fills slots.
#[derive(Debug)]
pub struct Filler {
    reader: Reader,
    encoding: Encoding,
    matcher: Matcher,
    attributes: Vec<Vec<u8>>,
    contents: Contents,
    held: Held,
    read: u64,
    started: usize,
    has_finished: bool,
    filled: Vec<usize>,
    unfilled: Vec<Reason>,
}

#[derive(Debug)]
struct Contents {
    fills: Vec<Fill>,
    marks: Marks,
}

impl Insert for Contents {
    fn insertions(&self, candidate: &Candidate) -> (String, String, String) {
        let Marks { decision, at, visitor } = &self.marks;
        let attributes = format!(
            " data-tl-state=\"applied\" data-tl-decision=\"{decision}\" data-tl-at=\"{at}\" data-tl-for=\"{visitor}\""
        );
        let Some(fill) = self.fills.get(candidate.fill) else { return (attributes, String::new(), String::new()) };
        let (before, after) = match candidate.wrap {
            Wrap::None => (String::new(), ""),
            Wrap::Hidden => ("<tl-fallback hidden>".to_owned(), "</tl-fallback>"),
            Wrap::Template => ("<template data-tl-fallback>".to_owned(), "</template>"),
            Wrap::Json => {
                let slot = fill.slot.replace('&', "&amp;").replace('"', "&quot;");
                (format!("</script><script type=\"application/json\" data-tl-fallback=\"{slot}\">"), "")
            }
        };
        (attributes, format!("{}{before}", fill.content), after.to_owned())
    }
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
        if (start == 0 && is_utf16(chunk)) || (self.encoding == Encoding::Unlabelled && chunk.contains(&ESCAPE)) {
            self.give_up(Reason::Encoding);
        } else {
            self.scan(chunk);
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

    /// Ends the candidates whose elements the last event has closed, and drops those that are in doubt. `depth` is the number
    /// of open elements before the event.
    fn settle(&mut self, depth: usize) {
        let (tree, tag) = (&self.reader.tree, &self.reader.scanner.tag);
        let (low, doubt) = (tree.low(), tree.doubt().unwrap_or(usize::MAX));
        for candidate in self.held.candidates.iter_mut().rev().filter(|candidate| candidate.end == End::Open) {
            let reason = if candidate.index >= doubt {
                Reason::Ambiguous
            } else if candidate.index < low {
                // Those further out are open as well.
                return;
            } else {
                let is_own = tag.is_end && tag.hash() == candidate.name && candidate.index == low;
                let is_clear = is_clear(candidate, tree, Kind::of(tag.name()), depth);
                match is_own || candidate.kind.is(OPTIONAL_END) {
                    true if is_clear => {
                        candidate.end = End::Seen(tag.start);
                        continue;
                    }
                    true => Reason::Ambiguous,
                    false => Reason::Unclosed,
                }
            };
            candidate.end = End::Dropped;
            self.unfilled.push(reason);
        }
    }

    /// Drops the candidates whose fallback the last tag would leave, or in which it would mean something else than before.
    fn guard_fallbacks(&mut self, event: Event, outcome: Outcome, depth: usize) {
        let (tree, tag) = (&self.reader.tree, &self.reader.scanner.tag);
        if event != Event::Tag || tree.is_inert() {
            return;
        }
        let kind = Kind::of(tag.name());
        let is_ours = tag.name() == b"tl-fallback";
        // Parts of tables are dropped outside of tables, but not in a template.
        let is_for_templates = if tag.is_end {
            kind == Kind::Template && tree.low() == depth
        } else {
            kind.is(PART) && outcome == Outcome::Ignored
        };
        for candidate in self.held.candidates.iter_mut().filter(|candidate| candidate.end == End::Open) {
            if is_ours || (is_for_templates && candidate.wrap == Wrap::Template) {
                candidate.end = End::Dropped;
                self.unfilled.push(Reason::Ambiguous);
            }
        }
    }

    /// Follows the last event with the selectors. Returns the fills whose selector finds the element that begins.
    fn matches(&mut self, event: Event, outcome: Outcome) -> Vec<usize> {
        if self.matcher.is_empty() {
            return Vec::new();
        }
        let (tree, tag) = (&self.reader.tree, &self.reader.scanner.tag);
        let is_start = event == Event::Tag && !tag.is_end;
        self.matcher.close(tree.low());
        let opened = tree.from(tree.low());
        let implied = opened.len().saturating_sub(usize::from(outcome == Outcome::Opened));
        for open in opened.iter().take(implied) {
            self.matcher.open_implied(open, &self.attributes);
        }
        match outcome {
            Outcome::Opened | Outcome::Void if is_start => {
                self.matcher.open(tag, outcome == Outcome::Void, &self.attributes)
            }
            _ => Vec::new(),
        }
    }

    /// Makes the element that begins a candidate, if it is a slot.
    fn consider(&mut self, outcome: Outcome, targets: Vec<usize>) {
        let (tree, tag) = (&self.reader.tree, &self.reader.scanner.tag);
        let slot = tag.value(SLOT);
        let named = slot.and_then(|slot| self.contents.fills.iter().position(|fill| fill.slot.as_bytes() == slot));
        let Some(at) = named.or_else(|| targets.into_iter().min()) else { return };
        let Some(fill) = self.contents.fills.get(at) else { return };
        let kind = Kind::of(tag.name());
        let is_place = if fill.is_json { is_data_script(kind, tag.value(TYPE)) } else { holds_markup(kind) };
        if !is_place || outcome == Outcome::Void || tree.is_inert() || tag.has(STATE) {
            return;
        }
        let index = tree.depth().saturating_sub(1);
        let is_in_select = kind != Kind::Select && tree.mode() == Some(Kind::Select);
        // `/>` does not close it, so that nothing would end what the parser opens again in it.
        let is_endless = tag.is_self_closing && !fill.is_json;
        let is_ambiguous = outcome == Outcome::Ignored
            || tree.doubt().is_some_and(|doubt| doubt <= index)
            || (is_in_select && !matches!(kind, Kind::Option | Kind::Optgroup))
            || (is_endless && (tree.has_leaks() || kind.is(FORMATTING) || kind == Kind::Form));
        let problem = if is_ambiguous {
            Some(Reason::Ambiguous)
        } else if self.started >= MAX_FILLS {
            Some(Reason::Many)
        } else {
            self.started = self.started.saturating_add(1);
            (!fill.is_json && !reader::fits(tree, fill.content.as_bytes())).then_some(Reason::Content)
        };
        if let Some(reason) = problem {
            self.unfilled.push(reason);
            return;
        }
        let wrap = match () {
            () if fill.is_json => Wrap::Json,
            () if is_endless => Wrap::None,
            () if kind.is(NARROW) => Wrap::Template,
            () => Wrap::Hidden,
        };
        self.held.candidates.push(Candidate {
            fill: at,
            index,
            name: tag.hash(),
            kind,
            is_in_select,
            changes: tree.changes(),
            close: tag.close,
            content: tag.end,
            wrap,
            end: if wrap == Wrap::None { End::Seen(tag.end) } else { End::Open },
        });
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

/// Whether an element that a tag closes ends there in the filled page as well.
fn is_clear(candidate: &Candidate, tree: &Tree, closing: Kind, depth: usize) -> bool {
    // What a fallback in a template leaves behind, it leaves there.
    (candidate.wrap != Wrap::Template || candidate.changes == tree.changes())
        // Former and present parsers do not agree on other tags here.
        && (!candidate.is_in_select
            || matches!(closing, Kind::Option | Kind::Optgroup | Kind::Hr | Kind::Select))
        // The end tag of a form leaves elements open that are open in it.
        && (candidate.kind != Kind::Form || (candidate.index.saturating_add(1) == depth && !tree.has_leaks()))
}

/// Whether the element is a script that browsers do not run, which is the only place for JSON.
fn is_data_script(kind: Kind, of_type: Option<&[u8]>) -> bool {
    kind == Kind::Script && of_type.is_some_and(|of| of.trim_ascii().eq_ignore_ascii_case(b"application/json"))
}

/// Whether an element with its own tags can hold the content of a slot.
fn holds_markup(kind: Kind) -> bool {
    !kind.is(RAW) && !matches!(kind, Kind::Html | Kind::Head | Kind::Body | Kind::Template | Kind::Frameset)
}

/// The byte that begins an escape sequence.
const ESCAPE: u8 = 0x1b;

/// Whether the page begins with the byte order mark of UTF-16.
fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

#[cfg(test)]
#[path = "filler_tests.rs"]
mod tests;
