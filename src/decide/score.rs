//! Scores: numbers that order campaigns of one priority. They never decide whether a campaign is eligible.

use alloc::borrow::Cow;

use crate::decide::Decider;
use crate::json::ValueRef;
use crate::math::{exp, exp2, ln_1p};
use crate::plan::Id;
use crate::plan::tables::{Link, Score, Term, TermFlags, TermKind};
use crate::prelude::*;
use crate::profile::occurrence::{Occurrence, counted};
use crate::time::Millis;

/// A score in whole millionths, so that scores compare equal on every host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub(crate) i64);

impl Micros {
    const ONE: f64 = 1e6;
    /// The greatest distance of a score from 0.
    const MOST: f64 = 1e9;

    /// Rounds to the nearest millionth; NaN is 0.
    pub(crate) fn from_number(number: f64) -> Self {
        let scaled = number.clamp(-Self::MOST, Self::MOST) * Self::ONE;
        Self(if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 } as i64)
    }

    pub(crate) fn number(self) -> f64 {
        self.0 as f64 / Self::ONE
    }
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Returns the score of a campaign; 0 if it has none.
    pub(crate) fn score(&self, score: Option<Id<Score>>) -> Micros {
        let Some(row) = score.and_then(|id| self.plan.get(id)) else { return Micros::default() };
        let terms = self.plan.rows(row.terms).map(|(_, term)| term.weight * self.term(&term));
        let sum = terms.fold(row.bias, |sum, term| sum + term);
        Micros::from_number(match row.link {
            Link::Logistic => 1.0 / (1.0 + exp(-sum)),
            Link::Linear => sum,
        })
    }

    /// Returns the models that contribute to the score, each once.
    pub(crate) fn models(&self, score: Option<Id<Score>>) -> Vec<Cow<'a, str>> {
        let mut models: Vec<Cow<'a, str>> = Vec::new();
        let terms = score.and_then(|id| self.plan.get(id)).into_iter().flat_map(|row| self.plan.rows(row.terms));
        for model in terms.filter_map(|(_, term)| term.model) {
            let model = self.plan.text(model);
            if !models.iter().any(|other| other == model) {
                models.push(model.into());
            }
        }
        models
    }

    fn term(&self, term: &Term) -> f64 {
        let found = match term.kind {
            TermKind::Attribute => term.attribute.and_then(|id| number(self.eval.reading(id).view())),
            TermKind::Count => {
                let after = if term.span.0 == 0 { Millis::MIN } else { self.facts.now.minus(term.span) };
                let count = self.times(term).filter(|at| *at > after).count();
                Some(f64::from(u32::try_from(count).unwrap_or(u32::MAX).min(term.most)))
            }
            TermKind::Decay => self.times(term).last().map(|last| {
                let age = self.facts.now.minus(last);
                exp2(-(age.0 as f64) / term.span.0.max(1) as f64)
            }),
        };
        match found {
            None => term.otherwise,
            Some(found) if term.flags.contains(TermFlags::LOG) => ln_1p(found),
            Some(found) => found,
        }
    }

    /// Returns the times of the events that the term counts, up to now.
    fn times(&self, term: &Term) -> impl Iterator<Item = Millis> {
        let events = term.counter.into_iter().flat_map(|id| counted(self.plan, &self.profile.counters, id));
        events.map(Occurrence::at).filter(|at| *at <= self.facts.now)
    }
}

/// Returns the number of a fact; a boolean is 1 or 0, and other types have none.
fn number(found: ValueRef<'_>) -> Option<f64> {
    match found {
        ValueRef::Number(number) => Some(number),
        ValueRef::Bool(value) => Some(f64::from(u8::from(value))),
        _ => None,
    }
}
