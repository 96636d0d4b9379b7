//! Nodes that test how far it is to somewhere.

use super::evaluator::Evaluator;
use super::trace::Visitor;
use super::value::holds;
use super::view::View;
use crate::geo::{Position, nearest};
use crate::plan::tables::{Attribute, Node, Place};
use crate::plan::{Id, Ids};
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn test_distance(&self, node: Node, visitor: &mut Visitor) -> bool {
        let from = Id::<Attribute>::new(node.a);
        let (found, name) = match node.a {
            u32::MAX => (View::Object(&self.request.attributes), "latitude, longitude"),
            _ => (self.fact(from), self.plan.get(from).map_or("", |row| self.plan.text(row.name))),
        };
        let Some(position) = Position::of(found) else {
            visitor.note("missing", || Value::from(name));
            return false;
        };
        let Some((place, metres)) = nearest(self.plan, Ids::<Place>::from_words(node.b, node.c), position) else {
            return false;
        };
        visitor.note("from", || Value::from(name));
        visitor.note("nearest", || Value::from(self.plan.text(place.id)));
        visitor.note("found", || Value::Number(metres));
        holds(self.plan, Id::new(node.d), View::Number(metres), visitor)
    }
}
