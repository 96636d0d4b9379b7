//! `GET token`: the visitor, as far as this browser may know them. `POST token`: stores an app's token in a web view.
//! `DELETE token`: signs the visitor out of this browser.

use throughline::{Object, Value};
use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::cookies;
use crate::response;
use crate::visitor::decide_for_visitor::{VisitorDecision, decide_for_visitor};
use crate::visitor::set_cookies::{clear_cookies, set_cookies};
use crate::visitor::{Visitor, request_facts};

/// Responds with the subject, the part of the profile that the public plan needs, the session, and consent.
pub async fn get(context: &RequestContext) -> Result<Response, Refusal> {
    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    respond(context, visitor, false).await
}

/// Responds with the same for the token of an `Authorization` header, which becomes the browser's token.
pub async fn set(context: &RequestContext) -> Result<Response, Refusal> {
    let unauthorised = |code, message: String| Refusal::new(401, code, message).with("www-authenticate", "Bearer");
    let Some(token) = context.incoming.bearer() else {
        return Err(unauthorised("missing_token", "expected `Authorization: Bearer <token>`".to_owned()));
    };
    let mut visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    if let Err(refused) = visitor.accept(&context.isolate.config, &token, context.now) {
        return Err(unauthorised(refused.code(), format!("the token is refused: {refused}")));
    }
    visitor.presented = Some(token);
    respond(context, visitor, true).await
}

/// Deletes the visitor's cookies: for signing out, and for "forget me on this device".
pub fn delete() -> Result<Response, Refusal> {
    let response = response::json(200, &Value::Object(Object::new()))?;
    for name in [cookies::ID, cookies::TOKEN, cookies::SESSION] {
        cookies::delete(&response.headers(), name);
    }
    Ok(response)
}

async fn respond(context: &RequestContext, visitor: Visitor, changed: bool) -> Result<Response, Refusal> {
    let plan = active_plan(context).await?;
    let request = request_facts::of(&context.incoming, visitor.session);
    let decided = decide_for_visitor(&plan, visitor, request, context.now, &|_| Vec::new());
    let response = response::json(200, &body(context, &decided).await)?;
    if decided.decision.store {
        set_cookies(&response.headers(), &context.isolate.config, &decided.visitor, changed, context.now);
    } else {
        clear_cookies(&response.headers(), &plan, &decided.facts.request, &context.incoming.cookies);
    }
    Ok(response)
}

async fn body(context: &RequestContext, decided: &VisitorDecision) -> Value {
    let visitor = &decided.visitor;
    let public = context.isolate.plans.public(&context.env, &context.isolate.config.plan_keys).await;
    let profile = public.map(|public| visitor.profile.project(&public.plan, context.now).to_value());
    let consent = decided.facts.request.consent.iter();

    let mut out = Object::new();
    out.insert("subject", visitor.profile.subject.as_str());
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
    if let Some(token) = &visitor.presented {
        out.insert("token", token.as_str());
    }
    Value::Object(out)
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
