//! The origin that pages come from.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};

use crate::error::Refusal;
use crate::request::RequestContext;

#[wasm_bindgen(module = "/origin.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetchOrigin)]
    async fn fetch_origin(
        request: &Request,
        env: &JsValue,
        origin: Option<&str>,
        site: &str,
        target: &str,
        device: Option<&str>,
        is_changed: bool,
    ) -> Result<JsValue, JsValue>;
}

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
/// `device` is the alias of the browser's credential. The origin can rely on its header, because the client's is removed.
///
/// The origin is `ORIGIN`, else the static assets, else the zone that this worker is a route of.
pub async fn fetch(
    context: &RequestContext,
    validators: Validators,
    device: Option<&str>,
) -> Result<Response, JsValue> {
    let address = &context.incoming.address;
    let (site, target, is_changed) = (address.origin(), address.target(), validators == Validators::Drop);
    let origin = context.isolate.config.origin.as_deref();
    let found = fetch_origin(&context.incoming.raw, &context.env, origin, &site, &target, device, is_changed).await?;
    if found.is_undefined() {
        return Refusal::new(508, "loop", "request loop: `ORIGIN` points to this worker").to_response();
    }
    found.dyn_into()
}
