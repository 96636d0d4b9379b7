//! End tags.

use super::{Open, Phase, Tree, bit};
use crate::html::element::{FORMATTING, HEADING, Kind, MARKER, PART, RAW};
use crate::html::tag::Tag;
use crate::html::tree::foreign::Space;
use crate::html::tree::start::is_block;
use crate::html::tree::table::holds_parts;

impl Tree {
    /// Reads an end tag.
    pub(crate) fn end(&mut self, tag: &Tag) {
        let kind = Kind::of(tag.name());
        if !matches!(kind, Kind::Html | Kind::Body) {
            self.body_end = None;
        }
        if self.has_cdata() && self.foreign_end(tag) {
            return;
        }
        if kind.is(RAW) && self.is_top(kind) {
            self.close(self.stack.len().saturating_sub(1), true);
            return;
        }
        if self.phase < Phase::Body && self.templates == 0 {
            match kind {
                Kind::Head => self.close_head(),
                Kind::Html | Kind::Body | Kind::Br => self.open_body(),
                _ => return,
            }
        }
        if self.mode() == Some(Kind::Colgroup) && !matches!(kind, Kind::Colgroup | Kind::Col | Kind::Template) {
            self.pop_mode();
        }
        if self.mode() == Some(Kind::Select) && matches!(kind, Kind::Option | Kind::Optgroup) {
            self.doubt_options();
        }
        self.end_in_body(tag, kind);
    }

    fn end_in_body(&mut self, tag: &Tag, kind: Kind) {
        match kind {
            Kind::Html | Kind::Body => {
                if self.mode().is_none()
                    && self.in_scope(|open| open == Kind::Body).is_some()
                    && self.body_end.is_none()
                {
                    self.body_end = Some(tag.start);
                }
            }
            Kind::Head | Kind::Frameset => {}
            Kind::Template => {
                if let Some(index) = self.find(|open| open.kind == Kind::Template, |_| false) {
                    self.close(index, true);
                }
            }
            Kind::Form => self.end_form(),
            Kind::P => self.end_p(),
            Kind::Br => self.foster_if_between_cells(),
            Kind::Li => {
                let found = self.find(
                    |open| open.kind == Kind::Li,
                    |open| open.is_barrier() || matches!(open.kind, Kind::Ol | Kind::Ul),
                );
                self.close_found(found);
            }
            Kind::Dd | Kind::Dt => {
                let found = self.in_scope(|open| open == kind);
                self.close_found(found);
            }
            _ if kind.is(HEADING) => {
                let found = self.in_scope(|open| open.is(HEADING));
                self.close_found(found);
            }
            _ if kind == Kind::Table || kind.is(PART) => self.part_end(kind),
            _ if is_block(kind) => {
                let found = self.in_scope(|open| open == kind);
                self.close_found(found);
            }
            _ if kind.is(FORMATTING) => {
                if !self.end_formatting(kind) && self.has_leaked(kind) {
                    self.doubt_from(0);
                }
            }
            _ => {
                let found = self.find(|open| open.space == Space::Html && open.name == tag.hash(), Open::is_special);
                self.close_found(found);
            }
        }
    }

    fn close_found(&mut self, found: Option<usize>) {
        if let Some(index) = found {
            self.close(index, true);
        }
    }

    /// Reads `</p>`, which makes an empty paragraph if none is open.
    fn end_p(&mut self) {
        match self.in_button_scope(Kind::P) {
            Some(index) => self.close(index, true),
            None => self.foster_if_between_cells(),
        }
    }

    fn foster_if_between_cells(&mut self) {
        if self.mode().is_some_and(holds_parts) {
            self.foster();
        }
    }

    /// Reads `</form>`, which takes the form out of the stack and leaves elements in it open.
    fn end_form(&mut self) {
        if self.templates > 0 {
            let found = self.in_scope(|open| open == Kind::Form);
            return self.close_found(found);
        }
        if !self.has_form {
            return;
        }
        self.set_form(false);
        let Some(index) = self.in_scope(|open| open == Kind::Form) else { return };
        self.close_implied(Kind::Other);
        if index.saturating_add(1) < self.stack.len() {
            self.doubt_from(index);
        }
        self.remove(index);
    }

    /// Ends a formatting element. Returns whether one was open.
    pub(super) fn end_formatting(&mut self, kind: Kind) -> bool {
        let Some(index) = self.find(|open| open.kind == kind, |open| open.kind.is(MARKER)) else { return false };
        if self.in_scope(|open| open == kind).is_none() {
            return true;
        }
        if self.from(index.saturating_add(1)).iter().any(Open::is_special) {
            // The parser takes the blocks apart: the "adoption agency algorithm".
            self.leak(bit(kind));
            self.doubt_from(index);
            self.remove(index);
            return true;
        }
        // The tag may be for an element of the kind that the parser has opened again.
        if self.has_leaked(kind) {
            self.doubt_from(index);
        }
        self.close(index, true);
        true
    }

    /// Whether a formatting element was closed without its own end tag, so that the parser may open it again.
    pub(super) fn has_leaked(&self, kind: Kind) -> bool {
        self.leaked & bit(kind) != 0
    }
}
