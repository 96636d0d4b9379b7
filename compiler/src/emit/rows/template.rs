//! Templates to rows: steps and values, each after those that it is made of.

use std::collections::BTreeMap;

use pure_rust_locales::Locale;
use throughline::Value;
use throughline::internals::plan::tables::{self, DateField, Expected, ExprOp, PartKind, TemplateFilter};
use throughline::internals::plan::{Id, Ids, PlanBuilder, Span};

use crate::rules::Rules;
use crate::template::locale;
use crate::template::{DateNames, Expression, NumberStyle, Part, Pattern, Piece};

/// Writes the templates of one locale.
pub struct Templates<'w, 'a> {
    pub rules: &'w Rules<'a>,
    pub attributes: &'w BTreeMap<String, Id<tables::Attribute>>,
    pub lists: &'w BTreeMap<String, Id<tables::List>>,
    pub plan: &'w mut PlanBuilder,
    /// Whose conventions numbers and dates follow.
    pub locale: Locale,
}

/// A step of a template that does nothing.
const NOTHING: tables::Part =
    tables::Part { kind: PartKind::Text, detail: 0, text: None, term: None, body: Span::empty(), other: Span::empty() };

impl Templates<'_, '_> {
    /// The rows of some steps.
    pub fn parts(&mut self, parts: &[Part<'_>]) -> Span<tables::Part> {
        let rows: Vec<_> = parts.iter().map(|part| self.part(part)).collect();
        self.plan.push_all(rows)
    }

    fn part(&mut self, part: &Part<'_>) -> tables::Part {
        let term = part.term().map(|term| self.term(term));
        let of = |kind: PartKind, detail: u32| tables::Part { kind, detail, term, ..NOTHING };
        match part {
            Part::Text(text) => tables::Part { text: Some(self.plan.text(text)), ..NOTHING },
            Part::Output { escape, .. } => of(PartKind::Output, *escape as u32),
            Part::If { then, other, .. } => {
                tables::Part { body: self.parts(then), other: self.parts(other), ..of(PartKind::If, 0) }
            }
            Part::For { variable, body, other, .. } => {
                tables::Part { body: self.parts(body), other: self.parts(other), ..of(PartKind::For, *variable) }
            }
            Part::Assign(variable, _) => of(PartKind::Assign, *variable),
            Part::Capture { variable, body, .. } => {
                tables::Part { body: self.parts(body), ..of(PartKind::Capture, *variable) }
            }
            Part::Break(_) => of(PartKind::Break, 0),
            Part::Continue(_) => of(PartKind::Continue, 0),
        }
    }

    fn term(&mut self, term: &Expression<'_>) -> Id<tables::Expr> {
        match term {
            Expression::Constant(value) => self.constant(value),
            Expression::Attribute(named) => self.attribute(named.name),
            Expression::Variable(variable, attribute) => {
                let exists = attribute.as_ref().filter(|named| self.rules.attributes.contains_key(named.name));
                let args: Vec<_> = exists.map(|named| self.attribute(named.name)).into_iter().collect();
                self.op(ExprOp::Variable, *variable, 0, &args)
            }
            Expression::Loop(up, field) => self.op(ExprOp::Loop, *up, *field as u32, &[]),
            Expression::List(named) => match self.lists.get(named.name).copied() {
                Some(list) => self.op(ExprOp::List, list.0, 0, &[]),
                None => self.constant(&Value::Null),
            },
            Expression::Filter(filter, args) => self.filter(*filter, 0, args.iter()),
            Expression::Number(of, style) => {
                let numbers = match style {
                    NumberStyle::Plain(digits) => locale::numbers(self.locale, *digits),
                    NumberStyle::Money(currency) => {
                        locale::money(self.locale, currency.as_deref().or(self.rules.defaults.currency))
                    }
                };
                let format = self.numbers(&numbers);
                self.filter(TemplateFilter::Number, format.0, [&**of].into_iter())
            }
            Expression::Date(of, pattern) => {
                let format = self.dates(pattern);
                self.filter(TemplateFilter::Date, format.0, [&**of].into_iter())
            }
            Expression::Op(op, a, args) => {
                let args: Vec<_> = args.iter().map(|arg| self.term(arg)).collect();
                self.op(*op, *a, 0, &args)
            }
        }
    }

    fn op(&mut self, op: ExprOp, a: u32, b: u32, args: &[Id<tables::Expr>]) -> Id<tables::Expr> {
        let args = self.plan.ids(args);
        self.plan.share(tables::Expr { op, a, b, args })
    }

    fn filter<'t, 'n: 't>(
        &mut self,
        filter: TemplateFilter,
        b: u32,
        args: impl Iterator<Item = &'t Expression<'n>>,
    ) -> Id<tables::Expr> {
        let args: Vec<_> = args.map(|arg| self.term(arg)).collect();
        self.op(ExprOp::Filter, filter as u32, b, &args)
    }

    fn constant(&mut self, value: &Value) -> Id<tables::Expr> {
        let constant = crate::condition::constant(self.plan, value);
        self.op(ExprOp::Constant, constant.0, 0, &[])
    }

    /// An attribute, or what stands for it where it has no value, and the members of it.
    fn attribute(&mut self, path: &str) -> Id<tables::Expr> {
        let rules = self.rules;
        let Some((name, members)) = rules.path(path) else { return self.constant(&Value::Null) };
        let row = self.attributes.get(name).copied();
        let (Some(attribute), Some(row)) = (rules.attributes.get(name), row) else {
            return self.constant(&Value::Null);
        };
        let mut term = self.op(ExprOp::Attribute, row.0, expected(attribute.kind) as u32, &[]);
        if let Some(default) = &attribute.default {
            let (default, allow_false) = (self.constant(default), self.constant(&Value::Bool(true)));
            term = self.op(ExprOp::Filter, TemplateFilter::Default as u32, 0, &[term, default, allow_false]);
        }
        for member in members {
            let key = self.constant(&Value::from(member));
            term = self.op(ExprOp::Member, 0, 0, &[term, key]);
        }
        term
    }

    fn numbers(&mut self, numbers: &locale::Numbers) -> Id<tables::NumberFormat> {
        let row = tables::NumberFormat {
            point: self.plan.text(numbers.point),
            group: self.plan.text(numbers.group),
            last_group: numbers.groups.0,
            groups: numbers.groups.1,
            least: numbers.digits.0,
            most: numbers.digits.1,
            before: self.plan.text(&numbers.before),
            after: self.plan.text(&numbers.after),
        };
        self.plan.share(row)
    }

    fn dates(&mut self, pattern: &Pattern) -> Id<tables::DateFormat> {
        let locale = self.locale;
        let pieces = pattern.0.iter().flat_map(|piece| match piece {
            Piece::Own(own) => locale::own(locale, *own),
            other => vec![other.clone()],
        });
        let rows: Vec<_> = pieces.collect::<Vec<_>>().iter().map(|piece| self.date_piece(piece)).collect();
        let pieces = self.plan.push_all(rows);
        self.plan.share(tables::DateFormat { pieces })
    }

    fn date_piece(&mut self, piece: &Piece) -> tables::DatePiece {
        let plain = |field: DateField, names| tables::DatePiece { field, width: 0, fill: '0', names };
        match piece {
            Piece::Text(text) => plain(DateField::Text, self.words(&[text])),
            Piece::Number(field, width, fill) => {
                tables::DatePiece { width: *width, fill: *fill, ..plain(*field, Ids::empty()) }
            }
            Piece::Name(names, is_upper) => {
                let field = match names {
                    DateNames::Months | DateNames::ShortMonths => DateField::Month,
                    DateNames::Weekdays | DateNames::ShortWeekdays => DateField::Weekday,
                    DateNames::Halves => DateField::Half,
                };
                let words = locale::names(self.locale, *names);
                let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
                let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
                plain(field, self.words(if *is_upper { &upper } else { words }))
            }
            // Formats of formats have been taken apart.
            Piece::Own(_) => plain(DateField::Text, Ids::empty()),
        }
    }

    fn words(&mut self, words: &[&str]) -> Ids<tables::Text> {
        let words: Vec<_> = words.iter().map(|word| self.plan.text(word)).collect();
        self.plan.ids(&words)
    }
}

/// Which values an attribute of a declared type can have. Times and versions are texts or numbers.
fn expected(kind: &str) -> Expected {
    match kind {
        "number" => Expected::Number,
        "boolean" => Expected::Boolean,
        "list" => Expected::List,
        "object" => Expected::Object,
        _ => Expected::Text,
    }
}
