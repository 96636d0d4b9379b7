//! `GET /.well-known/gpc.json`: the site's Global Privacy Control statement (<https://www.w3.org/TR/gpc/>).

use throughline::{Object, Value};
use web_sys::Response;

use crate::endpoints::loaded_plan;
use crate::error::Refusal;
use crate::request::RequestContext;
use crate::response;

/// Responds with the statement of the date `since`. The signal is honoured if the rules take it for a refusal of any purpose.
pub async fn respond(context: &RequestContext, since: &str) -> Result<Response, Refusal> {
    let plan = loaded_plan(context).await?;
    let is_honoured = plan.gpc_purposes().next().is_some();
    let mut out = Object::new();
    out.insert("gpc", Value::Bool(is_honoured));
    out.insert("lastUpdate", since);
    let response = response::json(200, &Value::Object(out))?;
    response.headers().set("cache-control", "public, max-age=300")?;
    Ok(response)
}
