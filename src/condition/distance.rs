//! Condition nodes that test the distance to a place.

use super::compare::holds;
use super::evaluator::Evaluator;
use super::trace::ConditionTracer;
use crate::facts::position::{Position, nearest};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::tables::{Attribute, Node, Place};
use crate::plan::{Id, Ids};

impl Evaluator<'_> {
    pub(super) fn test_distance(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let from = Id::<Attribute>::new(node.a);
        let (found, name) = match node.a {
            u32::MAX => (ValueRef::Object(&self.request.attributes), "latitude, longitude"),
            _ => (self.fact(from), self.plan.get(from).map_or("", |row| self.plan.text(row.name))),
        };
        let Some(position) = Position::of(found) else {
            tracer.record("missing", || Value::from(name));
            return false;
        };
        let Some((place, metres)) = nearest(self.plan, Ids::<Place>::from_words(node.b, node.c), position) else {
            return false;
        };
        tracer.record("from", || Value::from(name));
        tracer.record("nearest", || Value::from(self.plan.text(place.id)));
        tracer.record("found", || Value::Number(metres));
        holds(self.plan, Id::new(node.d), ValueRef::Number(metres), tracer)
    }
}
