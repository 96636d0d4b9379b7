//! Tests of values as nodes.

use std::cmp::Ordering;

use throughline::Value;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::tables::Constant;
use throughline::internals::plan::{Id, Op};
use throughline::internals::text::lowercase;

use super::{NodeId, Writer, constant, order_of, own};
use crate::condition::tree::{Bound, NumberTest, Operator, ValueTest};
use crate::condition::vocabulary::Dialect;

impl Writer<'_> {
    pub(super) fn number(&mut self, test: &NumberTest) -> NodeId {
        match test {
            NumberTest::Is(number) => self.compare(Op::Is, &Value::Number(*number)),
            NumberTest::Bounds(bounds) => {
                let bounds = self.bounds(bounds);
                self.all_of(bounds)
            }
        }
    }

    pub(super) fn bounds(&mut self, bounds: &[Bound]) -> Vec<NodeId> {
        bounds.iter().map(|(op, number)| self.compare(*op, &Value::Number(*number))).collect()
    }

    pub(super) fn value(&mut self, test: &ValueTest<'_>) -> NodeId {
        match test {
            ValueTest::Never => self.never(),
            ValueTest::All(parts) => {
                let parts = parts.iter().map(|part| self.value(part)).collect();
                self.all_of(parts)
            }
            ValueTest::Not(test) => {
                let node = self.value(test);
                self.not(node)
            }
            ValueTest::Members(condition) => self.condition(condition),
            ValueTest::Operator { test, dialect, .. } => self.operator(test, *dialect),
        }
    }

    fn operator(&mut self, operator: &Operator<'_>, dialect: Dialect) -> NodeId {
        match operator {
            Operator::Compare(op, value) => self.compare_in(*op, value, dialect),
            // It is read with its attribute.
            Operator::FromNow(..) => self.never(),
            Operator::Among { values, ignore_case, negated } => {
                let among = self.among(if *ignore_case { Op::Ini } else { Op::In }, values);
                if *negated { self.not(among) } else { among }
            }
            Operator::InGroup { values, negated } => {
                let among = self.among(Op::In, values);
                if *negated { self.not(among) } else { among }
            }
            Operator::InCidr { networks, negated } => {
                let among = self.networks(networks);
                if *negated { self.not(among) } else { among }
            }
            Operator::InHashed { values, negated } => {
                let among = self.hashed(values);
                if *negated { self.not(among) } else { among }
            }
            Operator::Regex { automaton, written } => {
                let (automaton, written) = (self.plan.regex(automaton.clone()), self.plan.text(written));
                self.node(Op::Regex, [automaton.0, written.0, own(dialect), 0])
            }
            Operator::Exists(exists) => self.node(Op::Exists, [u32::from(*exists), 0, 0, 0]),
            Operator::Type(name) => {
                let name = self.plan.text(name);
                self.node(Op::Type, [name.0, 0, 0, 0])
            }
            Operator::Size(size) => {
                let size = self.value(size);
                self.node(Op::Size, [size.0, 0, 0, 0])
            }
            Operator::All(elements) => {
                let elements: Vec<_> = elements.iter().map(|element| self.value(element)).collect();
                self.list(Op::All, &elements)
            }
            Operator::IgnoreCase(text) => {
                let text = self.plan.text(text);
                self.node(Op::Isi, [text.0, 0, own(dialect), 0])
            }
            Operator::ElemMatch(element) => {
                let element = self.value(element);
                self.node(Op::ElemMatch, [element.0, 0, 0, 0])
            }
            Operator::Version { op, padded, written } => {
                let written = self.plan.text(written);
                let padded = if dialect == Dialect::Rules { written } else { self.plan.text(padded) };
                self.node(*op, [padded.0, written.0, own(dialect), 0])
            }
        }
    }

    /// A comparison with a number that is never missing, such as a count.
    pub(super) fn compare(&mut self, op: Op, value: &Value) -> NodeId {
        self.compare_in(op, value, Dialect::GrowthBook)
    }

    pub(super) fn compare_in(&mut self, op: Op, value: &Value, dialect: Dialect) -> NodeId {
        let constant = constant(self.plan, value);
        // Both dialects identify values in the same way.
        let own = if matches!(op, Op::Eq | Op::Ne) { 0 } else { own(dialect) };
        self.node(op, [constant.0, 0, own, 0])
    }

    /// The value is among these. Sorted, so that the evaluation can search; lists and objects are identical to nothing.
    pub(super) fn among(&mut self, op: Op, values: &[Value]) -> NodeId {
        let is_single = |value: &&Value| !matches!(value, Value::Array(_) | Value::Object(_));
        let folded = |value: &Value| match value {
            Value::String(text) if op == Op::Ini => Value::String(lowercase(text)),
            other => other.clone(),
        };
        let order = |a: &Value, b: &Value| ValueRef::from(a).order(ValueRef::from(b));
        let mut values: Vec<Value> = values.iter().filter(is_single).map(folded).collect();
        values.sort_by(order);
        values.dedup_by(|a, b| order(a, b) == Ordering::Equal);
        let mut constants: Vec<Id<Constant>> = values.iter().map(|value| constant(self.plan, value)).collect();
        constants.sort_by(|a, b| order_of(self.plan, *a, *b));
        let (start, len) = self.plan.ids(&constants).words();
        self.node(op, [start, len, 0, 0])
    }
}
