//! JSON, strictly as RFC 8259 defines it.

use jsonc_parser::ast::Value;
use jsonc_parser::common::{Range, Ranged as _};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use super::syntax_error::{MAX_DEPTH, SyntaxError};
use crate::source::tree::{Entry, Kind, Node, Span};

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_extended_string_escapes: false,
    allow_non_finite_numbers: false,
};

/// Parses JSON to a tree.
pub(super) fn parse(file: u32, text: &str) -> Result<Node, SyntaxError> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = parse_to_ast(text, &collect, &OPTIONS)
        .map_err(|error| SyntaxError::new(span(file, error.range()), "syntax", lower(&error.kind().to_string())))?;
    match parsed.value {
        Some(value) => node(file, value, 0),
        None => Ok(Node { span: Span { file, start: 0, end: 0 }, kind: Kind::Null }),
    }
}

fn node(file: u32, value: Value<'_>, depth: usize) -> Result<Node, SyntaxError> {
    let span = span(file, value.range());
    if depth > MAX_DEPTH {
        return Err(SyntaxError::too_deep(span));
    }
    let deeper = depth.saturating_add(1);
    let kind = match value {
        Value::NullKeyword(_) => Kind::Null,
        Value::BooleanLit(literal) => Kind::Bool(literal.value),
        Value::NumberLit(literal) => Kind::Number(number(span, literal.value)?),
        Value::StringLit(literal) => Kind::String(literal.value.into_owned()),
        Value::Array(array) => {
            Kind::List(array.elements.into_iter().map(|item| node(file, item, deeper)).collect::<Result<_, _>>()?)
        }
        Value::Object(object) => {
            let entry = |property: jsonc_parser::ast::ObjectProp<'_>| {
                let key_span = self::span(file, property.name.range());
                let key = property.name.into_string();
                Ok(Entry { key, key_span, value: node(file, property.value, deeper)? })
            };
            Kind::Map(object.properties.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { span, kind })
}

fn number(span: Span, literal: &str) -> Result<f64, SyntaxError> {
    let number = literal.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| SyntaxError::new(span, "number", format!("`{literal}` is out of the range of JSON numbers")))
}

fn span(file: u32, range: Range) -> Span {
    let offset = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: offset(range.start), end: offset(range.end) }
}

/// Returns a message with a lower-case first character, as all diagnostics have.
fn lower(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}
