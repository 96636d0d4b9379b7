//! Events, time and how they hang together: what conditions say of what happened.

use throughline::canonical;

use super::formula::{Assertion, Formula, Literal, Variable};
use super::ranges::Ranges;
use super::read::Conditions;
use super::solve::{Answer, Branch, Conflict, solve};
use super::values::{Number, Values};
use crate::source::tree::{Kind, Node};
use crate::source::{duration, time};

impl<'a> Conditions<'_, 'a> {
    /// `$event`: how often an event happened; of a list, all have to hold.
    pub(super) fn events(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        let Kind::List(items) = &node.kind else { return self.event(node, holds) };
        let parts: Option<Vec<_>> = items.iter().map(|item| self.event(item, holds)).collect();
        Some(Formula::joined(parts?, holds))
    }

    fn event(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        if !has_only(node, &["name", "where", "count", "within"]) {
            return None;
        }
        let filter = node.get("where");
        let within = match node.get("within") {
            Some(within) => duration::parse(within.as_str()?).ok()?.0,
            None => 0,
        };
        let subject = Variable::Count(event_key(node.get("name")?.as_str()?, filter), within);
        let counts = match node.get("count") {
            None => vec![whole("$gte", 1.0, holds)?],
            Some(Node { kind: Kind::Number(count), .. }) => vec![whole("$eq", *count, holds)?],
            Some(Node { kind: Kind::Map(entries), .. }) => {
                let counts = entries.iter().map(|entry| match entry.value.kind {
                    Kind::Number(count) => whole(&entry.key, count, holds),
                    _ => None,
                });
                counts.collect::<Option<_>>()?
            }
            Some(_) => return None,
        };
        // What cannot happen never happened.
        let impossible =
            filter.is_some_and(|filter| matches!(solve(&[&self.read_filter(filter, true)]), Answer::Never(_)));
        let universe = if impossible { Ranges::point(Number::new(0.0)) } else { Ranges::above(Number::new(0.0), true) };
        let said = || Assertion::Written { name: "$event", operator: "", operand: node, negated: !holds };
        let literal = |count: Ranges<Number>| {
            let values = Values::numbers(universe.intersect(&count));
            Formula::Is(Literal { subject: subject.clone(), values, exact: true, said: said() })
        };
        Some(Formula::joined(counts.into_iter().map(literal).collect(), holds))
    }

    /// `$recency`: how long ago an event happened last; false if it never did.
    pub(super) fn recency(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        if !has_only(node, &["event", "where", "$lt", "$lte", "$gt", "$gte"]) {
            return None;
        }
        let mut ages = Ranges::above(Number::new(0.0), true);
        for entry in node.entries().iter().filter(|entry| entry.key.starts_with('$')) {
            let age = millis(duration::parse(entry.value.as_str()?).ok()?.0);
            ages = ages.intersect(&match entry.key.as_str() {
                "$lt" => Ranges::below(age, false),
                "$lte" => Ranges::below(age, true),
                "$gt" => Ranges::above(age, false),
                _ => Ranges::above(age, true),
            });
        }
        let values = if holds {
            Values::numbers(ages)
        } else {
            let others = Ranges::above(Number::new(0.0), true).intersect(&ages.complement());
            Values { null: true, ..Values::numbers(others) }
        };
        let subject = Variable::Recency(event_key(node.get("event")?.as_str()?, node.get("where")));
        let said = Assertion::Written { name: "$recency", operator: "", operand: node, negated: !holds };
        Some(Formula::Is(Literal { subject, values, exact: true, said }))
    }

    /// `$schedule`: now is at or after `from`, and before `until`.
    pub(super) fn schedule(&self, node: &'a Node, holds: bool) -> Option<Formula<'a>> {
        if !has_only(node, &["from", "until", "timezone"]) {
            return None;
        }
        let zone = match node.get("timezone") {
            Some(name) => jiff::tz::TimeZone::get(name.as_str()?).ok()?,
            None => self.rules.defaults.zone.clone(),
        };
        let mut span = Ranges::all();
        if let Some(from) = node.get("from") {
            span = span.intersect(&Ranges::above(millis(time::parse(from.as_str()?, &zone).ok()?.0), true));
        }
        if let Some(until) = node.get("until") {
            span = span.intersect(&Ranges::below(millis(time::parse(until.as_str()?, &zone).ok()?.0), false));
        }
        let values = Values::numbers(if holds { span } else { span.complement() });
        let said = Assertion::Written { name: "$schedule", operator: "", operand: node, negated: !holds };
        Some(Formula::Is(Literal { subject: Variable::Now, values, exact: true, said }))
    }
}

/// Milliseconds as a number.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "times of this epoch are exact; others only have to compare")]
pub const fn millis(millis: i64) -> Number {
    Number::new(millis as f64)
}

fn has_only(node: &Node, keys: &[&str]) -> bool {
    let entries = node.entries();
    !entries.is_empty() && entries.iter().all(|entry| keys.contains(&entry.key.as_str()))
}

/// Names an event with a filter: what has the same key is counted together.
fn event_key(name: &str, filter: Option<&Node>) -> String {
    format!("{name} {}", filter.map(|filter| canonical::to_string(&filter.to_value())).unwrap_or_default())
}

/// The whole numbers that compare so, or do not.
fn whole(operator: &str, count: f64, holds: bool) -> Option<Ranges<Number>> {
    let number = |offset: f64| Number::new(count + offset);
    let others = || Ranges::above(number(-1.0), false).intersect(&Ranges::below(number(1.0), false)).complement();
    Some(match (operator, holds) {
        ("$eq", true) | ("$ne", false) => Ranges::point(number(0.0)),
        ("$ne", true) | ("$eq", false) => others(),
        ("$lt", true) | ("$gte", false) => Ranges::below(number(-1.0), true),
        ("$lte", true) | ("$gt", false) => Ranges::below(number(0.0), true),
        ("$gt", true) | ("$lte", false) => Ranges::above(number(1.0), true),
        ("$gte", true) | ("$lt", false) => Ranges::above(number(0.0), true),
        _ => return None,
    })
}

/// What cannot be true together, though each of it could: what happened within an hour happened within a day.
pub fn contradiction<'f, 'a>(branch: &Branch<'f, 'a>) -> Option<Conflict<'f, 'a>> {
    for (subject, found) in branch {
        let Variable::Count(event, within) = subject else { continue };
        let least = found.values.numbers.least().map_or(0.0, |number| number.get());
        for (other, wider) in branch {
            let Variable::Count(same, span) = other else { continue };
            let greatest = wider.values.numbers.greatest().map_or(f64::INFINITY, |number| number.get());
            if same == event && is_longer(*span, *within) && greatest < least {
                return Some(Conflict::of(&[found, wider]));
            }
        }
        if let Some(last) = branch.get(&Variable::Recency(event.clone())) {
            let window = if *within == 0 { Ranges::all() } else { Ranges::below(millis(*within), false) };
            let must_exist = least >= 1.0;
            if must_exist && last.values.numbers.intersect(&window).is_empty() {
                return Some(Conflict::of(&[found, last]));
            }
            let never = found.values.numbers.greatest().is_some_and(|number| number.get() < 1.0);
            let outside = last.values.numbers.intersect(&window.complement()).is_empty();
            if never && !last.values.null && outside {
                return Some(Conflict::of(&[found, last]));
            }
        }
    }
    None
}

/// Whether a span of time holds another one; 0 is for ever.
const fn is_longer(span: i64, other: i64) -> bool {
    span == 0 || (other != 0 && span >= other)
}
