//! A page request: fetch, decide, and fill the slots while the page streams by.

pub mod origin;
mod personalized_page;
pub mod rewriter;

use alloc::rc::Rc;

use futures_util::future::join;
use throughline::{Decision, Event, EventKind, Object, Plan};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::error::{Refusal, log};
use crate::platform::js;
use crate::prelude::*;
use crate::request::Call;
use crate::visitor::Visitor;
use crate::visitor::context;
use crate::visitor::decide_for_visitor::{learn, settle};
use crate::visitor::preview::Preview;
use origin::Validators;

/// What a page request comes to.
pub struct Outcome {
    /// The plan that decided.
    pub plan: Rc<Plan>,
    /// The visitor, with this page view and its exposures applied.
    pub visitor: Visitor,
    /// What was decided.
    pub decision: Decision<'static>,
    /// That this page was viewed.
    pub view: Event,
    /// The facts about the request.
    pub request: throughline::Request,
    /// Whether the visitor's token changes.
    pub changed: bool,
    /// Whether this is a preview.
    pub preview: Preview,
}

/// The page: with filled slots where that is possible, and else exactly as the origin has it.
pub async fn respond(call: &Call) -> Result<Response, JsValue> {
    match respond_from_origin(call).await {
        Ok(response) => Ok(response),
        Err(cause) => {
            log(&format!("origin: {}", js::reason(&cause)));
            Refusal::new(502, "bad_gateway", "the site cannot be reached").answer()
        }
    }
}

async fn respond_from_origin(call: &Call) -> Result<Response, JsValue> {
    if !may_change(call) {
        return origin::fetch(call, Validators::Keep).await;
    }
    if let Some(plan) = call.plan() {
        // The plan is here, so the decision is made before anything is fetched, and costs no time that a visitor could see.
        let outcome = (!call.edge.plans.is_off()).then(|| decide(call, plan)).filter(Outcome::is_personal);
        let validators = if outcome.is_some() { Validators::Drop } else { Validators::Keep };
        let response = origin::fetch(call, validators).await?;
        return Ok(finish(call, response, outcome));
    }
    let (response, plan) = join(origin::fetch(call, Validators::Drop), call.plan_or_load()).await;
    let plan = plan.filter(|_| !call.edge.plans.is_off());
    let outcome = plan.map(|plan| decide(call, plan)).filter(Outcome::is_personal);
    Ok(finish(call, response?, outcome))
}

/// Whether this request can lead to a page that is not as the origin has it.
fn may_change(call: &Call) -> bool {
    let incoming = &call.incoming;
    let agent = || incoming.header("user-agent").unwrap_or_default();
    incoming.wants_page()
        && incoming.address.param("tl_off").is_none_or(|word| word == "0")
        && !incoming.is_prefetch()
        && !context::is_bot(incoming, &agent())
}

fn decide(call: &Call, plan: Rc<Plan>) -> Outcome {
    let visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    let request = context::of(&call.incoming, visitor.session);
    let settled = settle(&plan, visitor, request, call.now, &|decision| vec![page_view(call, decision)]);
    let (mut visitor, decision, facts) = (settled.visitor, settled.decision, settled.facts);
    let view = page_view(call, &decision.id());
    let preview = Preview::of(call);
    // A preview is nobody's visit.
    let changed = decision.store
        && !preview.is_on()
        && learn(&plan, &mut visitor, decision.exposures().iter().chain([&view]), call.now);
    Outcome { plan, visitor, decision, view, request: facts.request, changed, preview }
}

/// That this page was viewed, in the words of the Segment specification.
fn page_view(call: &Call, decision: &str) -> Event {
    let address = &call.incoming.address;
    let mut properties = Object::new();
    properties.insert("path", address.path.as_str());
    properties.insert("url", address.url().as_str());
    properties.insert("search", address.search().as_str());
    if let Some(referrer) = call.incoming.header("referer") {
        properties.insert("referrer", referrer.as_str());
    }
    Event {
        id: format!("{decision}:page"),
        kind: EventKind::Page,
        name: "Page Viewed".to_owned(),
        at: call.now,
        properties,
        trusted: true,
        ..Event::default()
    }
}

impl Outcome {
    /// Whether the response is for this visitor alone: a slot is filled, or a cookie has to be set.
    ///
    /// Every other page goes out as it came and can be cached by all. So a visit counts without a filled slot only
    /// where the rules count the visits of that page.
    fn is_personal(&self) -> bool {
        !self.decision.slots.is_empty() || self.changed || self.preview.marks()
    }
}

/// The personal page, or the origin's page if anything is in the way.
fn finish(call: &Call, response: Response, outcome: Option<Outcome>) -> Response {
    let Some(outcome) = outcome.filter(|_| personalized_page::is_rewritable(&response)) else { return response };
    personalized_page::answer(call, &response, outcome).unwrap_or_else(|cause| {
        log(&format!("page: {}", js::reason(&cause)));
        response
    })
}
