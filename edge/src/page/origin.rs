//! Where pages come from.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, RequestInit, Response};

use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::Call;

/// Headers by which a browser asks whether its copy is still good.
const VALIDATORS: [&str; 4] = ["if-none-match", "if-modified-since", "if-match", "if-unmodified-since"];

/// What to do with the validators of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Validators {
    /// The page will not be changed: the origin may say that the browser's copy is good.
    Keep,
    /// The page may be changed: the browser's copy, if any, is of the unchanged one.
    Drop,
}

/// The origin's response, to a request without anything of ours.
///
/// The origin is `ORIGIN`, else the static assets, else the zone that this worker is a route of.
pub async fn fetch(call: &Call, validators: Validators) -> Result<Response, JsValue> {
    let incoming = &call.incoming;
    let me = format!("1.1 throughline-{}", incoming.address.host);
    if incoming.header("via").is_some_and(|via| via.split(',').any(|hop| hop.trim() == me)) {
        let message = "request loop: `ORIGIN` points to this worker";
        return crate::error::Refusal::new(508, "loop", message).answer();
    }
    let base = call.edge.config.origin.clone().unwrap_or_else(|| incoming.address.origin());
    // Joined as text: as a relative reference, a path such as `//elsewhere.example/` would lead there.
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
    if call.edge.config.origin.is_none()
        && let Some(assets) = js::binding::<Fetcher>(&call.env, "ASSETS")
    {
        return assets.fetch(&request).await;
    }
    headers.append("via", &me)?;
    headers.set("x-forwarded-host", &incoming.address.host)?;
    headers.set("x-forwarded-proto", &incoming.address.scheme)?;
    js::fetch(&request).await
}
