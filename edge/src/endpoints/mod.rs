//! The endpoints: everything under the prefix, and what others have fixed addresses for.

mod assets;
mod body;
mod decide;
mod events;
mod explain;
mod gpc;
mod health;
mod jwks;
mod ofrep;
mod plan;
mod token;

use alloc::rc::Rc;

use throughline::Plan;
use wasm_bindgen::JsValue;
use web_sys::Response;

use self::ofrep::Flags;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::request::cors::{self, Readers};
use crate::response;

const JWKS: &str = "/.well-known/jwks.json";
const GPC: &str = "/.well-known/gpc.json";
/// The addresses of the OpenFeature Remote Evaluation Protocol. They are under the prefix, too.
const OFREP: &str = "/ofrep/v1/";

/// The endpoint that a request asks for; none for a page.
pub fn name(call: &Call) -> Option<String> {
    let path = &call.incoming.address.path;
    if path == JWKS {
        return Some("jwks".to_owned());
    }
    // Without a statement of ours, the site may have one of its own.
    if path == GPC {
        return call.edge.config.gpc_since.as_ref().map(|_| "gpc".to_owned());
    }
    if path.starts_with(OFREP) {
        return path.strip_prefix('/').map(str::to_owned);
    }
    path.strip_prefix(&call.edge.config.prefix).map(str::to_owned)
}

/// Answers an endpoint's request; every failure is a JSON error.
pub async fn respond(call: &Call, name: &str) -> Result<Response, JsValue> {
    let flags = Flags::of(name);
    let (methods, readers): (&[&str], Readers) = match name {
        "decide" | "events" => (&["POST"], Readers::Ours),
        _ if flags.is_some() => (&["POST"], Readers::Ours),
        "token" => (&["GET", "POST", "DELETE"], Readers::Ours),
        "explain" => (&["GET"], Readers::Ours),
        _ => (&["GET"], Readers::All),
    };
    let method = call.incoming.method.as_str();
    if method == "OPTIONS" {
        return cors::preflight(call, methods);
    }
    let is_head = method == "HEAD" && methods.contains(&"GET");
    let method = if is_head { "GET" } else { method };
    let is_right = methods.contains(&method);
    let answer = if is_right { run(call, name, flags.as_ref(), method).await } else { Err(wrong_method(methods)) };
    let response = match (answer, &flags) {
        (Ok(response), _) => response,
        (Err(refusal), Some(flags)) => ofrep::refuse(refusal, flags)?,
        (Err(refusal), None) => refusal.answer()?,
    };
    cors::open(call, &response, readers)?;
    if is_head { response::empty(response.status(), &response.headers()) } else { Ok(response) }
}

async fn run(call: &Call, name: &str, flags: Option<&Flags>, method: &str) -> Result<Response, Refusal> {
    if method == "POST" || method == "DELETE" {
        cors::check_sender(call)?;
    }
    if let Some(flags) = flags {
        return ofrep::respond(call, flags).await;
    }
    match name {
        "decide" => decide::respond(call).await,
        "events" => events::respond(call).await,
        "token" if method == "POST" => token::hand_over(call).await,
        "token" if method == "DELETE" => token::hand_back(),
        "token" => token::respond(call).await,
        "plan" => plan::respond(call).await,
        "explain" => explain::respond(call).await,
        "health" => health::respond(call).await,
        "jwks" => jwks::respond(call),
        other => match &call.edge.config.gpc_since {
            Some(since) if other == "gpc" => gpc::respond(call, since).await,
            _ => assets::respond(call, other).await,
        },
    }
}

/// The plan, unless there is none or personalisation is switched off.
async fn active_plan(call: &Call) -> Result<Rc<Plan>, Refusal> {
    let plan = loaded_plan(call).await?;
    if call.edge.plans.is_off() {
        return Err(Refusal::new(503, "switched_off", "personalisation is switched off").with("retry-after", "60"));
    }
    Ok(plan)
}

/// The plan, unless there is none.
async fn loaded_plan(call: &Call) -> Result<Rc<Plan>, Refusal> {
    let missing = || Refusal::new(503, "no_plan", "no plan is loaded; see `health`").with("retry-after", "5");
    call.plan_or_load().await.ok_or_else(missing)
}

fn wrong_method(methods: &[&str]) -> Refusal {
    let allowed = cors::allow(methods);
    Refusal::new(405, "method_not_allowed", format!("expected one of: {allowed}")).with("allow", allowed)
}
