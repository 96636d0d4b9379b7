//! Cross-origin access to the endpoints (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use wasm_bindgen::JsValue;
use web_sys::{Headers, Response};

use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;

/// The pages of other origins that may read an endpoint's responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// All pages, without cookies.
    All,
    /// The site's own pages and those of `ALLOWED_ORIGINS`, with cookies.
    Ours,
}

/// Refuses requests of other sites' pages, which carry the visitor's cookies.
///
/// # Errors
/// Returns `403` for a foreign `Origin`, and for a cross-site request without one.
pub fn check_sender(context: &RequestContext) -> Result<(), Refusal> {
    let is_ours = match context.incoming.header("origin") {
        Some(origin) => is_ours(context, &origin),
        None => context.incoming.header("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none"),
    };
    if is_ours {
        return Ok(());
    }
    Err(Refusal::new(403, "foreign_origin", "requests from this origin are refused: it is not in `ALLOWED_ORIGINS`"))
}

/// Responds to a preflight request.
pub fn preflight(context: &RequestContext, methods: &[&str]) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("cache-control", response::NO_STORE)?;
    headers.set("allow", &allow(methods))?;
    headers.set("access-control-allow-methods", &allow(methods))?;
    headers
        .set("access-control-allow-headers", "authorization, content-type, if-none-match, x-tl-device, x-tl-token")?;
    headers.set("access-control-max-age", "7200")?;
    response::empty(204, &headers).and_then(|response| {
        add_headers(context, &response, Readers::Ours)?;
        Ok(response)
    })
}

/// Adds the headers that let pages of other origins read a response.
pub fn add_headers(context: &RequestContext, response: &Response, readers: Readers) -> Result<(), JsValue> {
    let headers = response.headers();
    if readers == Readers::All {
        headers.set("access-control-allow-origin", "*")?;
        return headers.set("cross-origin-resource-policy", "cross-origin");
    }
    headers.append("vary", "Origin")?;
    if let Some(origin) = context.incoming.header("origin").filter(|origin| is_ours(context, origin)) {
        headers.set("access-control-allow-origin", &origin)?;
        headers.set("access-control-allow-credentials", "true")?;
        headers.set("access-control-expose-headers", "etag, retry-after")?;
    }
    Ok(())
}

/// Returns the value of the `Allow` header for an endpoint's methods.
pub fn allow(methods: &[&str]) -> String {
    let head = methods.contains(&"GET").then_some("HEAD");
    methods.iter().copied().chain(head).chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
}

fn is_ours(context: &RequestContext, origin: &str) -> bool {
    origin == context.incoming.address.origin()
        || context.isolate.config.allowed_origins.iter().any(|allowed| allowed == origin)
}
