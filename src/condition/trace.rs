//! The trace of a condition's evaluation, for explanations.

use crate::collections::IdMap;
use crate::json::{Object, Value};
use crate::plan::tables::Segment;
use crate::plan::{Id, Op};
use crate::prelude::*;

/// Records every node with its operand, the fact and the result; or records nothing.
pub(super) struct ConditionTracer {
    /// Whether it records. If so, evaluation continues where the result is already certain, so that every node is
    /// traced.
    pub(super) is_recording: bool,
    open: Vec<Frame>,
    done: Value,
    /// The segments that were traced, and whether they hold.
    // why: each is traced once, because segments of segments could be traced exponentially often.
    segments: IdMap<bool>,
}

struct Frame {
    members: Object,
    children: Vec<Value>,
}

impl ConditionTracer {
    /// Creates a tracer that records, or one that does not.
    pub(super) const fn new(is_recording: bool) -> Self {
        Self { is_recording, open: Vec::new(), done: Value::Null, segments: IdMap::new() }
    }

    /// Returns the recorded tree.
    pub(super) fn finish(self) -> Value {
        self.done
    }

    /// Begins a node.
    #[inline]
    pub(super) fn enter(&mut self, op: Op) {
        if self.is_recording {
            self.begin(op);
        }
    }

    fn begin(&mut self, op: Op) {
        let mut members = Object::new();
        members.insert("op", op.name());
        self.open.push(Frame { members, children: Vec::new() });
    }

    /// Adds a member to the current node.
    #[inline]
    pub(super) fn record(&mut self, name: &'static str, value: impl FnOnce() -> Value) {
        if let Some(frame) = self.open.last_mut() {
            frame.members.insert(name, value());
        }
    }

    /// Replaces the facts that the open nodes have found: a fact may be one of the confidential values.
    #[inline]
    pub(super) fn conceal_found(&mut self) {
        for frame in &mut self.open {
            if frame.members.get("found").is_some() {
                frame.members.insert("found", "confidential");
            }
        }
    }

    /// Returns whether a segment holds, if it was traced.
    pub(super) fn segment(&self, segment: Id<Segment>) -> Option<bool> {
        self.segments.get(segment.0)
    }

    /// Records whether a segment holds.
    pub(super) fn record_segment(&mut self, segment: Id<Segment>, holds: bool) {
        if self.is_recording {
            self.segments.insert(segment.0, holds);
        }
    }

    /// Ends the current node.
    #[inline]
    pub(super) fn leave(&mut self, holds: bool) {
        if self.is_recording {
            self.close(holds);
        }
    }

    fn close(&mut self, holds: bool) {
        let Some(Frame { mut members, children }) = self.open.pop() else { return };
        members.insert("holds", Value::Bool(holds));
        if !children.is_empty() {
            members.insert("of", Value::Array(children));
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Value::Object(members)),
            None => self.done = Value::Object(members),
        }
    }
}
