//! Branches: the values that remain for each variable in one choice of alternatives.

use std::collections::BTreeMap;

use throughline::Millis;

use super::formula::{Literal, Variable};
use super::ranges::Ranges;
use super::values::{Values, times};

/// Literals that cannot hold together.
#[derive(Clone, Debug, Default)]
pub struct Conflict<'f, 'a>(pub Vec<&'f Literal<'a>>);

/// An assignment: the possible values of each variable in one choice of alternatives.
pub type Branch<'f, 'a> = BTreeMap<&'f Variable, Solution<'f, 'a>>;

/// The possible values of a variable.
#[derive(Clone, Debug)]
pub struct Solution<'f, 'a> {
    /// The remaining values.
    pub values: Values,
    /// The literals that restrict them.
    pub literals: Vec<&'f Literal<'a>>,
}

impl<'f, 'a> Conflict<'f, 'a> {
    /// Returns the conflict of all literals of these solutions.
    #[must_use]
    pub fn of(found: &[&Solution<'f, 'a>]) -> Self {
        Self(found.iter().flat_map(|found| found.literals.iter().copied()).collect())
    }

    /// Returns the conflict in words.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.0.iter().map(|literal| literal.said.words()).collect();
        words.dedup();
        match words.as_slice() {
            [] => "none of its alternatives can hold".to_owned(),
            [one] => format!("nothing satisfies {one}"),
            [first @ .., last] => format!("{} and {last} are mutually exclusive", first.join(", ")),
        }
    }
}

/// Returns assertions that exclude each other, though each is satisfiable: an event within an hour is one within a day.
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
            let window = if *within == 0 { Ranges::all() } else { times(Millis::MIN, Millis(*within)) };
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
