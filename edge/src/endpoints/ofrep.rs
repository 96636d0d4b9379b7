//! `POST /ofrep/v1/evaluate/flags` and `…/flags/{key}`: features for OpenFeature SDKs, by the OpenFeature Remote Evaluation
//! Protocol 0.3 (<https://openfeature.dev/docs/reference/other-technologies/ofrep/openapi/>).

use throughline::canonical;
use throughline::{
    Evaluation, EvaluationOptions, EvaluationReason, Facts, Object, Plan, Profile, Request, Value, evaluate,
    evaluate_all, fnv64a, identifier_text, is_placeholder,
};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::endpoints::{active_plan, body};
use crate::error::Refusal;
use crate::prelude::*;
use crate::refresh;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::decide_for_visitor::facts_for_visitor;
use crate::visitor::{Visitor, consent};

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// The endpoint of all features.
const ALL: &str = "ofrep/v1/evaluate/flags";
// Error codes of OpenFeature.
const INVALID_CONTEXT: &str = "INVALID_CONTEXT";
const TARGETING_KEY_MISSING: &str = "TARGETING_KEY_MISSING";
const FLAG_NOT_FOUND: &str = "FLAG_NOT_FOUND";

/// The features of a request.
pub enum Flags {
    /// All of them.
    All,
    /// The one with this key.
    One(String),
}

impl Flags {
    /// Returns the features that an endpoint evaluates, or `None` for other endpoints.
    pub fn of(name: &str) -> Option<Self> {
        match name.strip_prefix(ALL)? {
            "" => Some(Self::All),
            rest => rest.strip_prefix('/').map(|key| Self::One(decoded(key))),
        }
    }
}

/// Returns a key from a path, decoded. A malformed one is returned as it is, and is then an unknown feature.
fn decoded(key: &str) -> String {
    js_sys::decode_uri_component(key).map_or_else(|_| key.to_owned(), String::from)
}

/// Responds with the features for a context. Nothing is recorded or stored: SDKs track with their own hooks.
pub async fn respond(context: &RequestContext, flags: &Flags) -> Result<Response, Refusal> {
    let attributes = evaluation_context(body::json(context, MAX_BODY).await?)?;
    let visitor = visitor(context)?;
    let plan = active_plan(context).await?;
    let visitor = refresh::refreshed(context, &plan, visitor).await;
    let facts = facts(context, &plan, visitor, attributes)?;
    let options = EvaluationOptions::default();
    match flags {
        Flags::All => all(context, &plan, &evaluate_all(&plan, &facts, &options)),
        Flags::One(key) => one(&evaluate(&plan, &facts, &options, key)),
    }
}

/// Returns a refusal in the protocol's form, which has one status for all errors of the server.
pub fn refuse(refusal: Refusal, flags: &Flags) -> Result<Response, JsValue> {
    let mut out = Object::new();
    if let Flags::One(key) = flags {
        out.insert("key", key.as_str());
    }
    let code = match refusal.code {
        "invalid_json" => "PARSE_ERROR",
        INVALID_CONTEXT | TARGETING_KEY_MISSING => refusal.code,
        _ => "GENERAL",
    };
    out.insert("errorCode", code);
    out.insert("errorDetails", refusal.message.as_str());
    Refusal { status: refusal.status.min(500), ..refusal }.to_response_with(&Value::Object(out))
}

/// Returns the evaluation context of the body.
fn evaluation_context(body: Value) -> Result<Object, Refusal> {
    match body.at(["context"]) {
        Value::Object(context) => Ok(context.clone()),
        _ => Err(invalid("`context`: expected an object")),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, INVALID_CONTEXT, message)
}

/// Returns the visitor. A presented token must be valid: the caller must not take a stranger's features for the visitor's.
fn visitor(context: &RequestContext) -> Result<Visitor, Refusal> {
    let mut visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let presented = context.incoming.header("x-tl-token").or_else(|| context.incoming.bearer());
    let Some(token) = presented.filter(|_| visitor.presented.is_none()) else { return Ok(visitor) };
    match visitor.accept(&context.isolate.config, &token, context.now) {
        Ok(()) => Ok(visitor),
        Err(refused) => Err(Refusal::new(401, refused.code(), format!("the token is refused: {refused}"))
            .with("www-authenticate", "Bearer")),
    }
}

/// Returns the facts. The subject is the token's, else the context's, else the browser's. The context becomes the request's
/// attributes.
fn facts(context: &RequestContext, plan: &Plan, visitor: Visitor, attributes: Object) -> Result<Facts, Refusal> {
    let key = match attributes.get("targetingKey") {
        None | Some(Value::Null) => String::new(),
        Some(key) => identifier_text(key)
            .ok_or_else(|| invalid("`context.targetingKey`: expected a string or a whole number"))?,
    };
    // A key that stands for nobody must not make one subject of all who send it.
    let key = if is_placeholder(&key) { String::new() } else { key };
    let incoming = &context.incoming;
    let (consent, consent_at) = consent::from_cookies(&incoming.cookies);
    let request = Request { attributes, consent, consent_at, gpc: incoming.has_gpc(), ..Request::default() };
    let (visitor, mut facts) = facts_for_visitor(plan, visitor, request, context.now, &|_| Vec::new());
    let has_token = visitor.expires.is_some() || visitor.profile.subject != visitor.id;
    if !has_token && !key.is_empty() {
        facts.profile = Profile { subject: key, ..Profile::default() };
    } else if !has_token && (visitor.is_new || visitor.id.is_empty()) {
        let message = "`context.targetingKey` is missing, and no token was sent";
        return Err(Refusal::new(400, TARGETING_KEY_MISSING, message));
    }
    Ok(facts)
}

fn one(found: &Evaluation) -> Result<Response, Refusal> {
    let status = match found.error_code() {
        None => 200,
        Some(FLAG_NOT_FOUND) => 404,
        Some(_) => 400,
    };
    Ok(response::json(status, &flag(found))?)
}

/// Responds with all features, or `304` to a caller that has them.
fn all(context: &RequestContext, plan: &Plan, found: &[Evaluation]) -> Result<Response, Refusal> {
    let mut metadata = Object::new();
    metadata.insert("version", plan.id());
    let mut out = Object::new();
    out.insert("flags", Value::Array(found.iter().map(flag).collect()));
    out.insert("metadata", Value::Object(metadata));
    let text = canonical::to_string(&Value::Object(out));
    let tag = format!("\"{:016x}\"", fnv64a([text.as_str()]));
    let response = response::json_text(200, &text)?;
    response.headers().set("etag", &tag)?;
    if context.incoming.has_copy(&tag) {
        return Ok(response::empty(304, &response.headers())?);
    }
    Ok(response)
}

/// Returns a reason of the protocol, which has no `DEFAULT`.
const fn reason(reason: EvaluationReason) -> &'static str {
    match reason {
        // why: clients keep values that are `STATIC`, but another context may match a rule.
        EvaluationReason::Default => "UNKNOWN",
        other => other.name(),
    }
}

/// Returns a feature in the protocol's form. It always has a `variant`, because clients read it without a check. Without a value, the SDK uses its caller's default.
fn flag(found: &Evaluation) -> Value {
    let mut out = Object::new();
    out.insert("key", found.key.as_str());
    if let Some(code) = found.error_code() {
        out.insert("errorCode", code);
        out.insert(
            "errorDetails",
            if code == FLAG_NOT_FOUND { "unknown feature" } else { "the feature depends on itself" },
        );
    } else {
        out.insert("reason", reason(found.reason));
        out.insert("variant", found.variant().unwrap_or_else(|| found.source.name()));
    }
    if found.value != Value::Null {
        out.insert("value", found.value.clone());
    }
    out.insert("metadata", Value::Object(found.flag_metadata()));
    Value::Object(out)
}
