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

/// The headers that pages may send if their preflight names none that can be reflected.
const HEADERS: &str = "authorization, content-type, if-none-match, x-tl-device, x-tl-token";
/// The headers that pages may read.
const EXPOSED: &str = "etag, retry-after, x-tl-plan";
/// The longest list of headers that is reflected, in bytes.
const MAX_HEADERS: usize = 2048;

/// Refuses requests of other sites' pages, which carry the visitor's cookies.
///
/// The browser's own word is believed: a proxy may have changed scheme and host, and no page can forge `Sec-Fetch-Site`.
///
/// # Errors
/// Returns `403` for a foreign `Origin`, and for a cross-site request without one.
pub fn check_sender(context: &RequestContext) -> Result<(), Refusal> {
    let origin = context.incoming.header("origin");
    let is_ours = match (origin, context.incoming.header("sec-fetch-site").as_deref()) {
        (_, Some("same-origin")) | (None, None | Some("none")) => true,
        (Some(origin), _) => is_ours(context, &origin),
        (None, Some(_)) => false,
    };
    if is_ours {
        return Ok(());
    }
    let refused = &context.isolate.refused_senders;
    refused.set(refused.get().saturating_add(1));
    Err(Refusal::new(403, "foreign_origin", "requests from this origin are refused: it is not in `ALLOWED_ORIGINS`"))
}

/// Responds to a preflight request.
///
/// Tracers and the like add headers of their own to every request, so those that are asked for are allowed. What counts is the
/// origin.
pub fn preflight(context: &RequestContext, methods: &[&str], readers: Readers) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("cache-control", response::NO_STORE)?;
    headers.set("allow", &allow(methods))?;
    headers.set("access-control-allow-methods", &allow(methods))?;
    let asked = context.incoming.header("access-control-request-headers").filter(|names| is_list_of_names(names));
    headers.set("access-control-allow-headers", asked.as_deref().unwrap_or(HEADERS))?;
    headers.set("access-control-max-age", "7200")?;
    response::empty(204, &headers).and_then(|response| {
        add_headers(context, &response, readers)?;
        Ok(response)
    })
}

fn is_list_of_names(text: &str) -> bool {
    text.len() <= MAX_HEADERS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~, ".contains(&byte))
}

/// Adds the headers that let pages of other origins read a response.
pub fn add_headers(context: &RequestContext, response: &Response, readers: Readers) -> Result<(), JsValue> {
    let headers = response.headers();
    if readers == Readers::All {
        headers.set("access-control-allow-origin", "*")?;
        headers.set("access-control-expose-headers", EXPOSED)?;
        return headers.set("cross-origin-resource-policy", "cross-origin");
    }
    headers.append("vary", "Origin")?;
    if let Some(origin) = context.incoming.header("origin").filter(|origin| is_ours(context, origin)) {
        headers.set("access-control-allow-origin", &origin)?;
        headers.set("access-control-allow-credentials", "true")?;
        headers.set("access-control-expose-headers", EXPOSED)?;
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
