//! What the shop's own people and servers ask, with the secret key: profiles, tokens, failed events.

use serde::Deserialize;
use serde_json::json;
use worker::{Env, Request, Response, Result};

use crate::http::auth;
use crate::http::body;
use crate::http::edge_api;
use crate::http::response;
use crate::identity::identifier::Identifier;
use crate::identity::{Change, change};
use crate::ingest::failed_events;
use crate::platform::plan_cache;
use crate::platform::settings::Settings;
use crate::profile;
use crate::profile::rpc::{Minted, View};

/// How many events or failed events a page has, unless `limit` says otherwise.
const PAGE: u32 = 50;
/// The longest page.
const MAX_PAGE: u32 = 500;
/// How many merges are followed from one profile to the next.
const MAX_MOVES: usize = 5;

/// `GET /v1/profiles/{namespace}:{id}`: what is known of somebody; `?before=` and `?limit=` page through the events.
pub async fn profile(request: &Request, env: &Env, name: &str) -> Result<Response> {
    if let Some(refusal) = refuse(request, env)? {
        return Ok(refusal);
    }
    let Some(mut profile) = find(env, name).await? else { return unknown_profile(name) };
    let question = View {
        before: number(request, "before").map(i64::from),
        limit: i64::from(number(request, "limit").unwrap_or(PAGE).min(MAX_PAGE)),
    };
    for _ in 0..MAX_MOVES {
        let Some(view) = profile::view(env, &profile, &question).await? else { return unknown_profile(name) };
        match view.get("movedTo").and_then(serde_json::Value::as_str) {
            Some(winner) => profile = winner.to_owned(),
            None => return response::json(200, &view),
        }
    }
    response::error(503, "moved", "the profile leads through too many merges")
}

/// `POST /v1/tokens` with `{"id": "user_id:42"}`: a token for the edge, for a device that the shop has let in.
pub async fn token(mut request: Request, env: &Env) -> Result<Response> {
    #[derive(Deserialize)]
    struct Wanted {
        id: String,
    }
    if let Some(refusal) = refuse(&request, env)? {
        return Ok(refusal);
    }
    let bytes = body::read(&mut request).await.unwrap_or_default();
    let Ok(Wanted { id }) = serde_json::from_slice(&bytes) else {
        return response::error(400, "unreadable", "expected `{\"id\": \"<namespace>:<id>\"}`");
    };
    let Some(profile) = find(env, &id).await? else { return unknown_profile(&id) };
    match edge_api::mint(env, profile, true).await? {
        Minted::Token { token, subject, expires, .. } => {
            let expires = expires.saturating_mul(1000);
            response::json(200, &json!({ "token": token, "subject": subject, "expires": expires }))
        }
        Minted::Nothing(_) if plan_cache::current(env).await.is_some() => unknown_profile(&id),
        Minted::Nothing(why) => response::error(503, "no_token", &why),
        Minted::Moved(_) => response::error(503, "moved", "the profile leads through too many merges"),
    }
}

/// `GET /v1/failed-events`: what could not be taken, the last first; `?before=` and `?limit=` page through them.
pub async fn failed_events(request: &Request, env: &Env) -> Result<Response> {
    if let Some(refusal) = refuse(request, env)? {
        return Ok(refusal);
    }
    let limit = number(request, "limit").unwrap_or(PAGE).min(MAX_PAGE);
    let events = failed_events::list(env, number(request, "before"), limit).await?;
    response::json(200, &json!({ "events": events }))
}

/// `GET /v1/health`: that it runs, and under which plan.
pub async fn health(env: &Env) -> Result<Response> {
    let plan = plan_cache::current(env).await;
    response::json(200, &json!({ "status": "ok", "plan": plan.as_ref().map(|plan| plan.id()) }))
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

/// The profile of `namespace:id`, or of a profile's own id.
async fn find(env: &Env, name: &str) -> Result<Option<String>> {
    let id = match name.split_once(':') {
        Some(("user_id", user)) => Identifier::user(user),
        Some(("anonymous_id", device)) => Identifier::anonymous(device),
        Some(("account_id", account)) => return Ok(Some(Identifier::account(account).profile())),
        Some(("subject", profile)) => return Ok(Some(profile.to_owned())),
        _ => return Ok(Some(name.to_owned())),
    };
    Ok(change(env, &id, Change::Find).await?.map(|link| link.profile))
}

fn refuse(request: &Request, env: &Env) -> Result<Option<Response>> {
    let known = auth::bearer(request).is_some_and(|key| Settings::of(env).is_secret_key(&key));
    if known { Ok(None) } else { response::error(401, "unknown_key", "the secret key is missing or wrong").map(Some) }
}

fn unknown_profile(name: &str) -> Result<Response> {
    let shown: String = name.chars().take(80).collect();
    response::error(404, "unknown_profile", &format!("unknown profile `{shown}`"))
}

fn number(request: &Request, name: &str) -> Option<u32> {
    auth::parameter(request, name)?.parse().ok()
}
