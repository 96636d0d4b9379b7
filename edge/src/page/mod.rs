//! Page requests: fetch the page, decide, and fill its slots while it streams through.

pub mod origin;
mod personalized_page;
mod sign_in;
mod slots;
mod stream;
pub mod unfilled;

use alloc::rc::Rc;

use futures_util::future::join;
use throughline::{Consent, Decision, Event, EventKind, Facts, Object, Plan, allows_storage, storage_consent};
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response};

use crate::error::{Refusal, log};
use crate::platform::js;
use crate::prelude::*;
use crate::refresh::{self, Question};
use crate::request::RequestContext;
use crate::response;
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
    /// Whether the page view and its exposures count here: a person has navigated to the page. Else the tag counts them.
    pub is_counted: bool,
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
    if let Some(redirect) = Preview::redirect(context)? {
        return Ok(redirect);
    }
    let check = context.check_plan();
    let Some(plan) = context.isolate.plans.loaded() else {
        // Without a plan it is not known whether the page will be filled, so both are fetched at once.
        let (response, ()) = join(origin::fetch(context, Validators::Drop, None), check.wait(context)).await;
        let response = response?;
        if context.isolate.plans.is_loading_first() && personalized_page::is_rewritable(context, &response) {
            return keep_nowhere(&response);
        }
        return Ok(finish(context, response, decide_newest(context).await));
    };
    let changes = context.isolate.plans.changes();
    let (response, outcome) = fetch_and_decide(context, plan).await?;
    check.wait(context).await;
    if changes == context.isolate.plans.changes() {
        return Ok(finish(context, response, outcome));
    }
    // The store has told of another plan or of the switch while the origin was asked.
    let outcome = decide_newest(context).await;
    let is_needed = outcome.as_ref().is_some_and(|outcome| outcome.is_personal(context));
    // The browser's copy is of the page as it was.
    let response = if is_needed && response.status() == 304 {
        origin::fetch(context, Validators::Drop, None).await?
    } else {
        response
    };
    Ok(finish(context, response, outcome))
}

/// Returns the origin's response, and the decision by this plan, unless the plan has nothing for the page.
async fn fetch_and_decide(
    context: &RequestContext,
    plan: Rc<Plan>,
) -> Result<(Response, Option<PageOutcome>), JsValue> {
    let Some(visit) = PageVisit::new(context, plan) else { return Ok((sign_in::pass(context).await?, None)) };
    let device = visit.named_device(context);
    match visit.ask(context) {
        // The facts are fresh: the decision is made before the fetch, and whether it fills anything tells which
        // validators the origin may see.
        None => {
            let outcome = visit.decide(context);
            let validators = if outcome.is_personal(context) { Validators::Drop } else { Validators::Keep };
            let response = origin::fetch(context, validators, device.as_deref()).await?;
            Ok((response, Some(outcome)))
        }
        Some(question) => {
            let response = origin::fetch(context, Validators::Drop, device.as_deref()).await?;
            question.wait(context).await;
            Ok((response, Some(visit.decide(context))))
        }
    }
}

/// Returns the decision by the newest plan, unless there is none, or it has nothing for the page.
async fn decide_newest(context: &RequestContext) -> Option<PageOutcome> {
    let plan = context.isolate.plans.loaded()?;
    Some(PageVisit::new(context, plan)?.decide_fresh(context).await)
}

/// Returns a page of which it is not known whether it would be filled: no cache may keep it.
fn keep_nowhere(response: &Response) -> Result<Response, JsValue> {
    let headers = Headers::new_with_headers(&response.headers())?;
    personalized_page::make_private(&headers)?;
    let init = response::init(response.status(), &headers);
    Response::new_with_opt_readable_stream_and_init(response.body().as_ref(), &init)
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
        let is_counted = context.incoming.is_navigation() && !preview.is_on();
        let changed = decision.store
            && is_counted
            && visitor.apply_events(&plan, decision.exposures().iter().chain([&view]), context.now);
        PageOutcome { plan, visitor, decision, view, facts, is_counted, changed, preview }
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
    /// Whether the page view and the exposures are recorded.
    fn is_recorded(&self) -> bool {
        self.is_counted && self.decision.measure && !self.visitor.profile.subject.is_empty()
    }

    /// Whether the visitor's cookies may be set. A page that is not counted makes no new visitor: a program without cookies
    /// would be a new one with each request.
    fn may_set_cookies(&self) -> bool {
        let is_known = self.is_counted || !self.visitor.is_new || self.visitor.is_refreshed;
        self.decision.store && !self.preview.is_on() && is_known
    }

    /// Returns the value of `Server-Timing`. The tag does not count a page again whose decision is named here.
    fn timing(&self, context: &RequestContext) -> Option<String> {
        let decision = (self.is_counted || self.preview.is_on()).then(|| format!("tl;desc=\"{}\"", self.decision.id()));
        let plan = context.isolate.plans.public_state().map(|state| format!("tl-plan;desc=\"{state}\""));
        let metrics: Vec<String> = decision.into_iter().chain(plan).collect();
        (!metrics.is_empty()).then(|| metrics.join(", "))
    }

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
    let outcome =
        outcome.filter(|outcome| outcome.is_personal(context) && personalized_page::is_rewritable(context, &response));
    let Some(outcome) = outcome else { return response };
    personalized_page::respond(context, &response, outcome).unwrap_or_else(|cause| {
        log(&format!("page: {}", js::reason(&cause)));
        response
    })
}
