//! Evaluates the expressions of a template.

use super::operand::{Operand, compare, contains, is_equal};
use super::{LoopRound, TemplateWriter};
use crate::facts::reading;
use crate::json;
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::Id;
use crate::plan::tables::{Constant, ConstantKind, Expected, Expr, ExprOp, LoopField};
use crate::prelude::*;

/// The greatest number of items of a range.
const MAX_RANGE: usize = 1000;

impl TemplateWriter<'_, '_> {
    /// Evaluates an expression; nil if it has no value or the fuel has run out.
    pub(super) fn get(&self, id: Id<Expr>) -> Operand<'_> {
        let Some(term) = self.plan.get(id).filter(|_| self.spend(1)) else { return Operand::NOTHING };
        let both = |test: fn(ValueRef<'_>, ValueRef<'_>) -> bool| {
            let (a, b) = (self.arg(&term, 0), self.arg(&term, 1));
            Operand::bool(test(a.view(), b.view()))
        };
        match term.op {
            ExprOp::Constant => constant(self.plan, Id::new(term.a)),
            ExprOp::Attribute => {
                let found = self.eval.fact(Id::new(term.a));
                Operand::Seen(term.expected().map_or(ValueRef::Null, |expected| as_expected(found, expected)))
            }
            ExprOp::Variable => match self.variables.get(term.a as usize) {
                Some(Some(value)) => Operand::Seen(ValueRef::from(value)),
                _ => self.arg(&term, 0),
            },
            ExprOp::Loop => {
                let index = self.loops.len().checked_sub((term.a as usize).saturating_add(1));
                let round = index.and_then(|index| self.loops.get(index));
                round.zip(term.loop_field()).map_or(Operand::NOTHING, |(round, field)| loop_field(round, field))
            }
            ExprOp::List => Operand::Made(Value::Array(self.items(Id::new(term.a)))),
            ExprOp::Item => {
                let key = self.arg(&term, 0);
                self.find_item(&key.text()).map_or(Operand::NOTHING, |(_, row)| Operand::Made(self.item(&row)))
            }
            ExprOp::Member => {
                let key = self.arg(&term, 1);
                self.arg(&term, 0).part(|whole| member(whole, key.view()))
            }
            ExprOp::Range => self.range(&term),
            ExprOp::Filter => term.filter().map_or(Operand::NOTHING, |filter| self.filter(&term, filter)),
            ExprOp::Eq => both(is_equal),
            ExprOp::Lt => both(|a, b| compare(a, b).is_some_and(core::cmp::Ordering::is_lt)),
            ExprOp::Lte => both(|a, b| compare(a, b).is_some_and(core::cmp::Ordering::is_le)),
            ExprOp::Contains => both(contains),
            ExprOp::And => Operand::bool(self.arg(&term, 0).is_true() && self.arg(&term, 1).is_true()),
            ExprOp::Or => Operand::bool(self.arg(&term, 0).is_true() || self.arg(&term, 1).is_true()),
            ExprOp::Not => Operand::bool(!self.arg(&term, 0).is_true()),
            ExprOp::Blank => Operand::bool(self.arg(&term, 0).is_blank(term.a == 1)),
        }
    }

    /// Evaluates an argument of an expression.
    pub(super) fn arg(&self, term: &Expr, index: u32) -> Operand<'_> {
        self.plan.list_item(term.args, index).map_or(Operand::NOTHING, |id| self.get(id))
    }

    fn range(&self, term: &Expr) -> Operand<'_> {
        let (from, to) = (super::number::floor(self.arg(term, 0).to_number()), self.arg(term, 1).to_number());
        let mut numbers = Vec::new();
        let mut next = from;
        while next <= to && numbers.len() < MAX_RANGE && self.spend(1) {
            numbers.push(Value::Number(next));
            next += 1.0;
        }
        Operand::Made(Value::Array(numbers))
    }
}

/// Returns the value of a constant.
pub(super) fn constant(plan: &crate::plan::Plan, id: Id<Constant>) -> Operand<'_> {
    let Some(row) = plan.get(id) else { return Operand::NOTHING };
    match row.kind {
        ConstantKind::Boolean => Operand::bool(row.number != 0.0),
        ConstantKind::Number => Operand::number(row.number),
        ConstantKind::String => Operand::Seen(ValueRef::Text(plan.text(row.text))),
        ConstantKind::Json => Operand::Made(json::parse(plan.text(row.text)).unwrap_or_default()),
        ConstantKind::Null => Operand::NOTHING,
    }
}

/// Returns the value if it has the expected type, otherwise nil.
fn as_expected(view: ValueRef<'_>, expected: Expected) -> ValueRef<'_> {
    let is_good = match expected {
        Expected::Number => return reading::number(view).map_or(ValueRef::Null, ValueRef::Number),
        Expected::Boolean => return reading::boolean(view).map_or(ValueRef::Null, ValueRef::Bool),
        Expected::Text => matches!(view, ValueRef::Text(_) | ValueRef::Number(_) | ValueRef::Bool(_)),
        Expected::List => matches!(view, ValueRef::List(_)),
        Expected::Object => matches!(view, ValueRef::Object(_)),
        Expected::Any => true,
    };
    if is_good { view } else { ValueRef::Null }
}

/// Returns the member of an object or the item of a list. `size`, `first` and `last` are members of values that have
/// them.
pub(super) fn member<'v>(whole: ValueRef<'v>, key: ValueRef<'_>) -> ValueRef<'v> {
    match (whole, key) {
        (ValueRef::Object(object), ValueRef::Text(name)) => match (object.get(name), name) {
            (None, "size") => count(object.len()),
            (found, _) => found.map_or(ValueRef::Null, ValueRef::from),
        },
        (ValueRef::List(items), ValueRef::Text("size")) => count(items.len()),
        (ValueRef::List(items), ValueRef::Text("first")) => items.first().map_or(ValueRef::Null, ValueRef::from),
        (ValueRef::List(items), ValueRef::Text("last")) => items.last().map_or(ValueRef::Null, ValueRef::from),
        (ValueRef::List(items), ValueRef::Number(number)) => {
            let from_end = if number < 0.0 { items.len() as f64 } else { 0.0 };
            let index = number + from_end;
            let item = (index >= 0.0).then(|| items.get(index as usize)).flatten();
            item.map_or(ValueRef::Null, ValueRef::from)
        }
        (ValueRef::Text(text), ValueRef::Text("size")) => count(text.chars().count()),
        _ => ValueRef::Null,
    }
}

fn count<'v>(count: usize) -> ValueRef<'v> {
    ValueRef::Number(count as f64)
}

fn loop_field<'v>(round: &LoopRound, field: LoopField) -> Operand<'v> {
    let LoopRound { index, length } = *round;
    let next = index.saturating_add(1);
    let number = match field {
        LoopField::Index => next,
        LoopField::Index0 => index,
        LoopField::Rindex => length.saturating_sub(index),
        LoopField::Rindex0 => length.saturating_sub(next),
        LoopField::First => return Operand::bool(index == 0),
        LoopField::Last => return Operand::bool(next == length),
        LoopField::Length => length,
    };
    Operand::number(number as f64)
}
