//! Filters: their arguments, and those that are composed of others.

use throughline::Value;
use throughline::internals::plan::tables::TemplateFilter;

use super::TemplateError;
use super::ast::{Expression, NumberStyle};
use super::date::Pattern;
use crate::template::locale::{CURRENCY, is_currency};

/// Each filter, with its minimum and maximum number of arguments.
const FILTERS: [(&str, usize, usize); 49] = [
    ("abs", 0, 0),
    ("append", 1, 1),
    ("at_least", 1, 1),
    ("at_most", 1, 1),
    ("capitalize", 0, 0),
    ("ceil", 0, 0),
    ("compact", 0, 1),
    ("concat", 1, 1),
    ("currency", 0, 1),
    ("date", 1, 1),
    ("default", 1, 1),
    ("divided_by", 1, 1),
    ("downcase", 0, 0),
    ("escape", 0, 0),
    ("escape_once", 0, 0),
    ("first", 0, 0),
    ("floor", 0, 0),
    ("join", 0, 1),
    ("json", 0, 0),
    ("last", 0, 0),
    ("lstrip", 0, 0),
    ("map", 1, 1),
    ("minus", 1, 1),
    ("modulo", 1, 1),
    ("money", 0, 1),
    ("number", 0, 1),
    ("plus", 1, 1),
    ("prepend", 1, 1),
    ("remove", 1, 1),
    ("remove_first", 1, 1),
    ("replace", 2, 2),
    ("replace_first", 2, 2),
    ("reverse", 0, 0),
    ("round", 0, 1),
    ("rstrip", 0, 0),
    ("size", 0, 0),
    ("slice", 1, 2),
    ("sort", 0, 1),
    ("sort_natural", 0, 1),
    ("split", 1, 1),
    ("strip", 0, 0),
    ("sum", 0, 1),
    ("times", 1, 1),
    ("truncate", 0, 2),
    ("truncatewords", 0, 2),
    ("uniq", 0, 1),
    ("upcase", 0, 0),
    ("url_encode", 0, 0),
    ("where", 1, 2),
];

/// The arguments of a filter.
#[derive(Default)]
pub(super) struct Args<'a> {
    pub(super) values: Vec<Expression<'a>>,
    pub(super) named: Vec<(&'a str, Expression<'a>)>,
    /// Whether the last value is a number with a decimal point.
    pub(super) exact: bool,
}

/// Applies a filter to a value.
pub(super) fn apply<'a>(name: &str, input: Expression<'a>, args: Args<'a>) -> Result<Expression<'a>, TemplateError> {
    let Some((_, least, most)) = FILTERS.into_iter().find(|(known, ..)| *known == name) else {
        return Err(TemplateError::one_of(format!("unknown filter `{name}`"), name, FILTERS.map(|(known, ..)| known)));
    };
    let count = args.values.len();
    if !(least..=most).contains(&count) {
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        return Err(TemplateError::new(format!("`{name}` has {count} arguments"), format!("{wanted}, after `:`")));
    }
    let Args { mut values, named, exact } = args;
    let allow_false = allow_false(name, named)?;
    let number = |number: f64| Expression::Constant(Value::Number(number));
    let mut fill = |defaults: &[Expression<'a>]| {
        let missing = defaults.iter().skip(values.len()).cloned();
        values.extend(missing.collect::<Vec<_>>());
    };
    let filter = match name {
        "escape" | "escape_once" => return Ok(input),
        "first" | "last" => return Ok(input.member(Expression::text(name))),
        // As a filter, `size` of nil is 0; as a member, nil has no size.
        "size" => {
            let size = input.member(Expression::text(name));
            return Ok(Expression::Filter(
                TemplateFilter::Default,
                vec![size, Expression::Constant(Value::Number(0.0))],
            ));
        }
        "money" | "currency" => {
            let currency = values.pop().map(|term| literal(name, &term)).transpose()?;
            return money(input, currency);
        }
        "number" => {
            let digits = values.pop().map(|term| digits(&term)).transpose()?;
            return Ok(Expression::Number(Box::new(input), NumberStyle::Plain(digits)));
        }
        "date" => {
            let pattern = values.pop().map(|term| literal(name, &term)).transpose()?.unwrap_or_default();
            return Ok(Expression::Date(Box::new(input), Pattern::read(&pattern)?));
        }
        "default" => {
            fill(&[Expression::Constant(Value::Null)]);
            values.extend(allow_false);
            TemplateFilter::Default
        }
        "remove" => {
            values.push(Expression::text(""));
            TemplateFilter::Replace
        }
        "remove_first" => {
            values.push(Expression::text(""));
            TemplateFilter::ReplaceFirst
        }
        "divided_by" if exact => TemplateFilter::DividedExactly,
        "truncate" => {
            fill(&[number(50.0), Expression::text("...")]);
            TemplateFilter::Truncate
        }
        "truncatewords" => {
            fill(&[number(15.0), Expression::text("...")]);
            TemplateFilter::Truncatewords
        }
        "join" => {
            fill(&[Expression::text(" ")]);
            TemplateFilter::Join
        }
        "slice" => {
            fill(&[number(0.0), number(1.0)]);
            TemplateFilter::Slice
        }
        _ => {
            TemplateFilter::from_name(name).ok_or_else(|| TemplateError::new(format!("unknown filter `{name}`"), ""))?
        }
    };
    values.insert(0, input);
    Ok(Expression::Filter(filter, values))
}

/// Returns the value of `allow_false`, the only named argument.
fn allow_false<'a>(filter: &str, named: Vec<(&str, Expression<'a>)>) -> Result<Option<Expression<'a>>, TemplateError> {
    let mut found = None;
    for (name, value) in named {
        if filter != "default" || name != "allow_false" {
            return Err(TemplateError::new(
                format!("`{filter}` has no argument `{name}`"),
                "`default: \"a text\", allow_false: true`",
            ));
        }
        found = Some(value);
    }
    Ok(found)
}

fn money(input: Expression<'_>, currency: Option<String>) -> Result<Expression<'_>, TemplateError> {
    if let Some(code) = currency.as_deref().filter(|code| !is_currency(code)) {
        return Err(TemplateError::new(format!("`{code}` is not a currency"), CURRENCY));
    }
    Ok(Expression::Number(Box::new(input), NumberStyle::Money(currency)))
}

/// Returns a string that must be constant.
fn literal(filter: &str, term: &Expression<'_>) -> Result<String, TemplateError> {
    match term {
        Expression::Constant(Value::String(text)) => Ok(text.clone()),
        _ => Err(TemplateError::new(format!("`{filter}` takes only a constant"), "a string in quotes")),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
fn digits(term: &Expression<'_>) -> Result<u32, TemplateError> {
    match term {
        Expression::Constant(Value::Number(number)) if (0.0..=10.0).contains(number) && number.fract() == 0.0 => {
            Ok(*number as u32)
        }
        _ => Err(TemplateError::new("`number` takes the number of decimal places", "an integer from 0 to 10")),
    }
}
