//! Which other sites' pages may use the endpoints.

use wasm_bindgen::JsValue;
use web_sys::{Headers, Response};

use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::response;

/// Who may read an endpoint's answers from a page of another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody, without cookies.
    All,
    /// The site's own pages and those of `ALLOWED_ORIGINS`, with cookies.
    Ours,
}

/// Refuses what another site's page sends with the visitor's cookies.
///
/// # Errors
/// `403` for a foreign `Origin`, and for a cross-site request that names none.
pub fn check_sender(call: &Call) -> Result<(), Refusal> {
    let is_ours = match call.incoming.header("origin") {
        Some(origin) => is_ours(call, &origin),
        None => call.incoming.header("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none"),
    };
    if is_ours {
        return Ok(());
    }
    Err(Refusal::new(403, "foreign_origin", "requests from this origin are refused: it is not in `ALLOWED_ORIGINS`"))
}

/// The answer to a preflight request.
pub fn preflight(call: &Call, methods: &[&str]) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("cache-control", response::NO_STORE)?;
    headers.set("allow", &allow(methods))?;
    headers.set("access-control-allow-methods", &allow(methods))?;
    headers.set("access-control-allow-headers", "authorization, content-type, if-none-match, x-tl-token")?;
    headers.set("access-control-max-age", "7200")?;
    response::empty(204, &headers).and_then(|response| {
        open(call, &response, Readers::Ours)?;
        Ok(response)
    })
}

/// Adds the headers that let a page of another origin read an answer.
pub fn open(call: &Call, response: &Response, readers: Readers) -> Result<(), JsValue> {
    let headers = response.headers();
    if readers == Readers::All {
        headers.set("access-control-allow-origin", "*")?;
        return headers.set("cross-origin-resource-policy", "cross-origin");
    }
    headers.append("vary", "Origin")?;
    if let Some(origin) = call.incoming.header("origin").filter(|origin| is_ours(call, origin)) {
        headers.set("access-control-allow-origin", &origin)?;
        headers.set("access-control-allow-credentials", "true")?;
        headers.set("access-control-expose-headers", "etag, retry-after")?;
    }
    Ok(())
}

/// The methods of an endpoint, as `Allow` has them.
pub fn allow(methods: &[&str]) -> String {
    let head = methods.contains(&"GET").then_some("HEAD");
    methods.iter().copied().chain(head).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
}

fn is_ours(call: &Call, origin: &str) -> bool {
    origin == call.incoming.address.origin() || call.edge.config.allowed_origins.iter().any(|allowed| allowed == origin)
}
