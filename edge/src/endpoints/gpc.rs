//! `GET /.well-known/gpc.json`: what the site says of Global Privacy Control (<https://www.w3.org/TR/gpc/>).

use throughline::{Object, Value};
use web_sys::Response;

use crate::endpoints::loaded_plan;
use crate::error::Refusal;
use crate::request::Call;
use crate::response;

/// The statement of `since`, a date. It says what the rules do: whether they take the signal for a refusal of anything.
pub async fn respond(call: &Call, since: &str) -> Result<Response, Refusal> {
    let plan = loaded_plan(call).await?;
    let is_honoured = plan.gpc_purposes().next().is_some();
    let mut out = Object::new();
    out.insert("gpc", Value::Bool(is_honoured));
    out.insert("lastUpdate", since);
    let response = response::json(200, &Value::Object(out))?;
    response.headers().set("cache-control", "public, max-age=300")?;
    Ok(response)
}
