//! Endpoints for the shop's own people and servers, with the secret key: profiles, tokens and failed events. And the
//! public ones: health, and the keys of tokens.

use serde_json::json;
use throughline::{Value, identifier_text};
use worker::{Env, Request, Response, Result};

use crate::event::identifier::{ACCOUNT, ANONYMOUS, DEVICE, Identifier};
use crate::http::auth;
use crate::http::body;
use crate::http::response;
use crate::identity;
use crate::identity::rules::IdentityRules;
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::platform::settings::Settings;
use crate::profile::client::{call_merged, mint_token, survey};
use crate::profile::rpc::{Minted, RetryDelivery, ViewProfile};
use crate::store::failed_events;

/// The default length of a page of events or failed events.
const PAGE: u32 = 50;
/// The longest page.
const MAX_PAGE: u32 = 500;

/// `GET /v1/profiles/{namespace}:{id}`: the profile; `?before=` and `?limit=` page through its events.
pub async fn profile(request: &Request, env: &Env, name: &str) -> Result<Response> {
    if let Some(refusal) = refusal(request, env)? {
        return Ok(refusal);
    }
    let Some(profile) = find(env, name).await? else { return unknown_profile(name) };
    let operation = ViewProfile { before: number(request, "before").map(i64::from), limit: i64::from(limit(request)) };
    match call_merged(env, &profile, &operation).await? {
        Some((_, Some(view))) => response::json(200, &view),
        Some((_, None)) => unknown_profile(name),
        None => response::error(503, "moved", "the profile leads through too many merges"),
    }
}

/// `POST /v1/tokens` with `{"id": "user_id:42"}`: a token for a device that the shop has authenticated. With
/// `"use": "hand-over"` it is one that a browser redeems once, and that carries no facts.
pub async fn token(mut request: Request, env: &Env) -> Result<Response> {
    if let Some(refusal) = refusal(&request, env)? {
        return Ok(refusal);
    }
    let bytes = body::read(&mut request).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let body = Value::from_lenient_json(&text).unwrap_or_default();
    let Some(id) = named(body.at(["id"])) else {
        return response::error(400, "unreadable", "expected `{\"id\": \"<type>:<value>\"}`, or a user id alone");
    };
    let purpose = match body.at(["use"]) {
        Value::Null => None,
        purpose => Some(purpose.as_str().unwrap_or_default().to_owned()),
    };
    let Some(profile) = find(env, &id).await? else { return unknown_profile(&id) };
    match purpose.as_deref() {
        None => {}
        Some("hand-over") => return hand_over(env, &id, &profile).await,
        Some(_) => return response::error(400, "unreadable", "`use` may only be `hand-over`"),
    }
    match mint_token(env, &profile, true).await? {
        Minted::Token { token, subject, expires, .. } => {
            let expires = expires.saturating_mul(1000);
            response::json(200, &json!({ "token": token, "subject": subject, "expires": expires }))
        }
        Minted::Erased => unknown_profile(&id),
        Minted::Nothing(_) if plan_cache::current(env).await.is_some() => unknown_profile(&id),
        Minted::Nothing(reason) => response::error(503, "no_token", &reason),
    }
}

/// Returns the name that a request for a token has: `<type>:<value>`. A number is a user id.
fn named(id: &Value) -> Option<String> {
    match id {
        Value::String(text) if text.contains(':') || text.bytes().any(|byte| !byte.is_ascii_digit()) => {
            Some(text.clone())
        }
        other => identifier_text(other).map(|id| format!("user_id:{id}")),
    }
}

async fn hand_over(env: &Env, id: &str, profile: &str) -> Result<Response> {
    let (profile, surveyed) = survey(env, profile).await?;
    if !surveyed.is_person || surveyed.is_erased {
        return unknown_profile(id);
    }
    let (token, expires) = identity::hand_over::mint(&Settings::of(env), &profile, clock::now())?;
    response::json(200, &json!({ "token": token, "subject": profile, "expires": expires.saturating_mul(1000) }))
}

/// `POST /v1/profiles/{id}/deliveries/{send_id}/retry`: tries a failed delivery again.
pub async fn retry_delivery(request: &Request, env: &Env, name: &str, send_id: String) -> Result<Response> {
    if let Some(refusal) = refusal(request, env)? {
        return Ok(refusal);
    }
    let Some(profile) = find(env, name).await? else { return unknown_profile(name) };
    match call_merged(env, &profile, &RetryDelivery { send_id: send_id.clone() }).await? {
        Some((_, true)) => response::json(200, &json!({ "send_id": send_id, "state": "pending" })),
        Some((_, false)) => response::error(404, "unknown_delivery", "the profile has no failed delivery of this id"),
        None => response::error(503, "moved", "the profile leads through too many merges"),
    }
}

/// `GET /v1/failed-events`: rejected events, the latest first; `?before=` and `?limit=` page through them.
pub async fn failed_events(request: &Request, env: &Env) -> Result<Response> {
    if let Some(refusal) = refusal(request, env)? {
        return Ok(refusal);
    }
    let events = failed_events::list(env, number(request, "before"), limit(request)).await?;
    response::json(200, &json!({ "events": events }))
}

/// `GET /v1/health`: that the collector runs, the id of its plan, and why a newer plan is not in force.
pub async fn health(env: &Env) -> Result<Response> {
    let plan = plan_cache::current(env).await;
    let problems: Vec<String> = plan_cache::problem().into_iter().collect();
    let status = if problems.is_empty() { "ok" } else { "degraded" };
    let plan = plan.as_ref().map(|plan| plan.id());
    response::json(200, &json!({ "status": status, "plan": plan, "problems": problems }))
}

/// `GET /.well-known/jwks.json`: the public keys of tokens.
pub fn jwks(env: &Env) -> Result<Response> {
    let keys = Settings::of(env).token_keys.public_jwks();
    let response = Response::ok(keys)?;
    response.headers().set("content-type", "application/jwk-set+json")?;
    response.headers().set("cache-control", "public, max-age=300")?;
    response.headers().set("access-control-allow-origin", "*")?;
    Ok(response)
}

/// Returns the profile of `type:value`, or the profile whose id the name is.
///
/// Values are found in any form that the rules make one: `email:Ann@Example.com` finds `ann@example.com`. While there is
/// no person, what is only claimed is found.
pub async fn find(env: &Env, name: &str) -> Result<Option<String>> {
    let rules = IdentityRules::new(plan_cache::current(env).await);
    let Some((kind, value)) = name.split_once(':') else { return Ok(Some(name.to_owned())) };
    let id = match kind {
        ACCOUNT => return Ok(Some(Identifier::account(value).profile())),
        "subject" => return Ok(Some(value.to_owned())),
        ANONYMOUS | DEVICE => Identifier::device(value),
        kind if rules.kind(kind).is_none() => return Ok(Some(name.to_owned())),
        kind => match rules.identifier(kind, &Value::from(value)) {
            Ok(id) => id,
            Err(_) => return Ok(None),
        },
    };
    match identity::find(env, &id).await? {
        Some(link) => Ok(Some(link.profile)),
        None if id.is_device() => Ok(None),
        None => Ok(Some(id.claimed_profile())),
    }
}

/// Returns the refusal of a request without the secret key.
pub fn refusal(request: &Request, env: &Env) -> Result<Option<Response>> {
    let is_known = auth::secret(request).is_some_and(|key| Settings::of(env).is_secret_key(&key));
    if is_known {
        Ok(None)
    } else {
        response::error(401, "unknown_key", "the secret key is missing or wrong").map(Some)
    }
}

/// Returns the response about a profile of which nothing is known.
pub fn unknown_profile(name: &str) -> Result<Response> {
    let shown: String = name.chars().take(80).collect();
    response::error(404, "unknown_profile", &format!("unknown profile `{shown}`"))
}

fn limit(request: &Request) -> u32 {
    number(request, "limit").unwrap_or(PAGE).min(MAX_PAGE)
}

fn number(request: &Request, name: &str) -> Option<u32> {
    auth::parameter(request, name)?.parse().ok()
}
