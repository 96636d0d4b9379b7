//! `GET token`: the visitor, as far as this browser may know them. `POST token`: stores an app's token in a web view.
//! `DELETE token`: signs the visitor out of this browser.

use throughline::token::jws::{MAX_TOKEN, Unverified};
use throughline::token::{HAND_OVER_TYP, Rejection};
use throughline::{Object, Plan, Value};
use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::{Refusal, log};
use crate::outbox::{self, Envelope};
use crate::platform::crypto::visitor_mark;
use crate::platform::js;
use crate::prelude::*;
use crate::refresh;
use crate::request::RequestContext;
use crate::request::cookies;
use crate::response;
use crate::visitor::decide_for_visitor::{VisitorDecision, decide_for_visitor};
use crate::visitor::set_cookies::write_cookies;
use crate::visitor::{Visitor, integer, request_facts};

/// Responds with the subject, the part of the profile that the public plan needs, the session, and consent. `ver` is the
/// version of the profile that an open page has heard of.
pub async fn get(context: &RequestContext) -> Result<Response, Refusal> {
    let plan = active_plan(context).await?;
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let heard = context.incoming.address.param("ver").and_then(|version| version.parse().ok());
    let visitor = match heard.filter(|_| context.isolate.config.live) {
        Some(version) => refresh::refreshed_to(context, &plan, visitor, version).await,
        None => refresh::refreshed(context, &plan, visitor).await,
    };
    respond(context, &plan, visitor, false).await
}

/// Responds with the same for the token of an `Authorization` header, which becomes the browser's token for good.
///
/// The browser gets a new id, so that nothing that was done on it before becomes the person's, and the collector links it.
pub async fn set(context: &RequestContext) -> Result<Response, Refusal> {
    let Some(token) = context.incoming.bearer() else {
        return Err(unauthorised("missing_token", "expected `Authorization: Bearer <token>`".to_owned()));
    };
    let plan = active_plan(context).await?;
    let config = &context.isolate.config;
    if config.devices.is_none() {
        return Err(Refusal::new(503, "no_key", "no token can be stored; see `health`"));
    }
    let mut visitor = Visitor::handed_over(context.now);
    if is_hand_over(&token) {
        let token = redeem(context, &visitor, &token).await?;
        visitor.accept_person(config, &token, context.now).map_err(refused)?;
        return respond(context, &plan, visitor, true).await;
    }
    visitor.accept_person(config, &token, context.now).map_err(refused)?;
    visitor.presented = Some(token);
    let link = Envelope::new(context, &visitor);
    let response = respond(context, &plan, visitor, true).await?;
    if outbox::deliver(context, &link, Vec::new()).await.is_err() {
        return Err(
            Refusal::new(503, "not_recorded", "the device could not be linked; try again").with("retry-after", "5")
        );
    }
    Ok(response)
}

/// Deletes the visitor's cookies: for signing out, and for "forget me on this device".
///
/// The collector is told, so that a copy of the old credential leads to nobody. The cookies go even if it cannot be told.
pub async fn delete(context: &RequestContext) -> Result<Response, Refusal> {
    let response = response::json(200, &Value::Object(Object::new()))?;
    for name in cookies::VISITOR {
        context.incoming.cookies.delete(&response.headers(), name);
    }
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let envelope = Envelope::new(context, &visitor).signing_out();
    let is_known = visitor.is_signed && !visitor.is_new;
    if is_known && outbox::deliver(context, &envelope, Vec::new()).await.is_err() {
        log("token: the sign-out of a device could not be recorded");
    }
    Ok(response)
}

fn unauthorised(code: &'static str, message: String) -> Refusal {
    Refusal::new(401, code, message).with("www-authenticate", "Bearer")
}

fn refused(reason: Rejection) -> Refusal {
    unauthorised(reason.code(), format!("the token is refused: {reason}"))
}

/// Whether a token only begins a session in another browser. The collector verifies it, because it is good once.
fn is_hand_over(token: &str) -> bool {
    Unverified::parse(token, MAX_TOKEN).is_ok_and(|token| token.typ() == Some(HAND_OVER_TYP))
}

/// Returns the person's token for a hand-over token. The collector links the device in the same step.
async fn redeem(context: &RequestContext, visitor: &Visitor, token: &str) -> Result<String, Refusal> {
    let message = Envelope::new(context, visitor).to_json([("handOver", Value::from(token))]);
    let answer = outbox::post(&context.isolate.config, &context.env, outbox::path::REDEEM, &message).await;
    let answer = answer.map_err(|cause| match cause.status {
        Some(400..500) => unauthorised("hand_over_refused", "the hand-over token is refused or used up".to_owned()),
        _ => {
            log(&format!("collector: {cause}"));
            Refusal::new(503, "not_redeemed", "the collector cannot be asked; try again").with("retry-after", "5")
        }
    })?;
    let token = answer.at(["token"]).as_str().map(str::to_owned);
    token.ok_or_else(|| unauthorised("hand_over_refused", "the hand-over token is refused or used up".to_owned()))
}

async fn respond(context: &RequestContext, plan: &Plan, visitor: Visitor, changed: bool) -> Result<Response, Refusal> {
    let request = request_facts::of(&context.incoming, visitor.session);
    let decided = decide_for_visitor(plan, visitor, request, context.now, &|_| Vec::new());
    let response = response::json(200, &body(context, &decided).await)?;
    write_cookies(context, plan, &decided, changed, &response.headers());
    Ok(response)
}

async fn body(context: &RequestContext, decided: &VisitorDecision) -> Value {
    let visitor = &decided.visitor;
    let public = context.isolate.plans.public(&context.env, &context.isolate.config.plan_keys).await;
    let profile = public.map(|public| visitor.profile.project(&public.plan, context.now).to_value());
    let consent = decided.facts.request.consent.iter();

    let mut out = Object::new();
    out.insert("subject", visitor.profile.subject.as_str());
    out.insert("mark", visitor_mark(&visitor.profile.subject).as_str());
    out.insert("now", js::now());
    out.insert("isBot", Value::Bool(decided.facts.request.bot));
    out.insert("known", Value::Bool(visitor.proof().is_some()));
    insert_device(context, visitor, &mut out);
    out.insert("profile", profile.unwrap_or_default());
    out.insert("session", visitor.session);
    out.insert(
        "consent",
        Value::Object(consent.map(|(purpose, state)| (purpose, Value::from(state.name()))).collect()),
    );
    out.insert("attributes", Value::Object(connection(&decided.facts.request.attributes)));
    out.insert("gpc", Value::Bool(decided.facts.request.gpc));
    out.insert("store", Value::Bool(decided.decision.store));
    out.insert("measure", Value::Bool(decided.decision.measure));
    out.insert("expires", visitor.expires.map_or(Value::Null, milliseconds));
    if context.isolate.config.live {
        out.insert("ver", integer(visitor.version));
        out.insert("live", Value::Bool(may_listen(decided)));
    }
    if let Some(token) = &visitor.presented {
        out.insert("token", token.as_str());
    }
    Value::Object(out)
}

/// Whether the collector may know something of the visitor that the page could hear of.
fn may_listen(decided: &VisitorDecision) -> bool {
    let (visitor, decision) = (&decided.visitor, &decided.decision);
    let may_become_known = decision.measure || visitor.proof().is_some();
    decision.store && may_become_known && refresh::is_known(visitor)
}

/// Inserts the alias of a device, and the ticket with which its scripts may send events for it even after it has got
/// another id. An unsigned device has no ticket: anybody can show its alias.
pub fn insert_device(context: &RequestContext, visitor: &Visitor, out: &mut Object) {
    if visitor.id.is_empty() {
        return;
    }
    out.insert("device", visitor.id.as_str());
    if let Some(devices) = context.isolate.config.devices.as_ref().filter(|_| visitor.is_signed) {
        out.insert("owner", devices.owner_ticket(&visitor.id).as_str());
    }
}

/// Returns the facts that only the edge can see, so that decisions in the browser are made from the same facts.
fn connection(attributes: &Object) -> Object {
    let names = ["country", "region", "city", "latitude", "longitude", "timezone"].into_iter();
    names.filter_map(|name| Some((name, attributes.get(name)?.clone()))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "the verifier refuses what is beyond the year 9999")]
fn milliseconds(seconds: u64) -> Value {
    Value::Number(seconds as f64 * 1000.0)
}
