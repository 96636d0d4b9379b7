//! The origin that pages come from.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, RequestInit, Response};

use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::RequestContext;

/// Headers by which a browser revalidates its copy.
const VALIDATORS: [&str; 4] = ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since"];

/// The treatment of a request's validators.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validators {
    /// The page will not be changed: the origin may answer that the browser's copy is current.
    Keep,
    /// The page may be changed: a copy that the browser has is of the unchanged page.
    Drop,
}

/// Returns the origin's response to the request, sent without the edge's cookies, headers and parameters.
///
/// The origin is `ORIGIN`, else the static assets, else the zone that this worker is a route of.
pub async fn fetch(context: &RequestContext, validators: Validators) -> Result<Response, JsValue> {
    let incoming = &context.incoming;
    let hop_name = format!("1.1 throughline-{}", incoming.address.host);
    if incoming.header("via").is_some_and(|via| via.split(',').any(|hop| hop.trim() == hop_name)) {
        let message = "request loop: `ORIGIN` points to this worker";
        return crate::error::Refusal::new(508, "loop", message).to_response();
    }
    let base = context.isolate.config.origin.clone().unwrap_or_else(|| incoming.address.origin());
    // Joined as strings: as a relative reference, a path such as `//elsewhere.example/` would lead there.
    let url = format!("{base}{}", incoming.address.target());
    let request = Request::new_with_str_and_init(&url, incoming.raw.unchecked_ref::<RequestInit>())?;
    let headers = request.headers();
    headers.delete("x-tl-token")?;
    match incoming.cookies.foreign() {
        Some(cookies) => headers.set("cookie", &cookies)?,
        None => headers.delete("cookie")?,
    }
    if validators == Validators::Drop {
        for name in VALIDATORS {
            headers.delete(name)?;
        }
    }
    if context.isolate.config.origin.is_none()
        && let Some(assets) = js::binding::<Fetcher>(&context.env, "ASSETS")
    {
        return assets.fetch(&request).await;
    }
    headers.append("via", &hop_name)?;
    headers.set("x-forwarded-host", &incoming.address.host)?;
    headers.set("x-forwarded-proto", &incoming.address.scheme)?;
    js::fetch(&request).await
}
