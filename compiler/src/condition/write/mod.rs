//! Conditions to nodes of one plan. Equal conditions become one node, so that a decision evaluates each of them once.

mod membership;
mod subject;
mod value;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use throughline::canonical;
use throughline::internals::condition::filter;
use throughline::internals::plan::condition_ops::NodeOp;
use throughline::internals::plan::tables::{self, Constant, ConstantKind, Counter, Settings, Text};
use throughline::internals::plan::{Id, Op, PlanBuilder};
use throughline::{Object, Plan, Value};

use super::counter::CounterSpec;
use super::tree::{AttributeTest, Condition, Operator, ValueTest};
use super::vocabulary::Dialect;

/// The rows that conditions refer to, by name. A name without a row is row zero.
#[derive(Clone, Debug, Default)]
pub struct PlanIds {
    /// Attributes, by name.
    pub attributes: BTreeMap<String, Id<tables::Attribute>>,
    /// Segments, by id.
    pub segments: BTreeMap<String, Id<tables::Segment>>,
    /// Journeys, by id.
    pub journeys: BTreeMap<String, Id<tables::Journey>>,
    /// Places, by id.
    pub places: BTreeMap<String, Id<tables::Place>>,
    /// Counters, by key.
    pub counters: BTreeMap<String, Id<Counter>>,
    /// Sequences, by key.
    pub sequences: BTreeMap<String, Id<tables::Sequence>>,
    /// Time zones, by name.
    pub zones: BTreeMap<String, Id<tables::Zone>>,
    /// The salt of hashed values.
    pub salt: String,
}

/// A condition in a plan.
type NodeId = Id<tables::Node>;

impl PlanIds {
    /// Returns the row of a counter.
    #[must_use]
    pub fn counter(&self, spec: &CounterSpec<'_>) -> Id<Counter> {
        row(&self.counters, &spec.key())
    }
}

fn row<T>(rows: &BTreeMap<String, Id<T>>, name: &str) -> Id<T> {
    rows.get(name).copied().unwrap_or(Id::new(0))
}

/// Writes a condition, and returns its node.
pub fn write(condition: &Condition<'_>, ids: &PlanIds, plan: &mut PlanBuilder) -> NodeId {
    Writer { ids, plan }.condition(condition)
}

/// Returns for each object whether it satisfies a condition on its members, such as the filter of an event.
#[must_use]
pub fn holds_for(condition: &Condition<'_>, objects: &[&Object]) -> Vec<bool> {
    let mut plan = PlanBuilder::default();
    let node = write(condition, &PlanIds::default(), &mut plan);
    let plan = Plan::load(&plan.finish(Settings::none()));
    let holds = |object: &&Object| plan.as_ref().is_ok_and(|plan| filter(plan, node, object));
    objects.iter().map(holds).collect()
}

/// Returns the row of a constant.
pub(crate) fn constant(plan: &mut PlanBuilder, value: &Value) -> Id<Constant> {
    let (kind, text, number) = match value {
        Value::Null => (ConstantKind::Null, String::new(), 0.0),
        Value::Bool(value) => (ConstantKind::Boolean, String::new(), f64::from(u8::from(*value))),
        Value::Number(number) => (ConstantKind::Number, String::new(), *number),
        Value::String(text) => (ConstantKind::String, text.clone(), 0.0),
        Value::Array(_) | Value::Object(_) => (ConstantKind::Json, canonical::to_json_text(value), 0.0),
    };
    let text = plan.text(&text);
    plan.share(Constant { kind, text, number })
}

/// Compares constants in the order in which the core looks them up.
pub(crate) fn order_of(plan: &PlanBuilder, a: Id<Constant>, b: Id<Constant>) -> Ordering {
    plan.get(a).zip(plan.get(b)).map_or(Ordering::Equal, |(a, b)| a.order(&b))
}

/// Marks a node that is evaluated for several reasons.
pub(crate) fn mark_shared(plan: &mut PlanBuilder, id: NodeId) {
    if let Some(row) = plan.get(id) {
        plan.set(id, tables::Node { op: NodeOp { shared: true, ..row.op }, ..row });
    }
}

/// The operand of an attribute's node that reads a date as the time until then.
const FROM_NOW: u32 = 2;

/// The operand of nodes that says whether they belong to the rules' own dialect.
const fn own(dialect: Dialect) -> u32 {
    match dialect {
        Dialect::Rules => 1,
        Dialect::GrowthBook => 0,
    }
}

struct Writer<'w> {
    ids: &'w PlanIds,
    plan: &'w mut PlanBuilder,
}

impl Writer<'_> {
    fn condition(&mut self, condition: &Condition<'_>) -> NodeId {
        match condition {
            Condition::Never => self.never(),
            Condition::All(parts) => {
                let parts = parts.iter().map(|part| self.condition(part)).collect();
                self.all_of(parts)
            }
            Condition::Any(parts) => {
                let parts = parts.iter().map(|part| self.condition(&part.condition)).collect();
                self.any_of(parts)
            }
            Condition::Nor(parts) => {
                let parts = parts.iter().map(|part| self.condition(part)).collect();
                let some = self.any_of(parts);
                self.not(some)
            }
            Condition::Not(condition) => {
                let node = self.condition(condition);
                self.not(node)
            }
            Condition::Attribute(attribute) => self.attribute(attribute, &attribute.test),
            Condition::Member { path, test } => {
                let value = self.value(test);
                self.member(path, value)
            }
            Condition::SavedGroup { condition, .. } => self.condition(condition),
            Condition::Subject { test, .. } => self.subject_test(test),
        }
    }

    /// The attribute passes a test. A comparison with the current time is a node of its own, because it reads the value
    /// differently.
    fn attribute(&mut self, attribute: &AttributeTest<'_>, test: &ValueTest<'_>) -> NodeId {
        let id = row(&self.ids.attributes, attribute.name).0;
        match test {
            ValueTest::All(parts) if test.is_from_now() => {
                let parts = parts.iter().map(|part| self.attribute(attribute, part)).collect();
                self.all_of(parts)
            }
            ValueTest::Not(part) if test.is_from_now() => {
                let part = self.attribute(attribute, part);
                self.not(part)
            }
            ValueTest::Operator { test: Operator::FromNow(op, length), .. } => {
                let value = self.compare_in(*op, &Value::Number(*length), Dialect::Rules);
                self.node(Op::Attribute, [id, value.0, FROM_NOW, 0])
            }
            _ => {
                let value = self.value(test);
                let value = attribute.rest.map_or(value, |rest| self.member(rest, value));
                self.node(Op::Attribute, [id, value.0, own(attribute.dialect), 0])
            }
        }
    }

    /// The member at a path of dots satisfies a node.
    fn member(&mut self, path: &str, value: NodeId) -> NodeId {
        let names: Vec<Id<Text>> = path.split('.').map(|name| self.plan.text(name)).collect();
        let (start, len) = self.plan.ids(&names).words();
        self.node(Op::Member, [start, len, value.0, 0])
    }

    fn never(&mut self) -> NodeId {
        self.node(Op::False, [0; 4])
    }

    /// All parts hold; true without parts.
    fn all_of(&mut self, parts: Vec<NodeId>) -> NodeId {
        self.joined(Op::And, &parts)
    }

    /// Some part holds; true without parts, as in GrowthBook.
    fn any_of(&mut self, parts: Vec<NodeId>) -> NodeId {
        self.joined(Op::Or, &parts)
    }

    fn joined(&mut self, op: Op, parts: &[NodeId]) -> NodeId {
        match parts {
            [] => self.node(Op::True, [0; 4]),
            [only] => *only,
            several => self.list(op, several),
        }
    }

    fn list(&mut self, op: Op, nodes: &[NodeId]) -> NodeId {
        let (start, len) = self.plan.ids(nodes).words();
        self.node(op, [start, len, 0, 0])
    }

    fn not(&mut self, node: NodeId) -> NodeId {
        self.node(Op::Not, [node.0, 0, 0, 0])
    }

    fn node(&mut self, op: Op, operands: [u32; 4]) -> NodeId {
        let next = self.plan.count::<tables::Node>();
        let id = self.plan.share(tables::Node::new(op, operands));
        if id.0 < next {
            mark_shared(self.plan, id);
        }
        id
    }
}
