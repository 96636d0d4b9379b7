//! Reading a request's body, bounded, and unpacked where it is gzip.

use futures_util::StreamExt;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Request, Response, Result};

/// Bodies larger than this, packed or unpacked, are refused.
pub const LIMIT: usize = 4 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug)]
pub enum BodyError {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// It could not be read, or is not the gzip that it begins as.
    Broken,
}

#[wasm_bindgen]
extern "C" {
    /// The platform's own; web-sys still calls it unstable.
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> core::result::Result<DecompressionStream, wasm_bindgen::JsValue>;
}

/// The bytes of the body. What begins as gzip is unpacked, whatever the headers say: one SDK sends gzip as a web form.
pub async fn read(request: &mut Request) -> core::result::Result<Vec<u8>, BodyError> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let mut stream = request.stream().map_err(|_| BodyError::Broken)?;
    let packed = collect(&mut stream).await;
    if packed.is_err() {
        // A sender that is cut off while it still sends does not see the answer.
        collect(&mut stream).await.ok();
    }
    let packed = packed?;
    if packed.starts_with(&[0x1f, 0x8b]) {
        return collect(&mut unpack(packed).map_err(|_| BodyError::Broken)?).await;
    }
    Ok(packed)
}

fn unpack(mut packed: Vec<u8>) -> Result<worker::ByteStream> {
    let gzip = DecompressionStream::new("gzip")?;
    let body = web_sys::Response::new_with_opt_u8_array(Some(&mut packed))?.body();
    let body = body.ok_or_else(|| worker::Error::from("no body"))?;
    let unpacked = body.pipe_through(gzip.unchecked_ref());
    let response = web_sys::Response::new_with_opt_readable_stream(Some(&unpacked))?;
    Response::from(response).stream()
}

async fn collect(stream: &mut worker::ByteStream) -> core::result::Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if out.len().saturating_add(chunk.len()) > LIMIT {
            return Err(BodyError::TooLarge);
        }
        out.extend(chunk);
    }
    Ok(out)
}
