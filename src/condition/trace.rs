//! Who watches an evaluation: nobody, or somebody who will explain it.

use crate::collections::IdMap;
use crate::json::{Object, Value};
use crate::plan::tables::Segment;
use crate::plan::{Id, Op};
use crate::prelude::*;

/// Writes down every node with its operands, what was found, and the result; or watches nothing.
pub(super) struct ConditionTracer {
    /// Whether anybody watches. If so, evaluation goes on where the result is already certain, so that all of it is seen.
    pub(super) watches: bool,
    open: Vec<Frame>,
    done: Value,
    /// The segments that are spelled out, and whether they hold. Each is once: segments of segments would be as many as their ways.
    told: IdMap<bool>,
}

struct Frame {
    notes: Object,
    children: Vec<Value>,
}

impl ConditionTracer {
    /// Somebody who watches, or nobody.
    pub(super) const fn new(watches: bool) -> Self {
        Self { watches, open: Vec::new(), done: Value::Null, told: IdMap::new() }
    }

    /// The tree of everything seen.
    pub(super) fn finish(self) -> Value {
        self.done
    }

    /// A node's evaluation begins.
    #[inline]
    pub(super) fn enter(&mut self, op: Op) {
        if self.watches {
            self.begin(op);
        }
    }

    fn begin(&mut self, op: Op) {
        let mut notes = Object::new();
        notes.insert("op", op.name());
        self.open.push(Frame { notes, children: Vec::new() });
    }

    /// Something about the node that was entered last.
    #[inline]
    pub(super) fn note(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        if let Some(frame) = self.open.last_mut() {
            frame.notes.insert(name, value());
        }
    }

    /// Whether a segment holds, if it is spelled out already.
    pub(super) fn told(&self, segment: Id<Segment>) -> Option<bool> {
        self.told.get(segment.0)
    }

    /// A segment is spelled out.
    pub(super) fn tell(&mut self, segment: Id<Segment>, holds: bool) {
        if self.watches {
            self.told.insert(segment.0, holds);
        }
    }

    /// The evaluation of the node that was entered last ends.
    #[inline]
    pub(super) fn leave(&mut self, holds: bool) {
        if self.watches {
            self.close(holds);
        }
    }

    fn close(&mut self, holds: bool) {
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
