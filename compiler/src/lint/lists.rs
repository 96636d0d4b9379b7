//! Lists without items, and fields that no item has.

use std::collections::{BTreeMap, BTreeSet};

use throughline::Value;
use throughline::internals::plan::tables::ExprOp;

use super::Linter;
use super::loop_items::LoopItems;
use crate::source::cursor::{Cursor, ReadContext};
use crate::template::{Expression, Part};

/// Checks the lists that templates iterate over, and the fields that they read.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    for (id, _) in linter.needs.lists.iter().filter(|(_, items)| items.is_empty()) {
        if let Some(cursor) = linter.definitions.key("lists", id, "where") {
            let message = format!("no item of the catalogue can be in the list `{id}`");
            cursor.warning("empty-list", message, out).expected("a `where` that some items satisfy");
        }
    }
    let mut reported = BTreeSet::new();
    for rendition in linter.rules.messages.values().flat_map(|message| &message.renditions) {
        for template in rendition.templates() {
            let mut fields = Fields { linter, loops: BTreeMap::new(), missing: Vec::new() };
            fields.parts(&template.parts, &rendition.cursor);
            for (list, field, cursor) in fields.missing {
                if reported.insert((list, field)) {
                    let message = format!("no item of the list `{list}` has a field `{field}`");
                    cursor.warning("missing-field", message, out).expected("the name of a field in the catalogue");
                }
            }
        }
    }
}

/// A visitor that collects missing fields in loops.
struct Fields<'l, 'r, 'a> {
    linter: &'l Linter<'r, 'a>,
    /// The items of the enclosing loops, by the number of the variable.
    loops: BTreeMap<u32, LoopItems<'r>>,
    missing: Vec<(&'r str, &'r str, Cursor<'a>)>,
}

impl<'r, 'a> Fields<'_, 'r, 'a> {
    fn parts(&mut self, parts: &'r [Part<'a>], around: &Cursor<'a>) {
        for part in parts {
            let cursor = match part {
                Part::Output { source, .. } | Part::If { source, .. } | Part::For { source, .. } => &source.cursor,
                _ => around,
            };
            if let Some(term) = part.term() {
                self.term(term, cursor);
            }
            if let Part::For { variable, list, body, other, .. } = part {
                self.loops.insert(*variable, LoopItems::of(self.linter, list));
                self.parts(body, cursor);
                self.loops.remove(variable);
                self.parts(other, cursor);
                continue;
            }
            let (then, other): (&[Part<'a>], &[Part<'a>]) = match part {
                Part::If { then, other, .. } => (then, other),
                Part::Capture { body, .. } => (body, &[]),
                _ => (&[], &[]),
            };
            self.parts(then, cursor);
            self.parts(other, cursor);
        }
    }

    fn term(&mut self, term: &'r Expression<'a>, cursor: &Cursor<'a>) {
        term.children().into_iter().for_each(|child| self.term(child, cursor));
        let Expression::Op(ExprOp::Member, _, args) = term else { return };
        let [Expression::Variable(variable, None), Expression::Constant(Value::String(field))] = args.as_slice() else {
            return;
        };
        let Some((list, items)) = self.loops.get(variable).and_then(|items| items.list.clone()) else { return };
        if field != "id" && !items.is_empty() && !items.iter().any(|item| item.get(field).is_some()) {
            self.missing.push((list, field, cursor.clone()));
        }
    }
}
