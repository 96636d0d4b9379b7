//! Templates: text with outputs, each escaped for its context.
//!
//! The language is Liquid: <https://shopify.github.io/liquid/>. `docs/templates.md` lists the differences.

mod ast;
mod attribute;
mod block;
mod date;
mod elements;
mod expr;
mod filters;
mod html;
mod json;
mod lex;
pub mod locale;
mod scan;
mod scope;
mod walk;

pub use ast::{Expression, NumberStyle, Part};
pub use date::{DateNames, LocaleFormat, Pattern, Piece};
pub use json::{json, whole_value};

use std::collections::BTreeSet;

use crate::source::cursor::{Cursor, ReadContext, Reference};
use block::blocks;
use scan::scan;
use scope::VariableScope;

/// The maximum size of a template, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// The maximum number of outputs and tags in a template.
const MAX_OUTPUTS: usize = 1000;
/// The maximum nesting of tags and brackets.
const MAX_NESTING: usize = 16;
/// The maximum depth of an expression; a filter is a level.
const MAX_TERM: usize = 48;

/// A template.
#[derive(Clone, Debug, Default)]
pub struct Template<'a> {
    /// Its parts, in order.
    pub parts: Vec<Part<'a>>,
    /// The attributes, or members of attributes, that it reads.
    pub attributes: Vec<Reference<'a>>,
    /// The attributes that it reads while a variable of the same name is unassigned, if such attributes
    /// exist.
    pub shadowed: Vec<Reference<'a>>,
    /// The lists that it reads.
    pub lists: Vec<Reference<'a>>,
    /// Whether it reads items of the catalogue by their ids.
    pub catalogue: bool,
    /// The names of the fields that it reads.
    pub fields: BTreeSet<&'a str>,
}

/// An error in a template.
#[derive(Debug)]
pub(crate) struct TemplateError {
    message: String,
    expected: String,
    /// The unknown name, and the names that could be meant.
    known: Option<(String, Vec<&'static str>)>,
}

impl TemplateError {
    fn new(message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { message: message.into(), expected: expected.into(), known: None }
    }

    fn one_of(message: String, found: &str, known: impl IntoIterator<Item = &'static str>) -> Self {
        Self { message, expected: String::new(), known: Some((found.to_owned(), known.into_iter().collect())) }
    }

    fn too_deep() -> Self {
        Self::new("nested too deeply", "`{% assign %}` for a part of it")
    }

    fn report(self, code: &'static str, cursor: &Cursor<'_>, out: &mut ReadContext<'_>) {
        let found = cursor.error(code, self.message, out);
        match self.known {
            Some((name, known)) => {
                let all = known.join(", ");
                if found.expected_one_of(&name, known).expected.is_none() {
                    found.expected(format!("one of: {all}"));
                }
            }
            None => {
                found.expected(self.expected);
            }
        }
    }
}

impl<'a> Template<'a> {
    fn of(scope: VariableScope<'a>, parts: Vec<Part<'a>>) -> Self {
        let VariableScope { attributes, shadowed, lists, catalogue, fields, .. } = scope;
        Self { parts, attributes, shadowed, lists, catalogue, fields }
    }
}

/// Compiles a template for plain text.
pub fn text<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Template<'a>> {
    let mut scope = VariableScope::default();
    let parts = blocks(scan(cursor, cursor.text(out)?, out), &mut scope, out);
    Some(Template::of(scope, parts))
}

/// Compiles a template for HTML. Outputs are allowed in text, in quoted attribute values, and in URLs with a
/// fixed prefix.
pub fn html<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Template<'a>> {
    let mut scope = VariableScope::default();
    let mut parts = blocks(scan(cursor, cursor.text(out)?, out), &mut scope, out);
    walk::html(cursor, &mut parts, out);
    Some(Template::of(scope, parts))
}
