//! Applies the filters of a template.

use super::expression::member;
use super::operand::{Operand, is_equal, text};
use super::text::{Bounded, capitalize, replace, split, truncate, truncate_words, uppercase};
use super::{BYTES, TemplateWriter, escape, list, number};
use crate::json::Value;
use crate::json::ValueRef;
use crate::json::canonical;
use crate::plan::Id;
use crate::plan::tables::{Expr, TemplateFilter};
use crate::prelude::*;
use crate::text::lowercase;

impl TemplateWriter<'_, '_> {
    pub(super) fn filter(&self, term: &Expr, filter: TemplateFilter) -> Operand<'_> {
        let input = self.arg(term, 0);
        match filter {
            TemplateFilter::Default => {
                let is_kept = matches!(input.view(), ValueRef::Bool(false)) && self.arg(term, 2).is_true();
                let is_usable = input.is_true() && !input.is_blank(false);
                if is_usable || is_kept { input } else { self.arg(term, 1) }
            }
            TemplateFilter::Plus
            | TemplateFilter::Minus
            | TemplateFilter::Times
            | TemplateFilter::DividedBy
            | TemplateFilter::DividedExactly
            | TemplateFilter::Modulo
            | TemplateFilter::Round
            | TemplateFilter::Floor
            | TemplateFilter::Ceil
            | TemplateFilter::Abs
            | TemplateFilter::AtLeast
            | TemplateFilter::AtMost => {
                let result = number::calculate(filter, input.to_number(), self.arg(term, 1).to_number());
                result.map_or(Operand::NOTHING, Operand::number)
            }
            // A window belongs to a loop, and loops take lists only.
            TemplateFilter::Window if !matches!(input.view(), ValueRef::List(_)) => Operand::NOTHING,
            TemplateFilter::Number | TemplateFilter::Date | TemplateFilter::Json | TemplateFilter::UrlEncode => {
                self.written(filter, term, &input)
            }
            TemplateFilter::Sort
            | TemplateFilter::SortNatural
            | TemplateFilter::Where
            | TemplateFilter::Map
            | TemplateFilter::Uniq
            | TemplateFilter::Compact
            | TemplateFilter::Concat
            | TemplateFilter::Reverse
            | TemplateFilter::Window
            | TemplateFilter::Join
            | TemplateFilter::Sum => self.of_list(filter, term, input),
            TemplateFilter::Slice if matches!(input.view(), ValueRef::List(_)) => self.of_list(filter, term, input),
            _ => self.of_text(filter, term, &input),
        }
    }

    /// Applies a string filter; other values are converted first.
    fn of_text(&self, filter: TemplateFilter, term: &Expr, input: &Operand<'_>) -> Operand<'_> {
        let text = input.text();
        if !self.spend(text.len() / BYTES) {
            return Operand::NOTHING;
        }
        let (first, second) = (self.arg(term, 1), self.arg(term, 2));
        let pair = |a: &str, b: &str| {
            let mut out = Bounded::default();
            out.push(a);
            out.push(b);
            out.finish()
        };
        Operand::Made(match filter {
            TemplateFilter::Upcase => Value::String(uppercase(&text)),
            TemplateFilter::Downcase => Value::String(lowercase(&text)),
            TemplateFilter::Capitalize => Value::String(capitalize(&text)),
            TemplateFilter::Strip => Value::from(text.trim()),
            TemplateFilter::Lstrip => Value::from(text.trim_start()),
            TemplateFilter::Rstrip => Value::from(text.trim_end()),
            TemplateFilter::Truncate => Value::String(truncate(&text, first.to_number(), &second.text())),
            TemplateFilter::Truncatewords => Value::String(truncate_words(&text, first.to_number(), &second.text())),
            TemplateFilter::Replace | TemplateFilter::ReplaceFirst => {
                replace(&text, &first.text(), &second.text(), filter == TemplateFilter::ReplaceFirst)
            }
            TemplateFilter::Append => pair(&text, &first.text()),
            TemplateFilter::Prepend => pair(&first.text(), &text),
            TemplateFilter::Split => Value::Array(split(&text, &first.text())),
            TemplateFilter::Slice => {
                Value::String(super::text::slice(&text, first.to_number(), Some(second.to_number())))
            }
            _ => return Operand::NOTHING,
        })
    }

    /// Applies a list filter.
    fn of_list(&self, filter: TemplateFilter, term: &Expr, input: Operand<'_>) -> Operand<'_> {
        if !self.spend(super::operand::weight(input.view())) {
            return Operand::NOTHING;
        }
        let mut items = input.into_items();
        let (first, second) = (self.arg(term, 1), self.arg(term, 2));
        match filter {
            TemplateFilter::Sort => items = list::sort(items, &first, false),
            TemplateFilter::SortNatural => items = list::sort(items, &first, true),
            TemplateFilter::Where => items.retain(|item| {
                let field = member(item.into(), first.view());
                if matches!(second.view(), ValueRef::Null) {
                    Operand::Seen(field).is_true()
                } else {
                    is_equal(field, second.view())
                }
            }),
            TemplateFilter::Map => {
                items = items.iter().map(|item| member(item.into(), first.view()).to_value()).collect()
            }
            TemplateFilter::Uniq => items = list::uniq(items, &first, &|cost| self.spend(cost)),
            TemplateFilter::Compact => items.retain(|item| !matches!(list::field(item, &first), ValueRef::Null)),
            TemplateFilter::Concat => items.extend(first.into_items()),
            TemplateFilter::Reverse => items.reverse(),
            TemplateFilter::Slice | TemplateFilter::Window => {
                let count = (!matches!(second.view(), ValueRef::Null)).then(|| second.to_number());
                items = list::slice(items, first.to_number(), count);
            }
            TemplateFilter::Join => {
                let (mut out, between) = (Bounded::default(), first.text());
                for (index, item) in items.iter().enumerate() {
                    out.push(if index > 0 { &between } else { "" });
                    out.push(&text(item.into()));
                }
                return Operand::Made(out.finish());
            }
            TemplateFilter::Sum => {
                let numbers = items.iter().map(|item| Operand::Seen(list::field(item, &first)).to_number());
                return Operand::number(number::tidy(numbers.sum()));
            }
            _ => {}
        }
        Operand::Made(Value::Array(items))
    }

    /// Applies a filter that formats its input; nil if the input does not have the required type.
    fn written(&self, filter: TemplateFilter, term: &Expr, input: &Operand<'_>) -> Operand<'_> {
        let mut out = String::new();
        match (filter, input.view()) {
            (TemplateFilter::Json, view) => {
                if self.spend(super::operand::weight(view)) {
                    out = canonical::to_string(&view.to_value());
                }
            }
            (TemplateFilter::UrlEncode, _) => {
                let words = input.text();
                for (index, word) in words.split(' ').enumerate() {
                    out.push_str(if index > 0 { "+" } else { "" });
                    escape::percent_encode(word, &mut out);
                }
            }
            (TemplateFilter::Date, _) => match (self.wall(input), self.plan.get(Id::new(term.b))) {
                (Some(wall), Some(format)) => self.write_time(wall, &format, &mut out),
                _ => return Operand::NOTHING,
            },
            (_, ValueRef::Null | ValueRef::Bool(_) | ValueRef::List(_) | ValueRef::Object(_)) => {
                return Operand::NOTHING;
            }
            _ => {
                if let Some(format) = self.plan.get(Id::new(term.b)) {
                    number::write(self.plan, &format, input.to_number(), &mut out);
                }
            }
        }
        Operand::Made(Value::String(out))
    }
}
