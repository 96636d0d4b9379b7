//! Page requests: fetch the page, decide, and fill its slots while it streams through.

pub mod origin;
mod personalized_page;
pub mod rewriter;
mod sign_in;

use alloc::rc::Rc;

use futures_util::future::join;
use throughline::{Consent, Decision, Event, EventKind, Facts, Object, Plan, allows_storage, storage_consent};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::error::{Refusal, log};
use crate::platform::js;
use crate::prelude::*;
use crate::refresh::{self, Question};
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
    /// The facts that the decision was made from.
    pub facts: Facts,
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
        return sign_in::pass(context).await;
    }
    let Some(plan) = context.plan() else {
        // Without a plan it is not known whether the page will be filled, so both are fetched at once.
        let (response, plan) = join(origin::fetch(context, Validators::Drop, None), context.plan_or_load()).await;
        let outcome = match plan.and_then(|plan| PageVisit::new(context, plan)) {
            Some(visit) => Some(visit.decide_fresh(context).await),
            None => None,
        };
        return Ok(finish(context, response?, outcome));
    };
    let Some(visit) = PageVisit::new(context, plan) else { return sign_in::pass(context).await };
    let device = visit.named_device(context);
    match visit.ask(context) {
        // The facts are fresh: the decision is made before the fetch, and whether it fills anything tells which
        // validators the origin may see.
        None => {
            let outcome = visit.decide(context);
            let validators = if outcome.is_personal(context) { Validators::Drop } else { Validators::Keep };
            let response = origin::fetch(context, validators, device.as_deref()).await?;
            Ok(finish(context, response, Some(outcome)))
        }
        Some(question) => {
            let response = origin::fetch(context, Validators::Drop, device.as_deref()).await?;
            question.wait(context).await;
            Ok(finish(context, response, Some(visit.decide(context))))
        }
    }
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

/// A page request that the plan may fill or count, before its decision.
struct PageVisit {
    plan: Rc<Plan>,
    visitor: Visitor,
    request: throughline::Request,
    preview: Preview,
}

impl PageVisit {
    /// Returns the visit, or `None` if the plan has nothing for this page, or personalisation is switched off.
    fn new(context: &RequestContext, plan: Rc<Plan>) -> Option<Self> {
        if context.isolate.plans.is_off() {
            return None;
        }
        let preview = Preview::of(context);
        if !preview.has_headers() && !plan.concerns(&page_view(context, &plan, "")) {
            return None;
        }
        let mut visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
        refresh::apply(context, &plan, &mut visitor);
        let request = request_facts::of(&context.incoming, visitor.session);
        Some(Self { plan, visitor, request, preview })
    }

    /// Asks the collector for fresh facts, if that is due.
    fn ask(&self, context: &RequestContext) -> Option<Question> {
        refresh::ask(context, &self.visitor)
    }

    /// Returns the device that the origin may know of.
    fn named_device(&self, context: &RequestContext) -> Option<String> {
        named_device(context, &self.plan, &self.visitor, self.request.clone())
    }

    /// Decides with the facts that are there within `FRESH_WAIT`.
    async fn decide_fresh(self, context: &RequestContext) -> PageOutcome {
        if let Some(question) = self.ask(context) {
            question.wait(context).await;
        }
        self.decide(context)
    }

    /// Decides, once.
    fn decide(self, context: &RequestContext) -> PageOutcome {
        let Self { plan, mut visitor, request, preview } = self;
        refresh::apply(context, &plan, &mut visitor);
        let decided = decide_for_visitor(&plan, visitor, request, context.now, &|decision| {
            vec![page_view(context, &plan, decision)]
        });
        let (mut visitor, decision, facts) = (decided.visitor, decided.decision, decided.facts);
        let view = page_view(context, &plan, &decision.id());
        // A preview is not recorded as a visit.
        let changed = decision.store
            && !preview.is_on()
            && visitor.apply_events(&plan, decision.exposures().iter().chain([&view]), context.now);
        PageOutcome { plan, visitor, decision, view, facts, changed, preview }
    }
}

/// Returns the alias of the browser's credential for the origin, whose servers can then say who this is.
///
/// Nothing is said of a device that is new, unsigned, or refuses to be recognised.
fn named_device(
    context: &RequestContext,
    plan: &Plan,
    visitor: &Visitor,
    request: throughline::Request,
) -> Option<String> {
    if !visitor.is_signed || visitor.is_new {
        return None;
    }
    let facts = Facts { now: context.now, profile: visitor.profile.clone(), request, events: Vec::new() };
    allows_storage(plan, &facts).then(|| visitor.id.clone())
}

/// Returns the page view of this request, as the Segment specification names it, with its addresses as they are recorded.
fn page_view(context: &RequestContext, plan: &Plan, decision: &str) -> Event {
    let address = &context.incoming.address;
    let mut properties = Object::new();
    properties.insert("path", address.path.as_str());
    properties.insert("url", address.url().as_str());
    properties.insert("search", address.search().as_str());
    if let Some(referrer) = context.incoming.header("referer") {
        properties.insert("referrer", referrer.as_str());
    }
    let mut view = Event {
        id: format!("{decision}:page"),
        kind: EventKind::Page,
        name: "Page Viewed".to_owned(),
        at: context.now,
        properties,
        trusted: true,
        ..Event::default()
    };
    view.clean_addresses(plan);
    view
}

impl PageOutcome {
    /// Whether the visitor refuses storage on this device, so that what is stored must go.
    fn refuses_storage(&self) -> bool {
        !self.decision.store && storage_consent(&self.plan, &self.facts) == Consent::Denied
    }

    /// Whether the response is for this visitor alone: a slot is filled, or a cookie must be set or deleted.
    ///
    /// Every other page is served as it came and can be cached for everyone. A visit without a filled slot therefore counts
    /// only where the rules count the views of that page.
    fn is_personal(&self, context: &RequestContext) -> bool {
        let is_stored = self.changed || (self.decision.store && self.visitor.is_refreshed);
        let is_cleared = self.refuses_storage() && context.incoming.cookies.has_any_of_visitor();
        !self.decision.slots.is_empty() || is_stored || is_cleared || self.preview.has_headers()
    }
}

/// Returns the personalised page, or the origin's page if there is nothing personal or it cannot be personalised.
fn finish(context: &RequestContext, response: Response, outcome: Option<PageOutcome>) -> Response {
    let outcome = outcome.filter(|outcome| outcome.is_personal(context) && personalized_page::is_rewritable(&response));
    let Some(outcome) = outcome else { return response };
    personalized_page::respond(context, &response, outcome).unwrap_or_else(|cause| {
        log(&format!("page: {}", js::reason(&cause)));
        response
    })
}
