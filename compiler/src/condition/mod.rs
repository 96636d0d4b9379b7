//! Conditions, from rules to nodes of a plan.
//!
//! Equal conditions become one node, so that a decision evaluates each of them once.

mod distance;
mod group;
mod history;
mod local;
mod operators;
pub mod scope;
mod subject;

use std::cmp::Ordering;

use throughline::canonical;
use throughline::internals::condition::filter;
use throughline::internals::plan::condition_ops::NodeOp;
use throughline::internals::plan::tables::{self, Constant, ConstantKind, Settings, Text};
use throughline::internals::plan::{Id, Op, PlanBuilder};
use throughline::{Object, Plan, Value};

use crate::condition::scope::{ConditionScope, Dialect};
use crate::source::diagnostic::{Diagnostic, Diagnostics};
use crate::source::tree::{Entry, Kind, Node, Span};

/// Conditions are not nested deeper than this.
const MAX_DEPTH: usize = 16;

/// The node of a condition on a subject; none if there are mistakes in it, which are then told. Empty, it always holds.
pub fn compile(
    node: &Node,
    path: &str,
    scope: &mut ConditionScope,
    plan: &mut PlanBuilder,
    diagnostics: &mut Diagnostics,
) -> Option<NodeId> {
    ConditionCompiler::new(plan, scope, diagnostics).compile(node, path, Keys::Attributes)
}

/// The node of a condition on a value's members.
pub fn compile_value(
    node: &Node,
    path: &str,
    scope: &mut ConditionScope,
    plan: &mut PlanBuilder,
    diagnostics: &mut Diagnostics,
) -> Option<NodeId> {
    ConditionCompiler::new(plan, scope, diagnostics).compile(node, path, Keys::Members)
}

/// The node of a condition on the properties of an event, whose names need no declaration.
pub fn compile_filter(
    node: &Node,
    path: &str,
    plan: &mut PlanBuilder,
    diagnostics: &mut Diagnostics,
) -> Option<NodeId> {
    compile_value(node, path, &mut ConditionScope::default(), plan, diagnostics)
}

/// Whether a condition on a value, such as the filter of an event, holds for each of some objects.
///
/// `plan` holds the condition and nothing else that matters.
#[must_use]
pub fn holds_for(plan: PlanBuilder, node: Id<tables::Node>, objects: &[&Object]) -> Vec<bool> {
    let plan = Plan::load(&plan.finish(Settings::none()));
    let holds = |object: &&Object| plan.as_ref().is_ok_and(|plan| filter(plan, node, object));
    objects.iter().map(holds).collect()
}

struct ConditionCompiler<'a> {
    plan: &'a mut PlanBuilder,
    scope: &'a mut ConditionScope,
    diagnostics: &'a mut Diagnostics,
    /// The saved groups that are being compiled, each used by the one before it.
    open: Vec<String>,
    /// How many saved groups have been compiled so far.
    groups: usize,
}

/// The row of a constant.
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

/// The order in which the core looks constants up.
pub(crate) fn order_of(plan: &PlanBuilder, a: Id<Constant>, b: Id<Constant>) -> Ordering {
    plan.get(a).zip(plan.get(b)).map_or(Ordering::Equal, |(a, b)| a.order(&b))
}

/// Notes that the node is evaluated for several reasons.
pub(crate) fn mark_shared(plan: &mut PlanBuilder, id: NodeId) {
    if let Some(row) = plan.get(id) {
        plan.set(id, tables::Node { op: NodeOp { shared: true, ..row.op }, ..row });
    }
}

/// A condition in a plan.
type NodeId = Id<tables::Node>;

/// What the keys of a condition name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Attributes of the subject.
    Attributes,
    /// Members of a value: properties of an event, or of an element of a list.
    Members,
}

/// The operators that stand where an attribute could.
const LOGIC: [&str; 5] = ["$and", "$or", "$nor", "$not", "$savedGroup"];

impl<'a> ConditionCompiler<'a> {
    const fn new(plan: &'a mut PlanBuilder, scope: &'a mut ConditionScope, diagnostics: &'a mut Diagnostics) -> Self {
        Self { plan, scope, diagnostics, open: Vec::new(), groups: 0 }
    }

    fn compile(&mut self, node: &Node, path: &str, keys: Keys) -> Option<NodeId> {
        if let Some(span) = deeper_than(node, MAX_DEPTH) {
            let message = format!("the condition is nested deeper than {MAX_DEPTH} levels");
            self.diagnostics.error(span, path, "too-deep", message).expected("a segment for a part of it");
            return None;
        }
        self.condition(node, path, keys)
    }

    fn condition(&mut self, node: &Node, path: &str, keys: Keys) -> Option<NodeId> {
        let Kind::Map(entries) = &node.kind else {
            return self.wrong_type(node, path, "a map of attributes and operators");
        };
        let parts = entries.iter().map(|entry| self.part(entry, &join(path, &entry.key), keys)).collect();
        self.all_of(parts)
    }

    /// One entry of a condition.
    fn part(&mut self, entry: &Entry, path: &str, keys: Keys) -> Option<NodeId> {
        let value = &entry.value;
        match entry.key.as_str() {
            "$and" => self.conditions(value, path, keys).and_then(|parts| self.all_of(parts)),
            "$or" => self.conditions(value, path, keys).and_then(|parts| self.any_of(parts)),
            "$nor" => {
                let some = self.conditions(value, path, keys).and_then(|parts| self.any_of(parts));
                self.negate(some)
            }
            "$not" => {
                let condition = self.condition(value, path, keys);
                self.negate(condition)
            }
            "$savedGroup" => self.saved_group(value, path, keys),
            key => match keys {
                Keys::Attributes => self.subject_part(key, entry, path),
                Keys::Members => self.member_part(key, entry, path),
            },
        }
    }

    /// The conditions of a list.
    fn conditions(&mut self, node: &Node, path: &str, keys: Keys) -> Option<Vec<Option<NodeId>>> {
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, path, "a list of conditions");
            return None;
        };
        let items = items.iter().enumerate();
        Some(items.map(|(index, item)| self.condition(item, &format!("{path}[{index}]"), keys)).collect())
    }

    fn member_part(&mut self, key: &str, entry: &Entry, path: &str) -> Option<NodeId> {
        if key.starts_with('$') && self.is_strict() {
            return self.unknown_operator(entry, path, LOGIC);
        }
        let value = self.value(&entry.value, path, None)?;
        Some(self.member(key, value))
    }

    /// The member at a path of dots satisfies a node.
    fn member(&mut self, path: &str, value: NodeId) -> NodeId {
        let names: Vec<Id<Text>> = path.split('.').map(|name| self.plan.text(name)).collect();
        let (start, len) = self.plan.ids(&names).words();
        self.node(Op::Member, [start, len, value.0, 0])
    }

    fn node(&mut self, op: Op, operands: [u32; 4]) -> NodeId {
        let next = self.plan.count::<tables::Node>();
        let id = self.plan.share(tables::Node::new(op, operands));
        if id.0 < next {
            mark_shared(self.plan, id);
        }
        id
    }

    /// All parts hold; true without parts, none if a part has errors.
    fn all_of(&mut self, parts: Vec<Option<NodeId>>) -> Option<NodeId> {
        self.joined(Op::And, parts)
    }

    /// Some part holds; true without parts, as in GrowthBook.
    fn any_of(&mut self, parts: Vec<Option<NodeId>>) -> Option<NodeId> {
        self.joined(Op::Or, parts)
    }

    fn joined(&mut self, op: Op, parts: Vec<Option<NodeId>>) -> Option<NodeId> {
        let parts: Vec<NodeId> = parts.into_iter().collect::<Option<_>>()?;
        Some(match parts.as_slice() {
            [] => self.node(Op::True, [0; 4]),
            [only] => *only,
            several => {
                let (start, len) = self.plan.ids(several).words();
                self.node(op, [start, len, 0, 0])
            }
        })
    }

    fn negate(&mut self, node: Option<NodeId>) -> Option<NodeId> {
        node.map(|node| self.node(Op::Not, [node.0, 0, 0, 0]))
    }

    fn is_strict(&self) -> bool {
        self.scope.dialect == Dialect::Rules
    }

    /// A mistake: an error in rules, a warning and a condition that never holds in GrowthBook's conditions.
    fn mistake(
        &mut self,
        span: Span,
        path: &str,
        code: &'static str,
        message: String,
        explain: impl FnOnce(&mut Diagnostic),
    ) -> Option<NodeId> {
        if self.is_strict() {
            explain(self.diagnostics.error(span, path, code, message));
            return None;
        }
        explain(self.diagnostics.warning(span, path, code, message));
        Some(self.node(Op::False, [0; 4]))
    }

    fn wrong_type(&mut self, node: &Node, path: &str, expected: &str) -> Option<NodeId> {
        let message = format!("found {}", node.kind_name());
        self.mistake(node.span, path, "wrong-type", message, |mistake| {
            mistake.expected(expected);
        })
    }

    fn unknown_operator<'k>(
        &mut self,
        entry: &Entry,
        path: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<NodeId> {
        let message = format!("unknown operator `{}`", entry.key);
        self.mistake(entry.key_span, path, "unknown-operator", message, |mistake| {
            mistake.expected_one_of(&entry.key, known);
        })
    }
}

/// The path of a member.
fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The place of something that is nested deeper than so many levels.
fn deeper_than(node: &Node, levels: usize) -> Option<Span> {
    let Some(below) = levels.checked_sub(1) else { return Some(node.span) };
    match &node.kind {
        Kind::List(items) => items.iter().find_map(|item| deeper_than(item, below)),
        Kind::Map(entries) => entries.iter().find_map(|entry| deeper_than(&entry.value, below)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => None,
    }
}
