//! Responses of endpoints, with their headers.

use throughline::Value;
use throughline::canonical;
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response, ResponseInit};

/// The cache control of responses that are personal or change at any time.
pub const NO_STORE: &str = "no-store";

/// Returns a JSON response that is never cached.
pub fn json(status: u16, body: &Value) -> Result<Response, JsValue> {
    json_text(status, &canonical::to_string(body))
}

/// Returns the same for JSON that is serialised already.
pub fn json_text(status: u16, body: &str) -> Result<Response, JsValue> {
    let headers = headers("application/json", NO_STORE)?;
    Response::new_with_opt_str_and_init(Some(body), &init(status, &headers))
}

/// Returns a response with a binary body.
pub fn bytes(body: &mut [u8], headers: &Headers) -> Result<Response, JsValue> {
    Response::new_with_opt_u8_array_and_init(Some(body), &init(200, headers))
}

/// Returns a response without a body.
pub fn empty(status: u16, headers: &Headers) -> Result<Response, JsValue> {
    Response::new_with_opt_str_and_init(None, &init(status, headers))
}

/// Returns the headers for a body of this type.
pub fn headers(content_type: &str, cache_control: &str) -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", content_type)?;
    headers.set("cache-control", cache_control)?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(headers)
}

/// Returns status and headers for the constructors of `Response`.
pub fn init(status: u16, headers: &Headers) -> ResponseInit {
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(headers);
    init
}
