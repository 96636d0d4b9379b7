//! Endpoints for the rights of people, with the secret key: erasure and export.

use futures_util::stream::{self, StreamExt, TryStream};
use serde_json::json;
use worker::{Env, Error, Request, Response, Result, console_error};

use crate::http::admin_api::{find, refusal, unknown_profile};
use crate::http::{auth, response};
use crate::profile::client::call_merged;
use crate::profile::rpc::{Erase, ExportPage, ExportPosition, ExportProfile};

/// `DELETE /v1/profiles/{type}:{id}`: erases everything about a person, and suppresses what arrives later.
///
/// With `?suppress=false` no tombstone is left, or an earlier one is removed: the person may come again.
pub async fn erase(request: &Request, env: &Env, name: &str) -> Result<Response> {
    if let Some(refusal) = refusal(request, env)? {
        return Ok(refusal);
    }
    let suppress = match auth::parameter(request, "suppress").as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return response::error(400, "unreadable", "`suppress` must be `true` or `false`"),
    };
    let Some(profile) = find(env, name).await? else { return unknown_profile(name) };
    match call_merged(env, &profile, &Erase { suppress, winner: None }).await {
        Ok(Some((subject, Some(erased)))) => response::json(
            200,
            &json!({ "subject": subject, "at": erased.at, "suppress": erased.suppress, "removed": erased.removed }),
        ),
        Ok(Some((_, None))) => unknown_profile(name),
        Ok(None) => response::error(503, "moved", "the profile leads through too many merges"),
        Err(error) => {
            console_error!("erasure not finished: {error}");
            response::error(503, "erasing", "the erasure has begun and continues; ask again for its result")
        }
    }
}

/// `GET /v1/profiles/{type}:{id}/export`: everything that is stored about a person, as lines of JSON.
pub async fn export(request: &Request, env: &Env, name: &str) -> Result<Response> {
    if let Some(refusal) = refusal(request, env)? {
        return Ok(refusal);
    }
    let Some(profile) = find(env, name).await? else { return unknown_profile(name) };
    let Some((profile, first)) = call_merged(env, &profile, &ExportProfile { at: ExportPosition::Profile }).await?
    else {
        return response::error(503, "moved", "the profile leads through too many merges");
    };
    let Some(first) = first else { return unknown_profile(name) };
    let response = Response::from_stream(pages(env.clone(), profile, first))?;
    response.headers().set("content-type", "application/x-ndjson; charset=utf-8")?;
    response.headers().set("cache-control", "no-store")?;
    response.headers().set("x-content-type-options", "nosniff")?;
    Ok(response)
}

/// Returns the pages of an export. Each is asked for when the receiver has taken the one before.
fn pages(env: Env, profile: String, first: ExportPage) -> impl TryStream<Ok = Vec<u8>, Error = Error> {
    let rest = stream::try_unfold((env, profile, first.next), |(env, profile, next)| async move {
        let Some(at) = next else { return Ok::<_, Error>(None) };
        let page = call_merged(&env, &profile, &ExportProfile { at }).await?;
        let (profile, page) = page.ok_or_else(|| Error::from("the profile was merged during the export"))?;
        // A break in the stream tells the receiver that the export is not complete.
        let page = page.ok_or_else(|| Error::from("the profile was erased during the export"))?;
        Ok(Some((page.lines.into_bytes(), (env, profile, page.next))))
    });
    stream::once(async move { Ok(first.lines.into_bytes()) }).chain(rest)
}
