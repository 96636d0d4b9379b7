//! `POST /v1/profiles/{id}/unmerge` with `{"profile": "<loser>"}`: undoes a merge.

use serde::Deserialize;
use serde_json::json;
use worker::{Env, Request, Response, Result};

use crate::http::admin_api;
use crate::http::body;
use crate::http::response;
use crate::profile::client::call_merged;
use crate::profile::rpc::{Unmerge, UnmergeOutcome};

/// Undoes a merge, and responds once it is stored that it is to be undone.
pub async fn post(mut request: Request, env: &Env, name: &str) -> Result<Response> {
    #[derive(Deserialize)]
    struct UnmergeRequest {
        profile: String,
    }
    if let Some(refusal) = admin_api::refusal(&request, env)? {
        return Ok(refusal);
    }
    let bytes = body::read(&mut request).await.unwrap_or_default();
    let Ok(UnmergeRequest { profile: loser }) = serde_json::from_slice(&bytes) else {
        return response::error(400, "unreadable", "expected `{\"profile\": \"<id of the merged profile>\"}`");
    };
    let Some(profile) = admin_api::find(env, name).await? else { return admin_api::unknown_profile(name) };
    match call_merged(env, &profile, &Unmerge { loser: loser.clone() }).await? {
        Some((winner, UnmergeOutcome::Accepted)) => {
            response::json(200, &json!({ "profile": winner, "unmerged": loser }))
        }
        Some((_, UnmergeOutcome::Unknown)) => {
            response::error(404, "unknown_merge", "the profile was not merged into this one")
        }
        Some((_, UnmergeOutcome::Refused(reason))) => response::error(409, "not_undone", &reason),
        None => response::error(503, "moved", "the profile leads through too many merges"),
    }
}
