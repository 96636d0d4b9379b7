//! Estimates of the longest text that a template can render.

use std::collections::BTreeMap;

use throughline::Value;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::tables::{ExprOp, TemplateFilter};

use super::Linter;
use super::loop_items::LoopItems;
use crate::template::{Expression, Part, Template};

/// The assumed length of an attribute's value if nothing is known about it.
const ASSUMED: usize = 20;
/// The length at which an estimate stops, because every limit is lower.
const ENOUGH: usize = 1 << 16;

/// The longest text of a template.
#[derive(Debug, Default)]
pub struct Estimate {
    /// The text with the longest values, and without the parts of unbounded length.
    pub text: String,
    /// The parts of unbounded length.
    pub endless: Vec<String>,
    /// The values whose length is assumed.
    assumed: Vec<String>,
}

impl Estimate {
    /// Estimates the longest text of a template.
    pub fn of<'r>(linter: &Linter<'r, '_>, template: &'r Template<'_>) -> Self {
        let mut estimator = Estimator { linter, loops: BTreeMap::new(), found: Self::default() };
        let text = estimator.parts(&template.parts);
        Self { text, ..estimator.found }
    }

    /// Returns the assumptions, in words that follow the length.
    pub fn assumption(&self) -> String {
        match self.assumed.as_slice() {
            [] => String::new(),
            names => format!(", assuming {ASSUMED} characters for {}", names.join(", ")),
        }
    }
}

struct Estimator<'l, 'r, 'a> {
    linter: &'l Linter<'r, 'a>,
    /// The items of the enclosing loops, by the number of the variable.
    loops: BTreeMap<u32, LoopItems<'r>>,
    found: Estimate,
}

impl<'r> Estimator<'_, 'r, '_> {
    /// Returns the longest text that parts can render.
    fn parts(&mut self, parts: &'r [Part<'_>]) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Output { term, source, .. } => text.push_str(&self.output(term, source.name)),
                Part::If { then, other, .. } => {
                    let ways = [self.parts(then), self.parts(other)];
                    text.push_str(&longest(ways));
                }
                Part::For { variable, list, body, other, source } => {
                    let items = LoopItems::of(self.linter, list);
                    let rounds = items.most;
                    self.loops.insert(*variable, items);
                    let round = self.parts(body);
                    self.loops.remove(variable);
                    if rounds.is_none() {
                        note(source.name, &mut self.found.endless);
                    }
                    let ways = [repeated(&round, rounds.unwrap_or(0)), self.parts(other)];
                    text.push_str(&longest(ways));
                }
                Part::Assign(..) | Part::Capture { .. } | Part::Break(_) | Part::Continue(_) => {}
            }
        }
        text
    }

    fn output(&mut self, term: &'r Expression<'_>, source: &str) -> String {
        if self.is_endless(term) {
            note(source, &mut self.found.endless);
            return String::new();
        }
        let values = self.values(term).unwrap_or_else(|| {
            note(source, &mut self.found.assumed);
            vec!["x".repeat(ASSUMED)]
        });
        longest(values)
    }

    /// Returns whether the value is a list of unknown length.
    fn is_endless(&self, term: &Expression<'_>) -> bool {
        match term {
            Expression::Attribute(named) => {
                self.linter.rules.attributes.get(named.name).is_some_and(|attribute| attribute.kind == "list")
            }
            Expression::Filter(TemplateFilter::Truncate | TemplateFilter::Truncatewords | TemplateFilter::Sum, _) => {
                false
            }
            Expression::Filter(TemplateFilter::Join, args) => {
                args.first().is_some_and(|list| LoopItems::of(self.linter, list).most.is_none())
            }
            Expression::Filter(_, args) => args.first().is_some_and(|of| self.is_endless(of)),
            _ => false,
        }
    }

    /// Returns the strings that a value can have, if they are known.
    fn values(&self, term: &'r Expression<'_>) -> Option<Vec<String>> {
        match term {
            Expression::Constant(value) => Some(vec![ValueRef::from(value).to_text().into_owned()]),
            Expression::Attribute(named) => {
                let known = self.linter.rules.attributes.get(named.name)?;
                match known.kind {
                    "boolean" => Some(vec!["false".to_owned()]),
                    _ => Some(known.values.clone()).filter(|values| !values.is_empty()),
                }
            }
            Expression::Loop(..) => Some(vec!["100".to_owned()]),
            Expression::Op(ExprOp::Member, _, args) => match args.as_slice() {
                [Expression::Variable(variable, None), Expression::Constant(Value::String(field))] => {
                    self.loops.get(variable)?.texts(field)
                }
                _ => None,
            },
            Expression::Filter(TemplateFilter::Default, terms) => {
                let all: Option<Vec<_>> = terms.iter().map(|term| self.values(term)).collect();
                Some(all?.concat())
            }
            Expression::Filter(TemplateFilter::Truncate, args) => {
                let [of, Expression::Constant(Value::Number(most)), ..] = args.as_slice() else { return None };
                let cut = |text: &str| text.chars().take(usize_of(*most)).collect();
                let known = self.values(of).unwrap_or_else(|| vec!["x".repeat(usize_of(*most).min(ENOUGH))]);
                Some(known.iter().map(|text| cut(text)).collect())
            }
            Expression::Filter(TemplateFilter::Join, args) => {
                let [list, between] = args.as_slice() else { return None };
                let items = LoopItems::of(self.linter, list);
                let item = longest(items.texts(items.field?)?);
                let round = format!("{item}{}", longest(self.values(between)?));
                Some(vec![repeated(&round, items.most?)])
            }
            _ => None,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number below zero becomes zero")]
const fn usize_of(number: f64) -> usize {
    number as usize
}

fn longest(texts: impl IntoIterator<Item = String>) -> String {
    texts.into_iter().max_by_key(String::len).unwrap_or_default()
}

/// Repeats a string, up to the length at which an estimate stops.
fn repeated(text: &str, times: usize) -> String {
    let enough = ENOUGH.checked_div(text.len()).unwrap_or(0).saturating_add(1);
    text.repeat(times.min(enough))
}

fn note(name: &str, names: &mut Vec<String>) {
    let name = format!("`{name}`");
    if !names.contains(&name) {
        names.push(name);
    }
}
