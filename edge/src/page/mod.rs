//! Page requests: fetch the page, decide, and fill its slots while it streams through.

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
use crate::request::RequestContext;
use crate::visitor::Visitor;
use crate::visitor::decide_for_visitor::decide_for_visitor;
use crate::visitor::preview::Preview;
use crate::visitor::request_facts;
use origin::Validators;

/// The decision about a page request, and all that the response needs.
pub struct PageOutcome {
    /// The plan that the decision was made with.
    pub plan: Rc<Plan>,
    /// The visitor, with this page view and its exposures applied.
    pub visitor: Visitor,
    /// The decision.
    pub decision: Decision<'static>,
    /// The page view.
    pub view: Event,
    /// The facts of the request.
    pub request: throughline::Request,
    /// Whether the visitor's token changes.
    pub changed: bool,
    /// Whether this is a preview.
    pub preview: Preview,
}

/// Responds with the page, its slots filled. If anything fails, the origin's page is served unchanged.
pub async fn respond(context: &RequestContext) -> Result<Response, JsValue> {
    match respond_from_origin(context).await {
        Ok(response) => Ok(response),
        Err(cause) => {
            log(&format!("origin: {}", js::reason(&cause)));
            Refusal::new(502, "bad_gateway", "the site cannot be reached").to_response()
        }
    }
}

async fn respond_from_origin(context: &RequestContext) -> Result<Response, JsValue> {
    if !may_change(context) {
        return origin::fetch(context, Validators::Keep).await;
    }
    if let Some(plan) = context.plan() {
        // The plan is loaded: the decision is made before the fetch, and whether it fills anything tells which validators
        // the origin may see.
        let outcome = (!context.isolate.plans.is_off()).then(|| decide(context, plan)).filter(PageOutcome::is_personal);
        let validators = if outcome.is_some() { Validators::Drop } else { Validators::Keep };
        let response = origin::fetch(context, validators).await?;
        return Ok(finish(context, response, outcome));
    }
    let (response, plan) = join(origin::fetch(context, Validators::Drop), context.plan_or_load()).await;
    let plan = plan.filter(|_| !context.isolate.plans.is_off());
    let outcome = plan.map(|plan| decide(context, plan)).filter(PageOutcome::is_personal);
    Ok(finish(context, response?, outcome))
}

/// Whether the response to this request may differ from the origin's.
fn may_change(context: &RequestContext) -> bool {
    let incoming = &context.incoming;
    let agent = || incoming.header("user-agent").unwrap_or_default();
    incoming.wants_page()
        && incoming.address.param("tl_off").is_none_or(|word| word == "0")
        && !incoming.is_prefetch()
        && !request_facts::is_bot(incoming, &agent())
}

fn decide(context: &RequestContext, plan: Rc<Plan>) -> PageOutcome {
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let request = request_facts::of(&context.incoming, visitor.session);
    let decided =
        decide_for_visitor(&plan, visitor, request, context.now, &|decision| vec![page_view(context, decision)]);
    let (mut visitor, decision, facts) = (decided.visitor, decided.decision, decided.facts);
    let view = page_view(context, &decision.id());
    let preview = Preview::of(context);
    // A preview is not recorded as a visit.
    let changed = decision.store
        && !preview.is_on()
        && visitor.apply_events(&plan, decision.exposures().iter().chain([&view]), context.now);
    PageOutcome { plan, visitor, decision, view, request: facts.request, changed, preview }
}

/// Returns the page view of this request, as the Segment specification names it.
fn page_view(context: &RequestContext, decision: &str) -> Event {
    let address = &context.incoming.address;
    let mut properties = Object::new();
    properties.insert("path", address.path.as_str());
    properties.insert("url", address.url().as_str());
    properties.insert("search", address.search().as_str());
    if let Some(referrer) = context.incoming.header("referer") {
        properties.insert("referrer", referrer.as_str());
    }
    Event {
        id: format!("{decision}:page"),
        kind: EventKind::Page,
        name: "Page Viewed".to_owned(),
        at: context.now,
        properties,
        trusted: true,
        ..Event::default()
    }
}

impl PageOutcome {
    /// Whether the response is for this visitor alone: a slot is filled, or a cookie must be set.
    ///
    /// Every other page is served as it came and can be cached for everyone. A visit without a filled slot therefore counts
    /// only where the rules count the views of that page.
    fn is_personal(&self) -> bool {
        !self.decision.slots.is_empty() || self.changed || self.preview.has_headers()
    }
}

/// Returns the personalised page, or the origin's page if it cannot be personalised.
fn finish(context: &RequestContext, response: Response, outcome: Option<PageOutcome>) -> Response {
    let Some(outcome) = outcome.filter(|_| personalized_page::is_rewritable(&response)) else { return response };
    personalized_page::respond(context, &response, outcome).unwrap_or_else(|cause| {
        log(&format!("page: {}", js::reason(&cause)));
        response
    })
}
