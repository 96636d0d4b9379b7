//! Which elements are slots, and which of them end for sure.

use crate::html::element::{FORMATTING, Kind, NARROW, OPTIONAL_END, PART, RAW};
use crate::html::filler::{Filler, MAX_FILLS};
use crate::html::held::{Candidate, End, Reason, Wrap};
use crate::html::reader::{self, SLOT, STATE, TYPE};
use crate::html::scanner::Event;
use crate::html::tree::{Outcome, Tree};
use crate::prelude::*;

impl Filler {
    /// Ends the candidates whose elements the last event has closed, and drops those that are in doubt. `depth` is the number
    /// of open elements before the event.
    pub(super) fn settle(&mut self, depth: usize) {
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
    pub(super) fn guard_fallbacks(&mut self, event: Event, outcome: Outcome, depth: usize) {
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
    pub(super) fn matches(&mut self, event: Event, outcome: Outcome) -> Vec<usize> {
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
    pub(super) fn consider(&mut self, outcome: Outcome, targets: Vec<usize>) {
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
