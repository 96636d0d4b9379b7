//! Tables: <https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-intable>.

use super::{Outcome, Tree};
use crate::html::element::Kind;
use crate::html::tag::Tag;
use crate::html::tree::foreign::Space;

/// Whether the element decides how the tags in it are read.
pub(super) const fn is_mode(kind: Kind) -> bool {
    use Kind as K;
    holds_parts(kind) || matches!(kind, K::Td | K::Th | K::Caption | K::Colgroup | K::Select | K::Template)
}

/// Whether the element holds parts of a table only, so that the parser moves all others before the table.
pub(super) const fn holds_parts(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::Tbody | Kind::Thead | Kind::Tfoot | Kind::Tr)
}

impl Tree {
    /// Reads the start tag of a part of a table.
    pub(super) fn part_start(&mut self, tag: &Tag, kind: Kind) -> Outcome {
        use Kind as K;
        loop {
            let Some(mode) = self.mode() else { return Outcome::Ignored };
            match (mode, kind) {
                (K::Select, _) | (K::Template, K::Col | K::Colgroup) => {
                    self.stop();
                    return Outcome::Ignored;
                }
                (K::Colgroup, K::Col) => return Outcome::Void,
                (K::Template, _)
                | (K::Tr, K::Td | K::Th)
                | (K::Tbody | K::Thead | K::Tfoot, K::Tr)
                | (K::Table, K::Caption | K::Colgroup | K::Tbody | K::Thead | K::Tfoot) => {
                    self.clear_to_mode();
                    return self.push(tag, kind, Space::Html);
                }
                (K::Tbody | K::Thead | K::Tfoot, K::Td | K::Th) => self.imply(K::Tr),
                (K::Table, K::Td | K::Th | K::Tr) => self.imply(K::Tbody),
                (K::Table, K::Col) => self.imply(K::Colgroup),
                _ => self.pop_mode(),
            }
        }
    }

    /// Reads the start tag of a table within the rows of another one, which it closes.
    pub(super) fn close_outer_table(&mut self) {
        while self.mode().is_some_and(holds_parts) {
            let is_table = self.mode() == Some(Kind::Table);
            self.pop_mode();
            if is_table {
                return;
            }
        }
    }

    /// Reads the end tag of a table or one of its parts.
    pub(super) fn part_end(&mut self, kind: Kind) {
        match self.mode() {
            Some(Kind::Select) => {
                // Former parsers close the `select`, and present ones the table as well.
                if self.find(|open| open.kind == kind, |_| false).is_some() {
                    self.stop();
                }
            }
            mode => match self.in_table_scope(kind) {
                Some(index) => self.close(index, true),
                // Some parsers end the row here.
                None if mode == Some(Kind::Tr) => self.doubt_from(self.mode_index().unwrap_or_default()),
                None => {}
            },
        }
    }

    /// Closes the innermost element that decides how tags are read, and all that is open in it.
    pub(super) fn pop_mode(&mut self) {
        if let Some(index) = self.mode_index() {
            self.close(index, true);
        }
    }

    fn clear_to_mode(&mut self) {
        if let Some(index) = self.mode_index() {
            self.close(index.saturating_add(1), false);
        }
    }

    fn imply(&mut self, kind: Kind) {
        self.clear_to_mode();
        self.push_implied(kind);
    }
}
