//! The origin that pages come from.

use throughline::token::jws::{MAX_TOKEN, Unverified};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, RequestInit, Response};

use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::visitor::device;

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

/// Whether a bearer token is one of ours: its header says so. The origin's own tokens pass.
fn is_ours(token: &str) -> bool {
    let parsed = Unverified::parse(token, MAX_TOKEN);
    parsed.is_ok_and(|token| token.typ().is_some_and(|typ| typ.starts_with("tl") && typ.ends_with("+jwt")))
}

/// Returns the origin's response to the request, sent without the edge's cookies, headers and parameters.
///
/// `device` is the alias of the browser's credential. The origin can rely on its header, because the client's is removed.
///
/// The origin is `ORIGIN`, else the static assets, else the zone that this worker is a route of.
pub async fn fetch(
    context: &RequestContext,
    validators: Validators,
    device: Option<&str>,
) -> Result<Response, JsValue> {
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
    if incoming.bearer().is_some_and(|token| is_ours(&token)) {
        headers.delete("authorization")?;
    }
    match device {
        Some(alias) => headers.set(device::HEADER, alias)?,
        None => headers.delete(device::HEADER)?,
    }
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
