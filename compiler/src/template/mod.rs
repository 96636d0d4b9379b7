//! Templates: texts in which facts are inserted, each made harmless for the place where it stands. The language is Liquid:
//! <https://shopify.github.io/liquid/>; `docs/templates.md` says what is different here.

mod ast;
mod attribute;
mod block;
mod date;
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
use html::Markup;
use scan::scan;
use scope::VariableScope;

/// The longest text with facts in it, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// The most outputs and tags in one text.
const MAX_OUTPUTS: usize = 1000;
/// Tags and brackets are not nested deeper.
const MAX_NESTING: usize = 16;
/// Values are not nested deeper; a filter is a level.
const MAX_TERM: usize = 48;

/// A text with facts in it.
#[derive(Clone, Debug, Default)]
pub struct Template<'a> {
    /// Its steps in their order.
    pub parts: Vec<Part<'a>>,
    /// The attributes that it reads, or members of attributes.
    pub attributes: Vec<Reference<'a>>,
    /// The attributes that it reads where a variable of the same name has nothing, if there are such attributes.
    pub shadowed: Vec<Reference<'a>>,
    /// The lists that it reads.
    pub lists: Vec<Reference<'a>>,
    /// Whether it reads things of the catalogue by their ids.
    pub catalogue: bool,
    /// The names of fields that it reads.
    pub fields: BTreeSet<&'a str>,
}

/// What is wrong with a piece of a template.
#[derive(Debug)]
pub(crate) struct TemplateError {
    message: String,
    expected: String,
    /// What was found and the names that could be meant.
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

/// A plain text.
pub fn text<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Template<'a>> {
    let mut scope = VariableScope::default();
    let parts = blocks(scan(cursor, cursor.text(out)?, out), &mut scope, out);
    Some(Template::of(scope, parts))
}

/// Markup: facts can stand in text, in quoted attribute values, and in URLs whose beginning is fixed.
pub fn html<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<Template<'a>> {
    let mut scope = VariableScope::default();
    let mut parts = blocks(scan(cursor, cursor.text(out)?, out), &mut scope, out);
    let mut markup = Markup::default();
    walk::html(&mut parts, &mut markup, out);
    if let Err(open) = markup.end() {
        cursor
            .error("markup", format!("the markup {open}"), out)
            .expected("complete elements, so that the page stays intact");
    }
    Some(Template::of(scope, parts))
}
