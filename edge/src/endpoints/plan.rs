//! `GET plan`: the sealed public plan, for browsers.

use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::response;

/// Browsers ask again after half a minute, and may use what they have meanwhile.
const CACHE: &str = "public, max-age=30, stale-while-revalidate=300";

/// The plan's bytes; `304` to a browser that has them.
pub async fn respond(call: &Call) -> Result<Response, Refusal> {
    active_plan(call).await?;
    let public = call.edge.plans.public(&call.env, &call.edge.config.plan_keys).await;
    let missing = || Refusal::new(503, "no_plan", "no public plan is loaded; see the log").with("retry-after", "5");
    let public = public.ok_or_else(missing)?;
    let tag = format!("\"{}\"", public.plan.id());
    let headers = response::headers("application/octet-stream", CACHE)?;
    headers.set("etag", &tag)?;
    if call.incoming.has_copy(&tag) {
        return Ok(response::empty(304, &headers)?);
    }
    Ok(response::bytes(&mut public.sealed.clone(), &headers)?)
}
