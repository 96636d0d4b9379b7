//! Nodes that test what happened: counts, sums, first and last events, sequences.

use super::compare::{holds, note_found};
use super::evaluator::{Evaluator, millis_number, time};
use super::trace::ConditionTracer;
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::Id;
use crate::plan::condition_ops::wide;
use crate::plan::tables::{Counter, Node, Sequence};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, latest_pair};
use crate::time::Millis;

impl<'a> Evaluator<'a> {
    /// The number of occurrences: events or, of a counter of different values, those values.
    pub(super) fn test_count(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let count = self.window(node, visitor).count();
        self.test_number(node, count as f64, visitor)
    }

    pub(super) fn test_sum(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let sum = self.window(node, visitor).filter_map(|occurrence| occurrence.value.as_f64()).sum();
        self.test_number(node, sum, visitor)
    }

    fn test_number(&self, node: Node, found: f64, visitor: &mut ConditionTracer) -> bool {
        visitor.note("found", || Value::Number(found));
        holds(self.plan, Id::new(node.b), ValueRef::Number(found), visitor)
    }

    /// The value of the first or last event.
    pub(super) fn test_value(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let found = self.past(node, visitor).next_back().map_or(ValueRef::Null, |last| ValueRef::from(&last.value));
        note_found(visitor, found, || self.event_name(node));
        holds(self.plan, Id::new(node.b), found, visitor)
    }

    /// The age of the first or last event.
    pub(super) fn test_age(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let Some(last) = self.past(node, visitor).next_back() else {
            visitor.note("missing", || Value::String(self.event_name(node)));
            return false;
        };
        let age = millis_number(self.now.minus(last.at()));
        self.test_number(node, age, visitor)
    }

    /// Whether one event was followed by another, the first of them not too long ago.
    pub(super) fn test_sequence(&self, node: Node, visitor: &mut ConditionTracer) -> bool {
        let Some(row) = self.plan.get(Id::<Sequence>::new(node.a)) else { return false };
        let name = |counter| self.plan.get::<Counter>(counter).map_or("", |row| self.plan.text(row.event));
        visitor.note("event", || Value::from(name(row.first)));
        visitor.note("then", || Value::from(name(row.then)));
        visitor.note("within", || time(row.within));
        let pair = latest_pair(self.plan, &self.profile.counters, &row, self.now);
        visitor.note("found", || {
            pair.map_or(Value::Null, |(first, then)| Value::Array(vec![first.at().into(), then.at().into()]))
        });
        let after = after(self.now, row.since);
        pair.is_some_and(|(first, _)| first.at() > after)
    }

    /// The occurrences within the window of a node.
    fn window(&self, node: Node, visitor: &mut ConditionTracer) -> impl Iterator<Item = &'a Occurrence> + use<'a> {
        let within = Millis(wide(node.c, node.d));
        let after = after(self.now, within);
        let past = self.past(node, visitor);
        visitor.note("within", || time(within));
        past.filter(move |occurrence| occurrence.at() > after)
    }

    /// What the node's counter remembers up to now.
    fn past(
        &self,
        node: Node,
        visitor: &mut ConditionTracer,
    ) -> impl DoubleEndedIterator<Item = &'a Occurrence> + use<'a> {
        visitor.note("event", || Value::String(self.event_name(node)));
        let now = self.now;
        let row = self.plan.get(Id::<Counter>::new(node.a));
        let known = row.and_then(|row| self.profile.counters.get(self.plan.text(row.key)));
        known.into_iter().flatten().filter(move |occurrence| occurrence.at() <= now)
    }

    /// The event's name and the property, if one is asked for.
    fn event_name(&self, node: Node) -> String {
        let Some(row) = self.plan.get(Id::<Counter>::new(node.a)) else { return String::new() };
        let property = self.plan.list(row.property).map(|name| self.plan.text(name));
        core::iter::once(self.plan.text(row.event)).chain(property).collect::<Vec<_>>().join(".")
    }
}

/// The end of the time before a window that ends now; zero is for ever.
fn after(now: Millis, within: Millis) -> Millis {
    if within.0 == 0 { Millis::MIN } else { now.minus(within) }
}
