//! `POST /ofrep/v1/evaluate/flags` and `…/flags/{key}`: features for every OpenFeature SDK, by the OpenFeature Remote
//! Evaluation Protocol 0.3 (<https://openfeature.dev/docs/reference/other-technologies/ofrep/openapi/>).

use throughline::canonical;
use throughline::{
    Evaluation, EvaluationOptions, Facts, Object, Plan, Profile, Request, Value, evaluate, evaluate_all, fnv64a,
};
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::endpoints::{active_plan, body};
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::consent;
use crate::visitor::decide_for_visitor::settle;

const MAX_BODY: usize = 64 * 1024;
/// The address of all features, as the name of an endpoint.
const ALL: &str = "ofrep/v1/evaluate/flags";
/// Error codes of OpenFeature.
const INVALID_CONTEXT: &str = "INVALID_CONTEXT";
const TARGETING_KEY_MISSING: &str = "TARGETING_KEY_MISSING";
const FLAG_NOT_FOUND: &str = "FLAG_NOT_FOUND";

/// Which features are asked for.
pub enum Flags {
    /// All of them.
    All,
    /// The one with this key.
    One(String),
}

impl Flags {
    /// What the name of an endpoint asks for; none if it is another endpoint.
    pub fn of(name: &str) -> Option<Self> {
        match name.strip_prefix(ALL)? {
            "" => Some(Self::All),
            rest => rest.strip_prefix('/').map(|key| Self::One(decoded(key))),
        }
    }
}

/// A key as it was before it was put into an address; what was not encoded properly is taken as it is.
fn decoded(key: &str) -> String {
    js_sys::decode_uri_component(key).map_or_else(|_| key.to_owned(), String::from)
}

/// What the features are for a context. Nothing is counted and nothing is kept: SDKs track by hooks of their own.
pub async fn respond(call: &Call, flags: &Flags) -> Result<Response, Refusal> {
    let context = context(body::json(call, MAX_BODY).await?)?;
    let visitor = visitor(call)?;
    let plan = active_plan(call).await?;
    let facts = facts(call, &plan, visitor, context)?;
    let options = EvaluationOptions::default();
    match flags {
        Flags::All => all(call, &plan, &evaluate_all(&plan, &facts, &options)),
        Flags::One(key) => one(&evaluate(&plan, &facts, &options, key)),
    }
}

/// A refusal as the protocol has it. Beyond what callers do wrong it knows one status.
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
    Refusal { status: refusal.status.min(500), ..refusal }.answer_with(&Value::Object(out))
}

fn context(body: Value) -> Result<Object, Refusal> {
    match body.at(["context"]) {
        Value::Object(context) => Ok(context.clone()),
        _ => Err(invalid("`context`: expected an object")),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, INVALID_CONTEXT, message)
}

/// Who asks. A token that is shown has to be good: its caller must not take what holds for strangers for its person's.
fn visitor(call: &Call) -> Result<Visitor, Refusal> {
    let mut visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    let shown = call.incoming.header("x-tl-token").or_else(|| call.incoming.bearer());
    let Some(token) = shown.filter(|_| visitor.presented.is_none()) else { return Ok(visitor) };
    match visitor.accept(&call.edge.config, &token, call.now) {
        Ok(()) => Ok(visitor),
        Err(refused) => Err(Refusal::new(401, refused.code(), format!("the token is refused: {refused}"))
            .with("www-authenticate", "Bearer")),
    }
}

/// The subject is the token's, else the context's, else the browser's; the context is the request's attributes, as they are.
fn facts(call: &Call, plan: &Plan, visitor: Visitor, context: Object) -> Result<Facts, Refusal> {
    let key = match context.get("targetingKey") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(key)) => key.clone(),
        Some(_) => return Err(invalid("`context.targetingKey`: expected a string")),
    };
    let incoming = &call.incoming;
    let request = Request {
        attributes: context,
        consent: consent::of(&incoming.cookies),
        gpc: incoming.has_gpc(),
        ..Request::default()
    };
    let settled = settle(plan, visitor, request, call.now, &|_| Vec::new());
    let (visitor, mut facts) = (settled.visitor, settled.facts);
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

/// All features; `304` to a caller that has them as they are.
fn all(call: &Call, plan: &Plan, found: &[Evaluation]) -> Result<Response, Refusal> {
    let mut metadata = Object::new();
    metadata.insert("version", plan.id());
    let mut out = Object::new();
    out.insert("flags", Value::Array(found.iter().map(flag).collect()));
    out.insert("metadata", Value::Object(metadata));
    let text = canonical::to_string(&Value::Object(out));
    let tag = format!("\"{:016x}\"", fnv64a([text.as_str()]));
    let response = response::json_text(200, &text)?;
    response.headers().set("etag", &tag)?;
    if call.incoming.has_copy(&tag) {
        return Ok(response::empty(304, &response.headers())?);
    }
    Ok(response)
}

/// A feature as the protocol has it. Where there is no value, the caller's default is the value.
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
        out.insert("reason", found.reason.name());
    }
    if found.value != Value::Null {
        out.insert("value", found.value.clone());
    }
    if let Some(variant) = found.variant() {
        out.insert("variant", variant);
    }
    out.insert("metadata", Value::Object(found.flag_metadata()));
    Value::Object(out)
}
