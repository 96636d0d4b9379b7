//! Searches among the open elements: <https://html.spec.whatwg.org/multipage/parsing.html#has-an-element-in-scope>.

use super::{Open, Tree};
use crate::html::element::{BARRIER, Kind, SPECIAL};

impl Tree {
    /// Returns the index of the innermost element that is wanted, unless a barrier is further in.
    pub(super) fn find(
        &mut self,
        is_wanted: impl Fn(&Open) -> bool,
        is_barrier: impl Fn(&Open) -> bool,
    ) -> Option<usize> {
        for (index, open) in self.stack.iter().enumerate().rev() {
            self.steps = self.steps.saturating_add(1);
            if is_wanted(open) {
                return Some(index);
            }
            if is_barrier(open) {
                return None;
            }
        }
        None
    }

    pub(super) fn in_scope(&mut self, is_wanted: impl Fn(Kind) -> bool) -> Option<usize> {
        self.find(|open| is_wanted(open.kind), Open::is_barrier)
    }

    pub(super) fn in_button_scope(&mut self, kind: Kind) -> Option<usize> {
        self.find(|open| open.kind == kind, |open| open.is_barrier() || open.kind == Kind::Button)
    }

    pub(super) fn in_table_scope(&mut self, kind: Kind) -> Option<usize> {
        self.find(
            |open| open.kind == kind,
            |open| matches!(open.kind, Kind::Html | Kind::Table | Kind::Template | Kind::Select),
        )
    }

    /// Closes an open paragraph.
    pub(super) fn close_p(&mut self) {
        if let Some(index) = self.in_button_scope(Kind::P) {
            self.close(index, true);
        }
    }
}

impl Open {
    pub(super) fn is_barrier(&self) -> bool {
        self.kind.is(BARRIER) || self.space.is_barrier()
    }

    pub(super) fn is_special(&self) -> bool {
        self.kind.is(SPECIAL) || self.space.is_barrier()
    }

    pub(super) fn is_ghost(&self) -> bool {
        self.name == 0
    }
}
