//! Schemas of slots, and the check of a rendition's data against them.

use throughline::Value;
use throughline::internals::plan::tables::TemplateFilter;

use crate::rules::Rules;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::{Kind, Node};
use crate::template::{Expression, whole_value};

/// The types of a scalar value.
const TYPES: [&str; 3] = ["string", "number", "boolean"];
/// The expected form of a schema.
const EXPECTED: &str =
    "`string`, `number`, `boolean`, a list of one schema, or a map of schemas; a key such as `name?` is optional";

/// Reports an invalid schema.
pub fn check(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) {
    match &cursor.node.kind {
        Kind::String(text) if TYPES.contains(&text.as_str()) => {}
        Kind::Map(entries) => entries.iter().for_each(|entry| check(&cursor.member(entry), out)),
        Kind::List(items) if items.len() == 1 => cursor.list(out).iter().for_each(|item| check(item, out)),
        _ => {
            cursor.error("schema", "not a valid schema", out).expected(EXPECTED);
        }
    }
}

/// Checks data against a schema. Reports missing fields, unknown fields and wrong types.
pub fn hold(shape: &Node, data: &Cursor<'_>, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    match (&shape.kind, &data.node.kind) {
        (Kind::Map(fields), Kind::Map(entries)) => {
            let name = |key: &str| key.strip_suffix('?').unwrap_or(key).to_owned();
            for field in fields {
                match entries.iter().find(|entry| entry.key == name(&field.key)) {
                    Some(entry) => hold(&field.value, &data.member(entry), rules, out),
                    None if field.key.ends_with('?') => {}
                    None => {
                        data.error("schema", format!("the slot's schema requires the field `{}`", field.key), out)
                            .expected("the field");
                    }
                }
            }
            for entry in entries.iter().filter(|entry| !fields.iter().any(|field| name(&field.key) == entry.key)) {
                let known: Vec<String> = fields.iter().map(|field| name(&field.key)).collect();
                let message = format!("the slot's schema has no field `{}`", entry.key);
                let found = out.diagnostics.error(entry.key_span, &data.member(entry).path, "schema", message);
                found.expected_one_of(&entry.key, known.iter().map(String::as_str));
            }
        }
        (Kind::List(of), Kind::List(_)) => {
            for item in data.list(out) {
                of.iter().for_each(|shape| hold(shape, &item, rules, out));
            }
        }
        (Kind::String(wanted), found) => {
            let kind = match found {
                Kind::Number(_) => Some("number"),
                Kind::Bool(_) => Some("boolean"),
                Kind::String(text) => match whole_value(data, text, out) {
                    Some(term) => kind_of(&term, rules),
                    None => Some("string"),
                },
                _ => None,
            };
            if kind != Some(wanted.as_str()) {
                let message = format!("the slot's schema requires a {wanted} here in every case");
                let expected =
                    format!("a {wanted}, or a value of that type with a default, such as {}", example(wanted));
                data.error("schema", message, out).expected(expected);
            }
        }
        _ => {
            let message =
                format!("the slot's schema requires {} here, but this is {}", shape.kind_name(), data.node.kind_name());
            data.error("schema", message, out).expected("data that matches the slot's `schema`");
        }
    }
}

fn example(kind: &str) -> &'static str {
    match kind {
        "number" => "`\"{{ stars | default: 0 | json }}\"`",
        "boolean" => "`\"{{ open | default: false | json }}\"`",
        _ => "`\"{{ firstName }}\"`",
    }
}

/// Returns the type that the value of an expression always has, or `None` if the type varies.
fn kind_of(term: &Expression<'_>, rules: &Rules<'_>) -> Option<&'static str> {
    match term {
        Expression::Constant(Value::Number(_)) => Some("number"),
        Expression::Constant(Value::Bool(_)) => Some("boolean"),
        Expression::Constant(Value::String(_)) => Some("string"),
        Expression::Attribute(named) => {
            let attribute = rules.attributes.get(named.name)?;
            attribute.default.as_ref().map(|_| attribute.kind)
        }
        Expression::Filter(TemplateFilter::Default, args) => {
            let fallback = kind_of(args.get(1)?, rules)?;
            let kind = match args.first()? {
                Expression::Attribute(named) => rules.attributes.get(named.name)?.kind,
                other => kind_of(other, rules)?,
            };
            (kind == fallback).then_some(fallback)
        }
        Expression::Filter(
            TemplateFilter::Plus
            | TemplateFilter::Minus
            | TemplateFilter::Times
            | TemplateFilter::Round
            | TemplateFilter::Floor
            | TemplateFilter::Ceil
            | TemplateFilter::Abs
            | TemplateFilter::AtLeast
            | TemplateFilter::AtMost
            | TemplateFilter::Sum,
            _,
        ) => Some("number"),
        _ => None,
    }
}
