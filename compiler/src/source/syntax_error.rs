//! Syntax errors of YAML and JSON.

use crate::source::tree::Span;

/// The maximum depth of maps and lists.
pub(super) const MAX_DEPTH: usize = 64;

/// The reason why a file has no tree.
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) expected: Option<&'static str>,
}

impl SyntaxError {
    pub(super) fn new(span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Self { span, code, message: message.into(), expected: None }
    }

    pub(super) fn expected(self, expected: &'static str) -> Self {
        Self { expected: Some(expected), ..self }
    }

    pub(super) fn too_deep(span: Span) -> Self {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        Self::new(span, "too-deep", message).expected("less nesting; a segment can hold part of a condition")
    }
}
