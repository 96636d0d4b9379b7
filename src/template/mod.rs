//! Templates: the steps that write a string for one subject.
//!
//! A plan's templates are checked when it is loaded, so writing cannot fail. It is bounded, because each step, value
//! and run of text consumes fuel. When the fuel runs out, loops end after the current round and expressions are nil.
//! Literal text is still written to its end, so that markup is never cut.

mod date;
mod escape;
mod expression;
mod filter;
mod list;
mod number;
mod operand;
mod text;

use core::cell::Cell;

use crate::condition::Evaluator;
use crate::json::Value;
use crate::plan::tables::{Attribute, Escape, Expr, ExprOp, Part, PartKind};
use crate::plan::{Id, Plan, Span};
use crate::prelude::*;
use crate::time::Millis;
use escape::escape;
use operand::Operand;

/// The fuel of one template.
const FUEL: u32 = 50_000;
/// The initial capacity of the output, in bytes.
const BEGINNING: usize = 128;
/// The bytes of text that cost one unit of fuel.
const BYTES: usize = 64;

/// Writes one template.
pub(crate) struct TemplateWriter<'r, 'a> {
    plan: &'a Plan,
    eval: &'r Evaluator<'a>,
    now: Millis,
    variables: Vec<Option<Value>>,
    /// The open loops, the innermost last.
    loops: Vec<LoopRound>,
    out: String,
    fuel: Cell<u32>,
    /// The attributes that had nothing to write, if they are recorded.
    missing: Option<Vec<Id<Attribute>>>,
}

/// The current round of a loop.
#[derive(Clone, Copy)]
struct LoopRound {
    index: usize,
    length: usize,
}

/// The control flow after a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'r, 'a> TemplateWriter<'r, 'a> {
    /// Creates a writer for the subject of the evaluation; `records` collects missing attributes.
    pub(crate) fn new(plan: &'a Plan, eval: &'r Evaluator<'a>, now: Millis, records: bool) -> Self {
        let missing = records.then(Vec::new);
        Self {
            plan,
            eval,
            now,
            variables: Vec::new(),
            loops: Vec::new(),
            out: String::with_capacity(BEGINNING),
            fuel: Cell::new(FUEL),
            missing,
        }
    }

    /// Writes a template, and returns its output and the attributes that had nothing to write.
    pub(crate) fn write(mut self, template: Span<Part>) -> (String, Vec<Id<Attribute>>) {
        self.run(template);
        (self.out, self.missing.unwrap_or_default())
    }

    fn run(&mut self, parts: Span<Part>) -> Flow {
        for (_, part) in self.plan.rows(parts) {
            let flow = self.step(&part);
            if flow != Flow::Next {
                return flow;
            }
        }
        Flow::Next
    }

    fn step(&mut self, part: &Part) -> Flow {
        self.spend(1);
        match part.kind {
            PartKind::Text => {
                let text = part.text.map_or("", |text| self.plan.text(text));
                self.spend(text.len() / BYTES);
                self.out.push_str(text);
            }
            PartKind::Output => self.output(part),
            PartKind::If => {
                let holds = part.term.is_some_and(|term| self.get(term).is_true());
                return self.run(if holds { part.body } else { part.other });
            }
            PartKind::For => return self.go_through(part),
            PartKind::Assign => {
                let value = part.term.map(|term| self.own(self.get(term)));
                self.set(part.detail, value);
            }
            PartKind::Capture => {
                let before = core::mem::take(&mut self.out);
                let flow = self.run(part.body);
                let text = core::mem::replace(&mut self.out, before);
                self.set(part.detail, Some(Value::String(text)));
                return flow;
            }
            PartKind::Break => return Flow::Break,
            PartKind::Continue => return Flow::Continue,
        }
        Flow::Next
    }

    fn output(&mut self, part: &Part) {
        let (Some(term), Some(form)) = (part.term, part.escape()) else { return };
        let mut out = core::mem::take(&mut self.out);
        let before = out.len();
        escape(&self.get(term), form, &mut out);
        if self.missing.is_some() {
            // why: recording is free, because explaining a decision must not change its output.
            let fuel = self.fuel.get();
            self.record_missing(term);
            self.fuel.set(fuel);
        }
        if !self.spend(out.len().saturating_sub(before) / BYTES) && form != Escape::Data {
            out.truncate(before);
        }
        self.out = out;
    }

    fn go_through(&mut self, part: &Part) -> Flow {
        let items = match part.term.map(|term| self.own(self.get(term))) {
            Some(Value::Array(items)) if !items.is_empty() => items,
            _ => return self.run(part.other),
        };
        let before = self.set(part.detail, None);
        let length = items.len();
        for (index, item) in items.into_iter().enumerate() {
            if !self.spend(1) {
                break;
            }
            self.set(part.detail, Some(item));
            self.loops.push(LoopRound { index, length });
            let flow = self.run(part.body);
            self.loops.pop();
            if flow == Flow::Break {
                break;
            }
        }
        self.set(part.detail, before);
        Flow::Next
    }

    /// Sets a variable, and returns its former value.
    fn set(&mut self, variable: u32, value: Option<Value>) -> Option<Value> {
        let at = variable as usize;
        if self.variables.len() <= at {
            self.variables.resize(at.saturating_add(1), None);
        }
        self.variables.get_mut(at).and_then(|slot| core::mem::replace(slot, value))
    }

    /// Returns an owned value. A copy costs fuel in proportion to its size.
    fn own(&self, found: Operand<'_>) -> Value {
        match found {
            Operand::Made(value) => value,
            Operand::Seen(view) if self.spend(operand::weight(view)) => view.to_value(),
            Operand::Seen(_) => Value::Null,
        }
    }

    /// Consumes fuel, and returns whether there was enough.
    fn spend(&self, cost: usize) -> bool {
        let left = u32::try_from(cost).ok().and_then(|cost| self.fuel.get().checked_sub(cost));
        self.fuel.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Records the attributes of an expression that have nothing to write.
    fn record_missing(&mut self, id: Id<Expr>) {
        let Some(term) = self.plan.get(id) else { return };
        let nothing = || self.get(id).is_blank(false);
        if term.op == ExprOp::Attribute && nothing() {
            let attribute = Id::new(term.a);
            if let Some(missing) = self.missing.as_mut().filter(|missing| !missing.contains(&attribute)) {
                missing.push(attribute);
            }
        }
        // The first argument is the value that is written; the others are arguments of filters.
        if let Some(first) = self.plan.list_item(term.args, 0) {
            self.record_missing(first);
        }
    }
}
