//! The endpoints: all paths under the prefix, and the paths that standards define.

mod assets;
mod body;
mod decide;
mod events;
mod explain;
mod gpc;
mod health;
mod jwks;
mod live;
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
use crate::request::RequestContext;
use crate::request::cors::{self, Readers};
use crate::response;

const JWKS: &str = "/.well-known/jwks.json";
const GPC: &str = "/.well-known/gpc.json";
/// The paths of the OpenFeature Remote Evaluation Protocol. They are available under the prefix as well.
const OFREP: &str = "/ofrep/v1/";

/// The header that tells open pages the id of the public plan, or that personalisation is switched off.
const PLAN: &str = "x-tl-plan";

/// Returns the endpoint of a request, or `None` for a page.
pub fn endpoint(context: &RequestContext) -> Option<String> {
    let path = &context.incoming.address.path;
    let config = &context.isolate.config;
    if path == JWKS {
        return config.standard_paths.jwks.then(|| "jwks.json".to_owned());
    }
    // Without a configured statement, the origin may serve its own.
    if path == GPC {
        return config.gpc_since.as_ref().map(|_| "gpc".to_owned());
    }
    if path.starts_with(OFREP) {
        return path.strip_prefix('/').filter(|_| config.standard_paths.ofrep).map(str::to_owned);
    }
    path.strip_prefix(&config.prefix).map(str::to_owned)
}

/// Responds to an endpoint's request. Every failure is a JSON error.
pub async fn respond(context: &RequestContext, name: &str) -> Result<Response, JsValue> {
    let flags = Flags::of(name);
    let (methods, readers): (&[&str], Readers) = match name {
        "decide" | "events" => (&["POST"], Readers::Ours),
        _ if flags.is_some() => (&["POST"], Readers::Ours),
        "token" => (&["GET", "POST", "DELETE"], Readers::Ours),
        "explain" | "live" => (&["GET"], Readers::Ours),
        _ => (&["GET"], Readers::All),
    };
    let method = context.incoming.method.as_str();
    if method == "OPTIONS" {
        return cors::preflight(context, methods, readers);
    }
    let is_head = method == "HEAD" && methods.contains(&"GET");
    let method = if is_head { "GET" } else { method };
    let is_right = methods.contains(&method);
    let result = if is_right { run(context, name, flags.as_ref(), method).await } else { Err(wrong_method(methods)) };
    let response = match (result, &flags) {
        // The collector's, whose headers cannot be changed. CORS is not for WebSockets.
        (Ok(response), _) if response.status() == live::SWITCHING_PROTOCOLS => return Ok(response),
        (Ok(response), _) => response,
        (Err(refusal), Some(flags)) => ofrep::refuse(refusal, flags)?,
        (Err(refusal), None) => refusal.to_response()?,
    };
    cors::add_headers(context, &response, readers)?;
    if matches!(name, "token" | "decide" | "events" | "plan") || flags.is_some() {
        add_plan(context, &response)?;
    }
    if is_head { response::empty(response.status(), &response.headers()) } else { Ok(response) }
}

async fn run(context: &RequestContext, name: &str, flags: Option<&Flags>, method: &str) -> Result<Response, Refusal> {
    if method == "POST" || method == "DELETE" {
        cors::check_sender(context)?;
    }
    if let Some(flags) = flags {
        return ofrep::respond(context, flags).await;
    }
    match name {
        "decide" => decide::respond(context).await,
        "events" => events::respond(context).await,
        "token" if method == "POST" => token::set(context).await,
        "token" if method == "DELETE" => token::delete(context).await,
        "token" => token::get(context).await,
        "plan" => plan::respond(context).await,
        "explain" => explain::respond(context).await,
        "live" => live::respond(context).await,
        "health" => health::respond(context).await,
        "jwks.json" => jwks::respond(context),
        other => match &context.isolate.config.gpc_since {
            Some(since) if other == "gpc" => gpc::respond(context, since).await,
            _ => assets::respond(context, other).await,
        },
    }
}

/// Tells open pages which plan is in force, so that they take the new one, or stop.
fn add_plan(context: &RequestContext, response: &Response) -> Result<(), JsValue> {
    context.isolate.plans.public_state().map_or(Ok(()), |state| response.headers().set(PLAN, &state))
}

/// Returns the plan, unless none is loaded or personalisation is switched off.
async fn active_plan(context: &RequestContext) -> Result<Rc<Plan>, Refusal> {
    let plan = loaded_plan(context).await?;
    if context.isolate.plans.is_off() {
        return Err(Refusal::new(503, "switched_off", "personalisation is switched off").with("retry-after", "60"));
    }
    Ok(plan)
}

/// Returns the plan, unless none is loaded.
async fn loaded_plan(context: &RequestContext) -> Result<Rc<Plan>, Refusal> {
    let missing = || Refusal::new(503, "no_plan", "no plan is loaded; see `health`").with("retry-after", "5");
    context.newest_plan().await.ok_or_else(missing)
}

fn wrong_method(methods: &[&str]) -> Refusal {
    let allowed = cors::allow(methods);
    Refusal::new(405, "method_not_allowed", format!("expected one of: {allowed}")).with("allow", allowed)
}
