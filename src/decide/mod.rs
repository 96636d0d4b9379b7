//! The decision.
//!
//! Its order is part of the contract:
//!
//! 1. Consent and bots, pending events.
//! 2. For each slot its candidates: eligibility (see `eligibility`), caps of the slot, offer, messages already seen,
//!    experiment, rendition. The best rank fills the slot.
//! 3. The next action.
//!
//! Exposures and the cache variant follow from the decision, and are computed when a host asks for them.

pub(crate) mod candidates;
pub(crate) mod denial;
mod eligibility;
mod experiment;
pub(crate) mod explain;
mod next_action;
mod offer;
pub(crate) mod policy;
mod render;
mod score;
mod slot;

pub use explain::{Explanation, explain};

use alloc::borrow::Cow;

use crate::collections::IdMap;
use crate::collections::SortedMap;
use crate::condition::Evaluator;
use crate::condition::consent::consent;
use crate::decision::reason::Reason;
use crate::decision::{Decision, id_of};
use crate::event::consent::Consent;
use crate::facts::derived::derive_request;
use crate::facts::{Facts, Request};
use crate::json::Value;
use crate::plan::tables::{Offer, Slot, Text};
use crate::plan::{Id, Plan};
use crate::prelude::*;
use crate::profile::Profile;
use crate::reduce::{apply_consent, reduce};
use crate::text::fnv::fnv64a;
use denial::Denial;
use explain::trace::Tracer;

/// Decides the content of the slots and the next action of one subject at one time.
///
/// Pure: equal plan and facts give an equal decision on every host. It cannot fail: a fact that is missing or has the
/// wrong type makes a condition false, and [`explain`] names it.
///
/// # Examples
///
/// A slot with a campaign for gold members:
///
/// ```
/// use throughline::{Facts, Plan, decide};
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
/// let facts = Facts::from_json(
///     r#"{ "now": 1760000000000, "profile": { "subject": "p1", "traits": { "tier": ["gold", 1750000000000, 7] } } }"#,
/// )?;
/// let decision = decide(&plan, &facts);
/// assert_eq!(decision.slots["home.hero"].campaign, "lounge");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn decide<'a>(plan: &'a Plan, facts: &'a Facts) -> Decision<'a> {
    let profile = profile_of(plan, facts);
    Decider::new(plan, facts, &profile, &derive_request(plan, &facts.request, &profile, facts.now), None).run().0
}

/// Returns the profile with the pending events applied.
pub(crate) fn profile_of<'a>(plan: &Plan, facts: &'a Facts) -> Cow<'a, Profile> {
    let mut profile = Cow::Borrowed(&facts.profile);
    for event in &facts.events {
        reduce(plan, profile.to_mut(), event);
    }
    profile
}

/// The state that all parts of one decision share. `'a` is the lifetime of plan and facts, `'p` that of the profile.
pub(crate) struct Decider<'a, 'p> {
    pub(crate) plan: &'a Plan,
    pub(crate) facts: &'a Facts,
    pub(crate) profile: &'p Profile,
    pub(crate) eval: Evaluator<'p>,
    /// Whether a campaign is eligible, for the campaigns of several slots that were checked.
    pub(crate) verdicts: IdMap<Result<(), Denial>>,
    /// The subject's offer of each group that was needed.
    pub(crate) offers: IdMap<Option<Id<Offer>>>,
    /// The recorder of an explanation, if this is one.
    pub(crate) tracer: Option<Tracer>,
    pub(crate) decision: Decision<'a>,
}

impl<'a: 'p, 'p> Decider<'a, 'p> {
    /// Creates a decider. `profile` has all pending events applied, and `request` has all derived facts.
    pub(crate) fn new(
        plan: &'a Plan,
        facts: &'a Facts,
        profile: &'p Profile,
        request: &'p Request,
        tracer: Option<Tracer>,
    ) -> Self {
        let eval = Evaluator::new(plan, profile, request, facts.now);
        let decision = Decision {
            plan: plan.id().into(),
            subject: facts.profile.subject.as_str().into(),
            channel: facts.request.channel.as_deref().unwrap_or("web").into(),
            now: facts.now,
            hash: decision_hash(plan, facts),
            ..Decision::default()
        };
        Self { plan, facts, profile, eval, verdicts: IdMap::new(), offers: IdMap::new(), tracer, decision }
    }

    fn run(mut self) -> (Decision<'a>, Option<Tracer>) {
        let allows = |purpose| is_allowed(self.plan, self.facts, self.profile, purpose);
        self.decision.store = allows(self.plan.settings().store);
        self.decision.measure = allows(self.plan.settings().measure);
        let slots = self.requested_slots();
        if self.facts.request.bot {
            self.leave_empty(&slots, Reason::Bot);
        } else {
            self.decision.reasons = SortedMap::with_capacity(slots.len());
            self.decision.slots = SortedMap::with_capacity(slots.len());
            for slot in &slots {
                self.fill(*slot);
            }
            self.choose_next_action();
        }
        (self.decision, self.tracer)
    }

    /// Returns the slots that the request names, or else the slots of the page with this path.
    fn requested_slots(&self) -> Vec<Id<Slot>> {
        let path = self.eval.request().attributes.get("path").and_then(Value::as_str).unwrap_or("/");
        let asked = |id: &str, row: &Slot| match &self.facts.request.slots {
            Some(names) => names.iter().any(|name| name == id),
            None => row.pages.is_none_or(|pages| self.plan.is_match(pages, path)),
        };
        let rows = self.plan.rows(self.plan.all::<Slot>());
        rows.filter(|(_, row)| asked(self.plan.text(row.id), row)).map(|(id, _)| id).collect()
    }

    fn leave_empty(&mut self, slots: &[Id<Slot>], reason: Reason) {
        let names = slots.iter().filter_map(|id| self.plan.get(*id)).map(|row| self.plan.text(row.id));
        self.decision.reasons.extend(names.map(|name| (name, reason)));
    }
}

/// Returns the id of the decision that [`decide`] makes from these facts, without deciding.
///
/// The id is a hash of the plan's id, the subject, the time and the page. An event of the request can therefore carry
/// the id of the decision that depends on it, and a decision that is recorded twice is counted once.
/// # Examples
///
/// ```
/// use throughline::{Facts, Plan, decide, decision_id};
/// # use throughline_compiler::{Options, Source, compile};
///
/// # let rules = Source::new("rules.json", r#"{ "version": 1, "slots": { "home.hero": {} } }"#);
/// # let sealed = compile(&[rules], Options::default()).plans.ok_or("the rules have mistakes")?;
/// # let bytes = sealed.edge;
/// let plan = Plan::load(&bytes)?;
/// let facts = Facts::from_json(r#"{ "now": 1760000000000, "profile": { "subject": "p1" } }"#)?;
/// assert_eq!(decision_id(&plan, &facts), decide(&plan, &facts).id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn decision_id(plan: &Plan, facts: &Facts) -> String {
    id_of(decision_hash(plan, facts))
}

/// Returns [`Decision::store`] of the decision that [`decide`] makes from these facts, without deciding.
///
/// It depends on consent and on [`Request::bot`] alone, so only the consent of the pending events is applied.
#[must_use]
pub fn allows_storage(plan: &Plan, facts: &Facts) -> bool {
    !facts.request.bot && storage_consent(plan, facts) == Consent::Granted
}

/// Returns the state of consent to storage on the device, which tells a refusal from a question that is pending.
///
/// Storage that needs no consent is granted.
#[must_use]
pub fn storage_consent(plan: &Plan, facts: &Facts) -> Consent {
    let Some(purpose) = plan.settings().store else { return Consent::Granted };
    let mut profile = Cow::Borrowed(&facts.profile);
    for event in facts.events.iter().filter(|event| !event.consent.is_empty()) {
        apply_consent(plan, profile.to_mut(), event);
    }
    consent(plan, &facts.request, &profile, facts.now, plan.text(purpose))
}

/// Checks that a purpose is granted, if the plan names one. Bots are never granted anything.
fn is_allowed(plan: &Plan, facts: &Facts, profile: &Profile, purpose: Option<Id<Text>>) -> bool {
    let Facts { request, now, .. } = facts;
    let granted = |purpose| consent(plan, request, profile, *now, plan.text(purpose)) == Consent::Granted;
    !request.bot && purpose.is_none_or(granted)
}

fn decision_hash(plan: &Plan, facts: &Facts) -> u64 {
    let now = facts.now.0.to_string();
    let url = facts.request.attributes.get("url").or_else(|| facts.request.attributes.get("path"));
    let page = url.and_then(Value::as_str).unwrap_or_default();
    fnv64a([plan.id(), facts.profile.subject.as_str(), now.as_str(), page])
}
