//! Start tags.

use super::{Outcome, Tree};
use crate::html::element::{BLOCK, CLOSES_P, FORMATTING, HEADING, Kind, MARKER, PART, RAW, VOID};
use crate::html::tag::Tag;
use crate::html::tree::foreign::{ForeignAttributes, Space};
use crate::html::tree::table::holds_parts;

impl Tree {
    /// Reads a start tag. `is_hidden` says whether it has `type=hidden`.
    pub(crate) fn start(&mut self, tag: &Tag, attributes: ForeignAttributes, is_hidden: bool) -> Outcome {
        self.body_end = None;
        let kind = Kind::of(tag.name());
        if self.is_foreign_start(tag) && self.mode() == Some(Kind::Select) && is_of_select(kind) {
            // Former parsers know no drawing in a `select`.
            self.stop();
        }
        if self.is_foreign_start(tag)
            && let Some(outcome) = self.foreign_start(tag, attributes)
        {
            return outcome;
        }
        if let Some(outcome) = self.skeleton_start(tag, kind) {
            return outcome;
        }
        match self.mode() {
            _ if kind.is(PART) => self.part_start(tag, kind),
            Some(Kind::Select) => self.start_in_select(tag, kind, attributes),
            Some(Kind::Colgroup) if kind != Kind::Template => {
                self.pop_mode();
                self.start_between_cells(tag, kind, attributes, is_hidden)
            }
            Some(mode) if holds_parts(mode) => self.start_between_cells(tag, kind, attributes, is_hidden),
            _ => self.start_in_body(tag, kind, attributes),
        }
    }

    /// Reads a start tag in a table, outside of its cells.
    fn start_between_cells(
        &mut self,
        tag: &Tag,
        kind: Kind,
        attributes: ForeignAttributes,
        is_hidden: bool,
    ) -> Outcome {
        match kind {
            Kind::Script | Kind::Style | Kind::Template => return self.push(tag, kind, Space::Html),
            Kind::Input if is_hidden => return Outcome::Void,
            Kind::Form => {
                if self.has_form || self.templates > 0 {
                    return Outcome::Ignored;
                }
                self.set_form(true);
                return Outcome::Void;
            }
            Kind::Table => {
                self.close_outer_table();
                return self.start(tag, attributes, is_hidden);
            }
            _ => {}
        }
        self.foster();
        self.start_in_body(tag, kind, attributes)
    }

    /// Reads a start tag in a `select`.
    ///
    /// Former parsers drop most tags here, and present ones do not. They agree on where the `select` ends as long as
    /// nothing changes how the text is read.
    fn start_in_select(&mut self, tag: &Tag, kind: Kind, attributes: ForeignAttributes) -> Outcome {
        if matches!(kind, Kind::Option | Kind::Optgroup | Kind::Hr) {
            self.doubt_options();
        }
        match kind {
            Kind::Option => self.close_top(&[Kind::Option]),
            Kind::Optgroup | Kind::Hr => self.close_top(&[Kind::Option, Kind::Optgroup]),
            Kind::Script | Kind::Template => {}
            Kind::Input | Kind::Keygen | Kind::Select | Kind::Table => self.stop(),
            _ if kind.is(RAW) => self.stop(),
            _ => return self.start_in_body(tag, kind, attributes),
        }
        if kind.is(VOID) { Outcome::Void } else { self.push(tag, kind, Space::Html) }
    }

    /// Doubts what is open in a `select` if other elements than options are, which former parsers have dropped.
    pub(super) fn doubt_options(&mut self) {
        if let Some(index) = self.mode_index()
            && !self.top().is_some_and(|top| matches!(top.kind, Kind::Select | Kind::Option | Kind::Optgroup))
        {
            self.doubt_from(index.saturating_add(1));
        }
    }

    fn close_top(&mut self, kinds: &[Kind]) {
        for kind in kinds {
            if self.is_top(*kind) {
                self.close_innermost();
            }
        }
    }

    fn start_in_body(&mut self, tag: &Tag, kind: Kind, attributes: ForeignAttributes) -> Outcome {
        match kind {
            Kind::Plaintext => self.stop(),
            Kind::Li => self.close_item(&[Kind::Li]),
            Kind::Dd | Kind::Dt => self.close_item(&[Kind::Dd, Kind::Dt]),
            Kind::Form if self.has_form && self.templates == 0 => return Outcome::Ignored,
            Kind::Form => {
                if self.templates == 0 {
                    self.set_form(true);
                }
                self.close_p();
            }
            Kind::Table if self.is_standard => self.close_p(),
            // In quirks mode, a table is part of an open paragraph.
            Kind::Table if self.in_button_scope(Kind::P).is_some() => self.stop(),
            Kind::Button => {
                if let Some(index) = self.in_scope(|open| open == Kind::Button) {
                    self.close(index, false);
                }
            }
            Kind::A => self.restart(Kind::A),
            Kind::Nobr => self.restart(Kind::Nobr),
            Kind::Option | Kind::Optgroup => self.close_top(&[Kind::Option]),
            Kind::Rb | Kind::Rtc if self.in_scope(|open| open == Kind::Ruby).is_some() => {
                self.close_implied(Kind::Other);
            }
            Kind::Rp | Kind::Rt if self.in_scope(|open| open == Kind::Ruby).is_some() => {
                self.close_implied(Kind::Rtc);
            }
            Kind::Svg => return self.open_foreign(tag, Space::Svg, attributes),
            Kind::Math => return self.open_foreign(tag, Space::Math, attributes),
            _ if kind.is(CLOSES_P) => self.close_p(),
            _ => {}
        }
        if kind.is(HEADING) && self.top().is_some_and(|top| top.kind.is(HEADING)) {
            self.close(self.stack.len().saturating_sub(1), true);
        }
        if kind.is(VOID) { Outcome::Void } else { self.push(tag, kind, Space::Html) }
    }

    /// Closes the list item before this one.
    fn close_item(&mut self, kinds: &[Kind]) {
        let is_end = |kind: Kind| !matches!(kind, Kind::Address | Kind::Div | Kind::P);
        let found = self.find(|open| kinds.contains(&open.kind), |open| open.is_special() && is_end(open.kind));
        if let Some(index) = found {
            self.close(index, true);
        }
        self.close_p();
    }

    /// Ends an open `a` or `nobr`, which cannot hold another one.
    fn restart(&mut self, kind: Kind) {
        if !self.end_formatting(kind) && self.has_leaked(kind) {
            self.doubt_from(0);
        }
        // One that is not in scope is taken out of the stack all the same.
        if let Some(index) = self.find(|open| open.kind == kind, |open| open.kind.is(MARKER)) {
            self.doubt_from(index);
            self.remove(index);
            if self.mode() == Some(Kind::Select) {
                self.stop();
            }
        }
    }
}

/// Whether a start tag means something in a `select` to every parser.
fn is_of_select(kind: Kind) -> bool {
    use Kind as K;
    kind.is(PART)
        || matches!(kind, K::Select | K::Option | K::Optgroup | K::Hr | K::Input | K::Keygen | K::Textarea)
        || matches!(kind, K::Script | K::Template | K::Table)
}

/// Whether the end tag of an element closes the nearest one in scope.
pub(super) fn is_block(kind: Kind) -> bool {
    kind.is(BLOCK) && !kind.is(FORMATTING)
}
