//! `GET plan`: the sealed public plan, for browsers. With `?v=<id>` it may be cached for good.

use web_sys::Response;

use crate::endpoints::active_plan;
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;

/// The cache control of the address without an id, or with that of another plan: browsers ask each time, and are told `304`.
const REVALIDATED: &str = "public, no-cache";
/// The cache control of the address that names this plan.
const LONG: &str = "public, max-age=31536000, immutable";

/// Responds with the plan's bytes, or `304` to a browser that has them.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    active_plan(context).await?;
    let public = context.isolate.plans.public(&context.env, &context.isolate.config.plan_keys).await;
    let missing = || Refusal::new(503, "no_plan", "no public plan is loaded; see the log").with("retry-after", "5");
    let public = public.ok_or_else(missing)?;
    let tag = format!("\"{}\"", public.plan.id());
    let is_named = context.incoming.address.param("v").is_some_and(|id| id == public.plan.id());
    let headers = response::headers("application/octet-stream", if is_named { LONG } else { REVALIDATED })?;
    headers.set("etag", &tag)?;
    if context.incoming.has_copy(&tag) {
        return Ok(response::empty(304, &headers)?);
    }
    Ok(response::bytes(&mut public.sealed.clone(), &headers)?)
}
