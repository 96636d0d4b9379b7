//! `GET token`: what this browser may know of its visitor. `POST token`: an app hands its token over to a web view.
//! `DELETE token`: the visitor leaves this browser.

use throughline::{Object, Value};
use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::request::cookies;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::context;
use crate::visitor::decide_for_visitor::{Settled, forget, keep, settle};

/// The subject, the part of the profile that the public plan needs, the session, and what is allowed.
pub async fn respond(call: &Call) -> Result<Response, Refusal> {
    let visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    answer(call, visitor, false).await
}

/// The same for the token of an `Authorization` header, which becomes the browser's.
pub async fn hand_over(call: &Call) -> Result<Response, Refusal> {
    let unauthorised = |code, message: String| Refusal::new(401, code, message).with("www-authenticate", "Bearer");
    let Some(token) = call.incoming.bearer() else {
        return Err(unauthorised("missing_token", "expected `Authorization: Bearer <token>`".to_owned()));
    };
    let mut visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    if let Err(refused) = visitor.accept(&call.edge.config, &token, call.now) {
        return Err(unauthorised(refused.code(), format!("the token is refused: {refused}")));
    }
    visitor.presented = Some(token);
    answer(call, visitor, true).await
}

/// Makes this browser nobody's: for signing out, and for "forget me on this device".
pub fn hand_back() -> Result<Response, Refusal> {
    let response = response::json(200, &Value::Object(Object::new()))?;
    for name in [cookies::ID, cookies::TOKEN, cookies::SESSION] {
        cookies::delete(&response.headers(), name);
    }
    Ok(response)
}

async fn answer(call: &Call, visitor: Visitor, changed: bool) -> Result<Response, Refusal> {
    let plan = active_plan(call).await?;
    let request = context::of(&call.incoming, visitor.session);
    let settled = settle(&plan, visitor, request, call.now, &|_| Vec::new());
    let response = response::json(200, &body(call, &settled).await)?;
    if settled.decision.store {
        keep(&response.headers(), &call.edge.config, &settled.visitor, changed, call.now);
    } else {
        forget(&response.headers(), &plan, &settled.facts.request, &call.incoming.cookies);
    }
    Ok(response)
}

async fn body(call: &Call, settled: &Settled) -> Value {
    let visitor = &settled.visitor;
    let public = call.edge.plans.public(&call.env, &call.edge.config.plan_keys).await;
    let profile = public.map(|public| visitor.profile.project(&public.plan, call.now).to_value());
    let consent = settled.facts.request.consent.iter();

    let mut out = Object::new();
    out.insert("subject", visitor.profile.subject.as_str());
    out.insert("profile", profile.unwrap_or_default());
    out.insert("session", visitor.session);
    out.insert(
        "consent",
        Value::Object(consent.map(|(purpose, state)| (purpose, Value::from(state.name()))).collect()),
    );
    out.insert("attributes", Value::Object(connection(&settled.facts.request.attributes)));
    out.insert("gpc", Value::Bool(settled.facts.request.gpc));
    out.insert("store", Value::Bool(settled.decision.store));
    out.insert("measure", Value::Bool(settled.decision.measure));
    out.insert("expires", visitor.expires.map_or(Value::Null, milliseconds));
    if let Some(token) = &visitor.presented {
        out.insert("token", token.as_str());
    }
    Value::Object(out)
}

/// What only the connection tells, for decisions in the browser to rest on the same facts.
fn connection(attributes: &Object) -> Object {
    let told = ["country", "region", "city", "latitude", "longitude", "timezone"].into_iter();
    told.filter_map(|name| Some((name, attributes.get(name)?.clone()))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "the verifier refuses what is beyond the year 9999")]
fn milliseconds(seconds: u64) -> Value {
    Value::Number(seconds as f64 * 1000.0)
}
