//! Explanations: a decision and how it was made, from the same evaluation.

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

/// A decision and how it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// The decision, equal to that of [`decide`](fn@crate::decide).
    pub decision: Decision<'a>,
    /// The outcome of every candidate of every requested slot, with the condition, cap or offer that decided.
    pub trace: Value,
    /// The answer to [`Explanation::why_not`], if that was called.
    pub answer: Option<Value>,
}

impl Explanation<'_> {
    /// Returns `{"decision": …, "trace": …}` as canonical JSON, with `"whyNot": …` after [`Explanation::why_not`].
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

/// Decides like [`decide`](fn@crate::decide), and records how the decision was made.
///
/// It runs the same evaluation with a tracer, so the decision is the same. Only the search differs: it does not stop at
/// the winner, so that every candidate is in the trace.
///
/// # Examples
///
/// ```
/// use throughline::{Facts, Plan, explain};
/// # use throughline_compiler::{Options, Source, compile};
///
/// let rules = r#"
///   attributes: { tier: { type: string, edge: true } }
///   policies: { consent: { default: granted } }
///   slots: { home.hero: { pages: ["/"] } }
///   channels: { web: {} }
///   messages:
///     lounge: { renditions: [ { channel: web, html: "<p>The lounge is open.</p>" } ] }
///   campaigns:
///     lounge: { class: service, when: { tier: gold }, slots: { home.hero: lounge } }
/// "#;
/// # let plans = compile(&[Source::new("rules.yaml", rules)], Options::default()).plans.ok_or("mistakes")?;
/// # let bytes = plans.edge;
/// let plan = Plan::load(&bytes)?;
/// let facts = Facts::from_json(r#"{ "now": 1760000000000, "profile": { "subject": "p1" } }"#)?;
///
/// let explanation = explain(&plan, &facts).why_not(&plan, "lounge", Some("home.hero"));
/// let answer = explanation.answer.ok_or("no answer")?;
/// let answer = answer.at(["slots", "home.hero"]);
/// assert_eq!(answer.at(["outcome"]).as_str(), Some("condition_false"));
/// assert_eq!(answer.at(["because", "missing"]).as_str(), Some("tier"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn explain<'a>(plan: &'a Plan, facts: &'a Facts) -> Explanation<'a> {
    let profile = profile_of(plan, facts);
    let request = derive_request(plan, &facts.request, &profile, facts.now);
    let (decision, tracer) = Decider::new(plan, facts, &profile, &request, Some(Tracer::default())).run();
    Explanation { decision, trace: tracer.unwrap_or_default().finish(plan, facts), answer: None }
}
