//! Explanations: a decision and how it came about, from the same evaluation.

mod detail;
pub(crate) mod trace;
mod why_not;

use crate::decide::{Decider, profile_of};
use crate::decision::Decision;
use crate::facts::Facts;
use crate::facts::derived::derive_request;
use crate::json::Value;
use crate::json::canonical::{Members, write_value};
use crate::plan::Plan;
use crate::prelude::*;
use trace::Tracer;

/// A decision and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// The same as [`decide`] gives.
    pub decision: Decision<'a>,
    /// Every candidate of every requested slot with its outcome, and the condition, cap or offer that decided.
    pub trace: Value,
    /// The answer to [`Explanation::why_not`], if that was asked.
    pub answer: Option<Value>,
}

impl Explanation<'_> {
    /// `{"decision": …, "trace": …}` as canonical JSON, with `"whyNot": …` if that was asked.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let mut members = Members::begin(&mut out);
        self.decision.write(members.member("decision"));
        write_value(&self.trace, members.member("trace"));
        if let Some(answer) = &self.answer {
            write_value(answer, members.member("whyNot"));
        }
        members.end();
        out
    }
}

/// Decides as [`decide`] does, by the same evaluation, and tells how it came about.
#[must_use]
pub fn explain<'a>(plan: &'a Plan, facts: &'a Facts) -> Explanation<'a> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let (decision, tracer) = Decider::new(plan, facts, &profile, &request, Some(Tracer::default())).run();
    Explanation { decision, trace: tracer.unwrap_or_default().finish(plan, facts), answer: None }
}
