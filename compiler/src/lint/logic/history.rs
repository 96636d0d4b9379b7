//! Events and time: what conditions say of what happened.
//!
//! The filter of an event is itself read as a condition, so this file and `read` call each other.

use throughline::internals::plan::Op;
use throughline::{Millis, canonical};

use super::formula::{Formula, Variable};
use super::ranges::Ranges;
use super::read::{Conditions, Operand};
use super::solve::{Answer, solve};
use super::values::{Number, Values, times};
use crate::condition::tree::{Bound, History, NumberTest};
use crate::condition::{CounterSpec, When};
use crate::source::tree::Kind;

impl<'a> Conditions<'_, 'a> {
    /// `$event`, of which all of a list have to hold, and `$recency`; the other operators are opaque.
    pub(super) fn history(&self, operand: Operand<'a>, tests: &[History<'a>]) -> Option<Formula<'a>> {
        match tests {
            [History::Recency { counter, ages }] if !is_list(operand) => Some(recency(operand, counter, ages)),
            tests => {
                let parts = tests.iter().map(|test| match test {
                    History::Count { op: Op::Count, counter, count } => Some(self.event(operand, counter, count)),
                    _ => None,
                });
                let mut parts: Vec<_> = parts.collect::<Option<_>>()?;
                if is_list(operand) { Some(Formula::joined(parts, operand.holds)) } else { parts.pop() }
            }
        }
    }

    /// `$event`: how often an event happened.
    fn event(&self, operand: Operand<'a>, counter: &CounterSpec<'a>, count: &NumberTest) -> Formula<'a> {
        let subject = Variable::Count(event_key(counter), counter.within.0);
        let bounds = match count {
            NumberTest::Is(count) => vec![(Op::Eq, *count)],
            NumberTest::Bounds(bounds) => bounds.clone(),
        };
        // An event with impossible properties never happened.
        let is_impossible =
            |filter: &When<'a>| matches!(solve(&[&self.read(filter.condition(), true)]), Answer::Never(_));
        let universe = if counter.filter.as_ref().is_some_and(is_impossible) {
            Ranges::point(Number::new(0.0))
        } else {
            Ranges::above(Number::new(0.0), true)
        };
        let literal = |(op, count): (Op, f64)| {
            let values = Values::numbers(universe.intersect(&whole(op, count, operand.holds)));
            operand.literal(subject.clone(), values)
        };
        Formula::joined(bounds.into_iter().map(literal).collect(), operand.holds)
    }
}

/// `$recency`: the age of the last event; false if there was none.
fn recency<'a>(operand: Operand<'a>, counter: &CounterSpec<'_>, bounds: &[Bound]) -> Formula<'a> {
    let mut ages = Ranges::above(Number::new(0.0), true);
    for (op, age) in bounds {
        let age = Number::new(*age);
        ages = ages.intersect(&match op {
            Op::Lt => Ranges::below(age, false),
            Op::Lte => Ranges::below(age, true),
            Op::Gt => Ranges::above(age, false),
            _ => Ranges::above(age, true),
        });
    }
    let values = if operand.holds {
        Values::numbers(ages)
    } else {
        let others = Ranges::above(Number::new(0.0), true).intersect(&ages.complement());
        Values { null: true, ..Values::numbers(others) }
    };
    operand.literal(Variable::Recency(event_key(counter)), values)
}

/// `$schedule`: now is at or after `from`, and before `until`. One without bounds is opaque.
pub(super) fn schedule<'a>(operand: Operand<'a>, from: Millis, until: Millis) -> Option<Formula<'a>> {
    if operand.source.entries().is_empty() {
        return None;
    }
    let span = times(from, until);
    let values = Values::numbers(if operand.holds { span } else { span.complement() });
    Some(operand.literal(Variable::Now, values))
}

const fn is_list(operand: Operand<'_>) -> bool {
    matches!(operand.source.kind, Kind::List(_))
}

/// Names an event with a filter: events with the same key are counted together.
fn event_key(counter: &CounterSpec<'_>) -> String {
    let filter = counter.filter.as_ref().map(|filter| canonical::to_string(&filter.node().to_value()));
    format!("{} {} {}", counter.event, counter.once, filter.unwrap_or_default())
}

/// The whole numbers that satisfy a comparison, or do not.
fn whole(op: Op, count: f64, holds: bool) -> Ranges<Number> {
    let number = |offset: f64| Number::new(count + offset);
    let others = || Ranges::above(number(-1.0), false).intersect(&Ranges::below(number(1.0), false)).complement();
    match (op, holds) {
        (Op::Ne, true) | (Op::Eq, false) => others(),
        (Op::Lt, true) | (Op::Gte, false) => Ranges::below(number(-1.0), true),
        (Op::Lte, true) | (Op::Gt, false) => Ranges::below(number(0.0), true),
        (Op::Gt, true) | (Op::Lte, false) => Ranges::above(number(1.0), true),
        (Op::Gte, true) | (Op::Lt, false) => Ranges::above(number(0.0), true),
        _ => Ranges::point(number(0.0)),
    }
}
