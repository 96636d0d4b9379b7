//! Condition nodes that test past events: counts, sums, first and last events, sequences.

use super::compare::{holds, record_found};
use super::evaluator::{Evaluator, millis_number, time};
use super::trace::ConditionTracer;
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::Id;
use crate::plan::condition_ops::wide;
use crate::plan::tables::{Counter, Node, Sequence};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, counted, latest_pair};
use crate::time::Millis;

impl<'a> Evaluator<'a> {
    /// Tests the number of occurrences: of events, or of distinct values.
    pub(super) fn test_count(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let count = self.window(node, tracer).count();
        self.test_number(node, count as f64, tracer)
    }

    pub(super) fn test_sum(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let window = self.window(node, tracer);
        // A counter with `once` keeps more than the numbers that are added.
        let added = self.plan.get(Id::<Counter>::new(node.a)).map_or(0, |row| row.keep as usize);
        let earlier = window.clone().count().saturating_sub(added);
        let sum = window.skip(earlier).filter_map(|occurrence| occurrence.value.as_f64()).sum();
        self.test_number(node, sum, tracer)
    }

    fn test_number(&self, node: Node, found: f64, tracer: &mut ConditionTracer) -> bool {
        tracer.record("found", || Value::Number(found));
        holds(self.plan, Id::new(node.b), ValueRef::Number(found), tracer)
    }

    /// Tests the value of the first or last event.
    pub(super) fn test_value(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let found = self.past(node, tracer).next_back().map_or(ValueRef::Null, |last| ValueRef::from(&last.value));
        record_found(tracer, found, || self.event_name(node));
        holds(self.plan, Id::new(node.b), found, tracer)
    }

    /// Tests the age of the first or last event.
    pub(super) fn test_age(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let Some(last) = self.past(node, tracer).next_back() else {
            tracer.record("missing", || Value::String(self.event_name(node)));
            return false;
        };
        let age = millis_number(self.now.minus(last.at()));
        self.test_number(node, age, tracer)
    }

    /// Tests whether one event followed another, the first of them recently enough.
    pub(super) fn test_sequence(&self, node: Node, tracer: &mut ConditionTracer) -> bool {
        let Some(row) = self.plan.get(Id::<Sequence>::new(node.a)) else { return false };
        let name = |counter| self.plan.get::<Counter>(counter).map_or("", |row| self.plan.text(row.event));
        tracer.record("event", || Value::from(name(row.first)));
        tracer.record("then", || Value::from(name(row.then)));
        tracer.record("within", || time(row.within));
        let pair = latest_pair(self.plan, &self.profile.counters, &row, self.now);
        tracer.record("found", || {
            pair.map_or(Value::Null, |(first, then)| Value::Array(vec![first.at().into(), then.at().into()]))
        });
        let after = after(self.now, row.since);
        pair.is_some_and(|(first, _)| first.at() > after)
    }

    /// Returns the occurrences within the window of a node.
    fn window(
        &self,
        node: Node,
        tracer: &mut ConditionTracer,
    ) -> impl Iterator<Item = &'a Occurrence> + Clone + use<'a> {
        let within = Millis(wide(node.c, node.d));
        let after = after(self.now, within);
        let past = self.past(node, tracer);
        tracer.record("within", || time(within));
        past.filter(move |occurrence| occurrence.at() > after)
    }

    /// Returns the kept occurrences of the node's counter up to now.
    fn past(
        &self,
        node: Node,
        tracer: &mut ConditionTracer,
    ) -> impl DoubleEndedIterator<Item = &'a Occurrence> + Clone + use<'a> {
        tracer.record("event", || Value::String(self.event_name(node)));
        let now = self.now;
        let counted = counted(self.plan, &self.profile.counters, Id::new(node.a));
        counted.filter(move |occurrence| occurrence.at() <= now)
    }

    /// Returns the event's name, followed by the property if the counter has one.
    fn event_name(&self, node: Node) -> String {
        let Some(row) = self.plan.get(Id::<Counter>::new(node.a)) else { return String::new() };
        let property = self.plan.list(row.property).map(|name| self.plan.text(name));
        core::iter::once(self.plan.text(row.event)).chain(property).collect::<Vec<_>>().join(".")
    }
}

/// Returns the exclusive start of a window that ends now; a window of 0 is unbounded.
fn after(now: Millis, within: Millis) -> Millis {
    if within.0 == 0 { Millis::MIN } else { now.minus(within) }
}
