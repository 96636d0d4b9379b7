//! A condition of the rules, with its position.

use std::cell::OnceCell;
use std::rc::Rc;

use super::read;
use super::tree::Condition;
use super::vocabulary::{Dialect, Vocabulary};
use crate::source::cursor::Cursor;
use crate::source::diagnostic::Diagnostics;
use crate::source::tree::Node;

/// A condition of the rules: its position, and its tree once it has been read.
///
/// Definitions are read before the names in their conditions are known, so a condition is read in a second pass. Copies
/// share the tree: each condition is read once for all plans and for the linter.
#[derive(Clone, Debug)]
pub struct When<'a> {
    /// Its position.
    pub cursor: Cursor<'a>,
    // INVARIANT: `Rules::read` sets it; whoever gets `Rules` finds it set.
    condition: Rc<OnceCell<Condition<'a>>>,
}

impl<'a> When<'a> {
    /// A condition that is not read yet.
    #[must_use]
    pub fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, condition: Rc::new(OnceCell::new()) }
    }

    /// A value that is a condition, and its path in the rules; it is not read yet.
    #[must_use]
    pub fn at(node: &'a Node, path: &str) -> Self {
        Self::new(Cursor { path: path.to_owned(), ..Cursor::top(node) })
    }

    /// Reads it as a condition on the subject.
    pub fn read(&self, vocabulary: &Vocabulary<'a>, dialect: Dialect, diagnostics: &mut Diagnostics) {
        self.condition.get_or_init(|| read::subject(&self.cursor, vocabulary, dialect, diagnostics));
    }

    /// Reads it as a condition on the members of a value.
    pub fn read_members(&self, vocabulary: &Vocabulary<'a>, dialect: Dialect, diagnostics: &mut Diagnostics) {
        self.condition.get_or_init(|| read::members(&self.cursor, vocabulary, dialect, diagnostics));
    }

    /// Reads it as a condition on the properties of an event: it cannot name saved groups.
    pub fn read_filter(&self, diagnostics: &mut Diagnostics) {
        self.condition.get_or_init(|| read::properties(&self.cursor, diagnostics));
    }

    /// Reads it as a condition on the fields of an item: it cannot name saved groups.
    pub fn read_fields(&self, diagnostics: &mut Diagnostics) {
        self.read_members(&Vocabulary::default(), Dialect::Rules, diagnostics);
    }

    /// Returns its tree; one that never holds before it is read.
    #[must_use]
    pub fn condition(&self) -> &Condition<'a> {
        self.condition.get().unwrap_or(&Condition::Never)
    }

    /// Returns the value at its position.
    #[must_use]
    pub const fn node(&self) -> &'a Node {
        self.cursor.node
    }
}
