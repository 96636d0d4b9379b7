//! `GET /v1/reports/identity-audit`: source records, people, conflicts and blocked merges, by source and in total.

use futures_util::future::join_all;
use serde_json::json;
use worker::{Env, Request, Response, Result};

use crate::event::identifier::shards;
use crate::http::admin_api;
use crate::http::response;
use crate::identity;
use crate::identity::audit::{TOTAL, Totals};

/// The number of objects that are asked at once.
const AT_ONCE: usize = 32;

/// Responds with the sums that the Identity objects keep. Profiles report to them within seconds; none is asked.
pub async fn identity_audit(request: &Request, env: &Env) -> Result<Response> {
    if let Some(refusal) = admin_api::refusal(request, env)? {
        return Ok(refusal);
    }
    let shards: Vec<String> = shards().collect();
    let mut totals = Totals::default();
    for some in shards.chunks(AT_ONCE) {
        for of_shard in join_all(some.iter().map(|shard| identity::totals(env, shard))).await {
            totals.extend(&of_shard?);
        }
    }
    let total = totals.0.remove(TOTAL).unwrap_or_default();
    response::json(200, &json!({ "total": total, "sources": totals.0 }))
}
