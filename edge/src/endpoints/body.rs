//! Request bodies: checks of type and size, and their JSON.

use core::fmt;

use js_sys::{Reflect, Uint8Array};
use throughline::Value;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;

/// Reads the JSON object in a request's body, as leniently as its meaning is clear.
///
/// # Errors
/// Returns those of [`text`], and `400` unless the body is a JSON object.
pub async fn json(context: &RequestContext, limit: usize) -> Result<Value, Refusal> {
    match Value::from_lenient_json(&text(context, limit).await?) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(invalid("expected an object")),
        Err(error) => Err(invalid(error)),
    }
}

/// Reads the text in a request's body, unpacked if it is gzip. Bytes that are not UTF-8 become U+FFFD.
///
/// # Errors
/// Returns `415` unless the type is JSON or `text/plain`, which beacons send; `413` for more than `limit` bytes, packed or
/// not; and `400` for gzip that is damaged.
pub async fn text(context: &RequestContext, limit: usize) -> Result<String, Refusal> {
    check_type(context)?;
    let mut bytes = read(context, limit).await?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let unpacked = unpack(&mut bytes).map_err(|_| damaged())?;
        bytes = collect(&unpacked, limit).await.map_err(|refusal| refusal.unwrap_or_else(damaged))?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn damaged() -> Refusal {
    invalid("the gzip data is damaged")
}

#[wasm_bindgen]
extern "C" {
    /// The platform's decompressor, which web-sys still marks as unstable.
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;

    type Pipe;
    #[wasm_bindgen(method, catch, js_name = pipeThrough)]
    fn pipe_through(this: &Pipe, transform: &DecompressionStream) -> Result<ReadableStream, JsValue>;
}

fn unpack(bytes: &mut [u8]) -> Result<ReadableStream, JsValue> {
    let packed = web_sys::Response::new_with_opt_u8_array(Some(bytes))?.body().ok_or("no body")?;
    packed.unchecked_into::<Pipe>().pipe_through(&DecompressionStream::new("gzip")?)
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
    if !["identity", "gzip", "x-gzip"].iter().any(|known| encoding.trim().eq_ignore_ascii_case(known)) {
        let message = format!("the encoding is `{encoding}`, expected gzip or none");
        return Err(Refusal::new(415, "unsupported_encoding", message).with("accept-encoding", "gzip"));
    }
    Ok(())
}

/// Reads the body, and stops as soon as it exceeds the limit. `Content-Length` alone is not trusted.
async fn read(context: &RequestContext, limit: usize) -> Result<Vec<u8>, Refusal> {
    let announced = context.incoming.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let Some(body) = context.incoming.raw.body() else { return Ok(Vec::new()) };
    collect(&body, limit).await.map_err(|refusal| refusal.unwrap_or_else(|| invalid("the body ends early")))
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(413, "too_large", format!("the body is longer than {limit} bytes"))
}

/// Returns the bytes of a stream. The error is `None` if the stream fails.
async fn collect(stream: &ReadableStream, limit: usize) -> Result<Vec<u8>, Option<Refusal>> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| None)?;
        if Reflect::get(&chunk, &"done".into()).map_err(|_| None)?.is_truthy() {
            return Ok(bytes);
        }
        let value = Reflect::get(&chunk, &"value".into()).map_err(|_| None)?;
        let chunk: Uint8Array = value.dyn_into().map_err(|_| None)?;
        if bytes.len().saturating_add(chunk.length() as usize) > limit {
            let _ = reader.cancel_with_reason(&JsValue::from("too long"));
            return Err(Some(too_large(limit)));
        }
        bytes.extend(chunk.to_vec());
    }
}
