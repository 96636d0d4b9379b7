//! Filters.

use super::expression::member;
use super::operand::{Found, is_equal, text};
use super::text::{Bounded, capitalize, replace, split, truncate, truncate_words, uppercase};
use super::{BYTES, Writer, escape, list, number};
use crate::json::Value;
use crate::json::ValueRef;
use crate::json::canonical;
use crate::plan::Id;
use crate::plan::tables::{Expr, Pipe};
use crate::prelude::*;
use crate::text::lowercase;

impl Writer<'_, '_> {
    pub(super) fn filter(&self, term: &Expr) -> Found<'_> {
        let Some(filter) = Pipe::from_number(term.a) else { return Found::NOTHING };
        let input = self.arg(term, 0);
        match filter {
            Pipe::Default => {
                let is_kept = matches!(input.view(), ValueRef::Bool(false)) && self.arg(term, 2).is_true();
                let is_usable = input.is_true() && !input.is_blank(false);
                if is_usable || is_kept { input } else { self.arg(term, 1) }
            }
            Pipe::Plus
            | Pipe::Minus
            | Pipe::Times
            | Pipe::DividedBy
            | Pipe::DividedExactly
            | Pipe::Modulo
            | Pipe::Round
            | Pipe::Floor
            | Pipe::Ceil
            | Pipe::Abs
            | Pipe::AtLeast
            | Pipe::AtMost => {
                let result = number::calculate(filter, input.to_number(), self.arg(term, 1).to_number());
                result.map_or(Found::NOTHING, Found::number)
            }
            // Loops go through lists, and through nothing else.
            Pipe::Window if !matches!(input.view(), ValueRef::List(_)) => Found::NOTHING,
            Pipe::Number | Pipe::Date | Pipe::Json | Pipe::UrlEncode => self.written(filter, term, &input),
            Pipe::Sort
            | Pipe::SortNatural
            | Pipe::Where
            | Pipe::Map
            | Pipe::Uniq
            | Pipe::Compact
            | Pipe::Concat
            | Pipe::Reverse
            | Pipe::Window
            | Pipe::Join
            | Pipe::Sum => self.of_list(filter, term, input),
            Pipe::Slice if matches!(input.view(), ValueRef::List(_)) => self.of_list(filter, term, input),
            _ => self.of_text(filter, term, &input),
        }
    }

    /// What filters make of texts; all others are texts first.
    fn of_text(&self, filter: Pipe, term: &Expr, input: &Found<'_>) -> Found<'_> {
        let text = input.text();
        if !self.spend(text.len() / BYTES) {
            return Found::NOTHING;
        }
        let (first, second) = (self.arg(term, 1), self.arg(term, 2));
        let pair = |a: &str, b: &str| {
            let mut out = Bounded::default();
            out.push(a);
            out.push(b);
            out.finish()
        };
        Found::Made(match filter {
            Pipe::Upcase => Value::String(uppercase(&text)),
            Pipe::Downcase => Value::String(lowercase(&text)),
            Pipe::Capitalize => Value::String(capitalize(&text)),
            Pipe::Strip => Value::from(text.trim()),
            Pipe::Lstrip => Value::from(text.trim_start()),
            Pipe::Rstrip => Value::from(text.trim_end()),
            Pipe::Truncate => Value::String(truncate(&text, first.to_number(), &second.text())),
            Pipe::Truncatewords => Value::String(truncate_words(&text, first.to_number(), &second.text())),
            Pipe::Replace | Pipe::ReplaceFirst => {
                replace(&text, &first.text(), &second.text(), filter == Pipe::ReplaceFirst)
            }
            Pipe::Append => pair(&text, &first.text()),
            Pipe::Prepend => pair(&first.text(), &text),
            Pipe::Split => Value::Array(split(&text, &first.text())),
            Pipe::Slice => Value::String(super::text::slice(&text, first.to_number(), Some(second.to_number()))),
            _ => return Found::NOTHING,
        })
    }

    /// What filters make of lists.
    fn of_list(&self, filter: Pipe, term: &Expr, input: Found<'_>) -> Found<'_> {
        if !self.spend(super::operand::weight(input.view())) {
            return Found::NOTHING;
        }
        let mut items = input.into_items();
        let (first, second) = (self.arg(term, 1), self.arg(term, 2));
        match filter {
            Pipe::Sort => items = list::sort(items, &first, false),
            Pipe::SortNatural => items = list::sort(items, &first, true),
            Pipe::Where => items.retain(|item| {
                let field = member(item.into(), first.view());
                if matches!(second.view(), ValueRef::Null) {
                    Found::Seen(field).is_true()
                } else {
                    is_equal(field, second.view())
                }
            }),
            Pipe::Map => items = items.iter().map(|item| member(item.into(), first.view()).to_value()).collect(),
            Pipe::Uniq => items = list::uniq(items, &first, &|cost| self.spend(cost)),
            Pipe::Compact => items.retain(|item| !matches!(list::field(item, &first), ValueRef::Null)),
            Pipe::Concat => items.extend(first.into_items()),
            Pipe::Reverse => items.reverse(),
            Pipe::Slice | Pipe::Window => {
                let count = (!matches!(second.view(), ValueRef::Null)).then(|| second.to_number());
                items = list::slice(items, first.to_number(), count);
            }
            Pipe::Join => {
                let (mut out, between) = (Bounded::default(), first.text());
                for (place, item) in items.iter().enumerate() {
                    out.push(if place > 0 { &between } else { "" });
                    out.push(&text(item.into()));
                }
                return Found::Made(out.finish());
            }
            Pipe::Sum => {
                let numbers = items.iter().map(|item| Found::Seen(list::field(item, &first)).to_number());
                return Found::number(number::tidy(numbers.sum()));
            }
            _ => {}
        }
        Found::Made(Value::Array(items))
    }

    /// What is written in a form of its own; nothing for what has not that form.
    fn written(&self, filter: Pipe, term: &Expr, input: &Found<'_>) -> Found<'_> {
        let mut out = String::new();
        match (filter, input.view()) {
            (Pipe::Json, view) => {
                if self.spend(super::operand::weight(view)) {
                    out = canonical::to_string(&view.to_value());
                }
            }
            (Pipe::UrlEncode, _) => {
                let words = input.text();
                for (place, word) in words.split(' ').enumerate() {
                    out.push_str(if place > 0 { "+" } else { "" });
                    escape::percent_encode(word, &mut out);
                }
            }
            (Pipe::Date, _) => match (self.wall(input), self.plan.get(Id::new(term.b))) {
                (Some(wall), Some(format)) => self.write_time(wall, &format, &mut out),
                _ => return Found::NOTHING,
            },
            (_, ValueRef::Null | ValueRef::Bool(_) | ValueRef::List(_) | ValueRef::Object(_)) => return Found::NOTHING,
            _ => {
                if let Some(format) = self.plan.get(Id::new(term.b)) {
                    number::write(self.plan, &format, input.to_number(), &mut out);
                }
            }
        }
        Found::Made(Value::String(out))
    }
}
