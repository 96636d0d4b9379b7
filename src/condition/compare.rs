//! Condition nodes that test a value.

use core::cmp::Ordering;

use super::interned::InternedFact;
use super::membership::{is_among_hashes, is_in_networks};
use super::trace::ConditionTracer;
use super::version::{self, padded};
use crate::facts::reading::{self, Reading};
use crate::json::ValueRef;
use crate::json::value_ref::compare_texts;
use crate::json::{Object, Value};
use crate::plan::tables::{Constant, ConstantKind, Node, Regex, Text};
use crate::plan::{Id, Ids, Op, Plan};
use crate::prelude::*;
use crate::text::lowercase;

/// The number of constants of a list that an explanation shows.
const SHOWN: usize = 20;

/// Checks whether the properties of an event satisfy a filter.
pub fn filter(plan: &Plan, node: Id<Node>, properties: &Object) -> bool {
    holds(plan, node, ValueRef::Object(properties), &mut ConditionTracer::new(false))
}

/// Checks whether the value satisfies the node. A node that tests the subject holds for no value.
pub(super) fn holds(plan: &Plan, id: Id<Node>, value: ValueRef<'_>, tracer: &mut ConditionTracer) -> bool {
    let Some((node, op)) = node(plan, id) else { return false };
    tracer.enter(op);
    let holds = test(plan, node, op, value, tracer);
    tracer.leave(holds);
    holds
}

fn test(plan: &Plan, node: Node, op: Op, value: ValueRef<'_>, tracer: &mut ConditionTracer) -> bool {
    match op {
        Op::True => true,
        Op::And => every(tracer.is_recording, nodes(plan, node), |child| holds(plan, child, value, tracer)),
        Op::Or => some(tracer.is_recording, nodes(plan, node), |child| holds(plan, child, value, tracer)),
        Op::Not => !holds(plan, Id::new(node.a), value, tracer),
        Op::Member => {
            let path = || plan.list(Ids::<Text>::from_words(node.a, node.b)).map(|name| plan.text(name));
            let member = value.walk(path());
            let name = || path().collect::<Vec<_>>().join(".");
            tracer.record("member", || Value::String(name()));
            record_found(tracer, member, name);
            holds(plan, Id::new(node.c), member, tracer)
        }
        Op::Size => {
            let ValueRef::List(items) = value else { return false };
            holds(plan, Id::new(node.a), ValueRef::Number(items.len() as f64), tracer)
        }
        Op::All => {
            let ValueRef::List(items) = value else { return false };
            every(tracer.is_recording, nodes(plan, node), |child| {
                some(tracer.is_recording, items.iter(), |item| holds(plan, child, item.into(), tracer))
            })
        }
        Op::ElemMatch => {
            let ValueRef::List(items) = value else { return false };
            let items = items.iter().filter(|item| **item != Value::Null);
            some(tracer.is_recording, items, |item| holds(plan, Id::new(node.a), item.into(), tracer))
        }
        _ => {
            if op == Op::InHashed {
                tracer.conceal_found();
            }
            tracer.record("operand", || operand(plan, node, op));
            compare(plan, node, op, value)
        }
    }
}

/// Tests the nodes that compare the value itself.
fn compare(plan: &Plan, node: Node, op: Op, value: ValueRef<'_>) -> bool {
    let is_own = node.is_own();
    if is_own && value.is_null() && !matches!(op, Op::Is) {
        return op == Op::Vne;
    }
    let relation = || match constant(plan, Id::new(node.a))? {
        ValueRef::Number(constant) if is_own => reading::number(value)?.partial_cmp(&constant),
        constant => value.compare(constant),
    };
    let version = || match value {
        _ if !is_own => Some(compare_texts(&padded(value), plan.text(Id::new(node.a)))),
        ValueRef::Text(_) | ValueRef::Number(_) => version::compare(&value.to_text(), plan.text(Id::new(node.b))),
        _ => None,
    };
    match op {
        Op::Is => is(plan, node, value),
        Op::Isi => lowercase(&value.to_text()) == plan.text(Id::new(node.a)),
        Op::Eq => is_identical(plan, Id::new(node.a), value),
        Op::Ne => !is_identical(plan, Id::new(node.a), value),
        Op::Lt => relation().is_some_and(Ordering::is_lt),
        Op::Lte => relation().is_some_and(Ordering::is_le),
        Op::Gt => relation().is_some_and(Ordering::is_gt),
        Op::Gte => relation().is_some_and(Ordering::is_ge),
        Op::In => some_element(value, |value| is_among(plan, constants(node), value)),
        Op::Ini => some_element(value, |value| match value {
            ValueRef::Text(text) => is_among(plan, constants(node), ValueRef::Text(&lowercase(text))),
            other => is_among(plan, constants(node), other),
        }),
        Op::InCidr => some_element(value, |value| is_in_networks(plan, node, value)),
        Op::InHashed => some_element(value, |value| is_among_hashes(plan, node, value)),
        Op::Regex => plan.is_match(Id::<Regex>::new(node.a), &value.to_text()),
        Op::Exists => value.is_null() != (node.a == 1),
        Op::Type => value.type_name() == plan.text(Id::new(node.a)),
        Op::Veq => version().is_some_and(Ordering::is_eq),
        Op::Vne => !version().is_some_and(Ordering::is_eq),
        Op::Vgt => version().is_some_and(Ordering::is_gt),
        Op::Vgte => version().is_some_and(Ordering::is_ge),
        Op::Vlt => version().is_some_and(Ordering::is_lt),
        Op::Vlte => version().is_some_and(Ordering::is_le),
        Op::True
        | Op::False
        | Op::And
        | Op::Or
        | Op::Not
        | Op::Attribute
        | Op::Member
        | Op::Size
        | Op::All
        | Op::ElemMatch
        | Op::Segment
        | Op::Count
        | Op::Recency
        | Op::Schedule
        | Op::Consent
        | Op::Journey
        | Op::Local
        | Op::Distinct
        | Op::Sum
        | Op::First
        | Op::Last
        | Op::Sequence
        | Op::Distance => false,
    }
}

/// Compares with a bare value of a condition: the fact is converted to the constant's type.
fn is(plan: &Plan, node: Node, value: ValueRef<'_>) -> bool {
    let Some(row) = plan.get(Id::<Constant>::new(node.a)) else { return false };
    let is_own = node.is_own();
    match row.kind {
        ConstantKind::Null => value.is_null(),
        _ if is_own && value.is_null() => false,
        ConstantKind::Boolean if is_own => reading::boolean(value) == Some(row.number != 0.0),
        ConstantKind::Number if is_own => reading::number(value) == Some(row.number),
        ConstantKind::Boolean => !value.is_null() && value.is_truthy() == (row.number != 0.0),
        ConstantKind::Number => value.to_number() == row.number,
        ConstantKind::String => value.to_text() == plan.text(row.text),
        ConstantKind::Json => {
            matches!(value, ValueRef::List(_) | ValueRef::Object(_)) && value.to_json() == plan.text(row.text)
        }
    }
}

fn is_identical(plan: &Plan, id: Id<Constant>, value: ValueRef<'_>) -> bool {
    constant(plan, id).is_some_and(|constant| value.is_identical(constant))
}

fn is_among(plan: &Plan, constants: Ids<Constant>, value: ValueRef<'_>) -> bool {
    InternedFact::new(plan, Reading::Seen(value)).is_among(plan, constants)
}

/// Tests the value, or the elements of a list until one passes.
fn some_element(value: ValueRef<'_>, test: impl Fn(ValueRef<'_>) -> bool) -> bool {
    match value {
        ValueRef::List(items) => items.iter().any(|item| test(item.into())),
        other => test(other),
    }
}

/// Returns the constant, unless it is a list or an object: those are identical to nothing.
pub(crate) fn constant(plan: &Plan, id: Id<Constant>) -> Option<ValueRef<'_>> {
    let row = plan.get(id)?;
    match row.kind {
        ConstantKind::Null => Some(ValueRef::Null),
        ConstantKind::Boolean => Some(ValueRef::Bool(row.number != 0.0)),
        ConstantKind::Number => Some(ValueRef::Number(row.number)),
        ConstantKind::String => Some(ValueRef::Text(plan.text(row.text))),
        ConstantKind::Json => None,
    }
}

const fn constants(node: Node) -> Ids<Constant> {
    Ids::from_words(node.a, node.b)
}

pub(super) fn node(plan: &Plan, id: Id<Node>) -> Option<(Node, Op)> {
    let node = plan.get(id)?;
    Some((node, node.kind()))
}

/// Returns the nodes of the list `a, b`.
pub(super) fn nodes(plan: &Plan, node: Node) -> impl Iterator<Item = Id<Node>> + '_ {
    plan.list(Ids::from_words(node.a, node.b))
}

/// Checks whether the test holds for every item. With `all`, it tests the rest even if the result is certain.
pub(super) fn every<T>(all: bool, items: impl Iterator<Item = T>, mut test: impl FnMut(T) -> bool) -> bool {
    let mut holds = true;
    for item in items {
        holds &= test(item);
        if !holds && !all {
            break;
        }
    }
    holds
}

/// Checks whether the test holds for some item. With `all`, it tests the rest even if the result is certain.
pub(super) fn some<T>(all: bool, items: impl Iterator<Item = T>, mut test: impl FnMut(T) -> bool) -> bool {
    !every(all, items, |item| !test(item))
}

/// Records the value that was found, or that it is missing.
pub(super) fn record_found(tracer: &mut ConditionTracer, found: ValueRef<'_>, name: impl Fn() -> String) {
    match found {
        ValueRef::Null => tracer.record("missing", || Value::String(name())),
        found => tracer.record("found", || found.to_value()),
    }
}

/// Returns the operand of a node, for explanations.
fn operand(plan: &Plan, node: Node, op: Op) -> Value {
    let shown = |id: Id<Constant>| constant(plan, id).map_or_else(|| json(plan, id), ValueRef::to_value);
    match op {
        Op::Is | Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte => shown(Id::new(node.a)),
        Op::In | Op::Ini => Value::Array(plan.list(constants(node)).take(SHOWN).map(shown).collect()),
        Op::InCidr => {
            let written = plan.list(Ids::<Text>::from_words(node.c, node.d));
            Value::Array(written.take(SHOWN).map(|text| Value::from(plan.text(text))).collect())
        }
        Op::Exists => Value::Bool(node.a == 1),
        Op::Isi | Op::Type => Value::from(plan.text(Id::new(node.a))),
        Op::Regex | Op::Veq | Op::Vne | Op::Vgt | Op::Vgte | Op::Vlt | Op::Vlte => {
            Value::from(plan.text(Id::new(node.b)))
        }
        _ => Value::Null,
    }
}

/// Returns a list or an object as its JSON string.
fn json(plan: &Plan, id: Id<Constant>) -> Value {
    plan.get(id).map_or(Value::Null, |row| Value::from(plan.text(row.text)))
}
