//! The items that loops and filters of templates iterate over, as far as the rules determine them.

use throughline::internals::plan::tables::{ExprOp, TemplateFilter};
use throughline::{Object, Value};

use super::Linter;
use crate::template::Expression;

/// The maximum number of items of a range.
const MAX_RANGE: f64 = 1_000.0;

/// The items of a loop.
#[derive(Clone, Debug, Default)]
pub struct LoopItems<'r> {
    /// The maximum number of items; `None` if it is unknown.
    pub most: Option<usize>,
    /// The list of the rules that supplies them, and the fields of each of its items.
    pub list: Option<(&'r str, Vec<&'r Object>)>,
    /// The field that replaces each item.
    pub field: Option<&'r str>,
}

impl<'r> LoopItems<'r> {
    /// Determines the items of a template's value.
    pub fn of(linter: &Linter<'r, '_>, term: &'r Expression<'_>) -> Self {
        match term {
            Expression::List(named) => Self::for_list(linter, named.name),
            Expression::Op(ExprOp::Range, _, ends) => Self { most: range(ends), ..Self::default() },
            Expression::Filter(TemplateFilter::Window | TemplateFilter::Slice, args) => match args.as_slice() {
                [of, _, count] => Self::of(linter, of).cut(number(count)),
                _ => Self::default(),
            },
            Expression::Filter(TemplateFilter::Map, args) => match args.as_slice() {
                [of, Expression::Constant(Value::String(field))] => Self { field: Some(field), ..Self::of(linter, of) },
                _ => Self::default(),
            },
            Expression::Filter(
                TemplateFilter::Reverse
                | TemplateFilter::Sort
                | TemplateFilter::SortNatural
                | TemplateFilter::Uniq
                | TemplateFilter::Compact
                | TemplateFilter::Where,
                args,
            ) => args.first().map(|of| Self::of(linter, of)).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    fn for_list(linter: &Linter<'r, '_>, name: &str) -> Self {
        let (Some((id, ids)), Some(list)) = (linter.needs.lists.get_key_value(name), linter.rules.lists.get(name))
        else {
            return Self::default();
        };
        let items: Vec<&Object> = ids.iter().filter_map(|id| Some(&linter.rules.catalogue.get(id)?.fields)).collect();
        Self { most: Some(items.len().min(list.limit as usize)), list: Some((id, items)), field: None }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number below zero becomes zero")]
    fn cut(self, count: Option<f64>) -> Self {
        let count = count.map(|count| count as usize);
        Self { most: self.most.into_iter().chain(count).min(), ..self }
    }

    /// Returns the strings of a field, if the items are known.
    pub fn texts(&self, field: &str) -> Option<Vec<String>> {
        let (_, items) = self.list.as_ref()?;
        let text = |item: &&Object| {
            item.get(field).map(|value| throughline::internals::json::ValueRef::from(value).to_text().into_owned())
        };
        Some(items.iter().filter_map(text).collect())
    }
}

fn number(term: &Expression<'_>) -> Option<f64> {
    match term {
        Expression::Constant(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1000")]
fn range(ends: &[Expression<'_>]) -> Option<usize> {
    let [from, to] = ends else { return None };
    Some((number(to)? - number(from)? + 1.0).clamp(0.0, MAX_RANGE) as usize)
}
