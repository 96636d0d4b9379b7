//! Request bodies: checks of type and size, and their JSON.

use core::fmt;

use js_sys::{Reflect, Uint8Array};
use throughline::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStreamDefaultReader;

use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;

/// Reads the JSON object in a request's body.
///
/// # Errors
/// Returns `415` unless the type is JSON or `text/plain`, which beacons send; `413` for more than `limit` bytes; and `400`
/// unless the body is a JSON object.
pub async fn json(context: &RequestContext, limit: usize) -> Result<Value, Refusal> {
    check_type(context)?;
    let bytes = read(context, limit).await?;
    let text = core::str::from_utf8(&bytes).map_err(invalid)?;
    match Value::from_json(text) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(invalid("expected an object")),
        Err(error) => Err(invalid(error)),
    }
}

/// Returns the refusal of an invalid body.
pub fn invalid(reason: impl fmt::Display) -> Refusal {
    Refusal::new(400, "invalid_json", format!("invalid body: {reason}"))
}

fn check_type(context: &RequestContext) -> Result<(), Refusal> {
    let found = context.incoming.header("content-type").unwrap_or_default();
    let kind = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoding = context.incoming.header("content-encoding").unwrap_or_else(|| "identity".to_owned());
    if !matches!(kind.as_str(), "application/json" | "text/plain") {
        let message = format!("the content type is `{kind}`, expected `application/json` or `text/plain`");
        return Err(
            Refusal::new(415, "unsupported_media_type", message).with("accept-post", "application/json, text/plain")
        );
    }
    if encoding != "identity" {
        return Err(Refusal::new(415, "unsupported_encoding", "the body is compressed, expected uncompressed JSON")
            .with("accept-encoding", "identity"));
    }
    Ok(())
}

/// Reads the body, and stops as soon as it exceeds the limit. `Content-Length` alone is not trusted.
async fn read(context: &RequestContext, limit: usize) -> Result<Vec<u8>, Refusal> {
    let too_large = || Refusal::new(413, "too_large", format!("the body is longer than {limit} bytes"));
    let announced = context.incoming.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let Some(body) = context.incoming.raw.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if Reflect::get(&chunk, &"done".into())?.is_truthy() {
            return Ok(bytes);
        }
        let chunk: Uint8Array = Reflect::get(&chunk, &"value".into())?.dyn_into()?;
        if bytes.len().saturating_add(chunk.length() as usize) > limit {
            let _ = reader.cancel_with_reason(&JsValue::from("too long"));
            return Err(too_large());
        }
        bytes.extend(chunk.to_vec());
    }
}
