//! Who watches an evaluation: nobody, or somebody who will explain it.

use crate::value::{Object, Value};

/// Watches an evaluation.
pub(super) trait Visitor {
    /// Whether anybody watches. If so, evaluation goes on where the result is already certain, so that all of it is seen.
    const ON: bool;
    /// A node's evaluation begins.
    fn enter(&mut self, op: &'static str);
    /// Something about the node that was entered last.
    fn note(&mut self, name: &'static str, value: impl FnOnce() -> Value);
    /// The evaluation of the node that was entered last ends.
    fn leave(&mut self, holds: bool);
}

/// Nobody watches; the compiler removes all of it.
pub(super) struct Silent;

impl Visitor for Silent {
    const ON: bool = false;
    fn enter(&mut self, _: &'static str) {}
    fn note(&mut self, _: &'static str, _: impl FnOnce() -> Value) {}
    fn leave(&mut self, _: bool) {}
}

/// Writes down every node with its operands, what was found, and the result.
#[derive(Default)]
pub(super) struct Tracer {
    open: Vec<Frame>,
    done: Value,
}

struct Frame {
    notes: Object,
    children: Vec<Value>,
}

impl Tracer {
    /// The tree of everything seen.
    pub(super) fn finish(self) -> Value {
        self.done
    }
}

impl Visitor for Tracer {
    const ON: bool = true;

    fn enter(&mut self, op: &'static str) {
        let mut notes = Object::new();
        notes.insert("op", op);
        self.open.push(Frame { notes, children: Vec::new() });
    }

    fn note(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        if let Some(frame) = self.open.last_mut() {
            frame.notes.insert(name, value());
        }
    }

    fn leave(&mut self, holds: bool) {
        let Some(Frame { mut notes, children }) = self.open.pop() else { return };
        notes.insert("holds", Value::Bool(holds));
        if !children.is_empty() {
            notes.insert("of", Value::Array(children));
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Value::Object(notes)),
            None => self.done = Value::Object(notes),
        }
    }
}
