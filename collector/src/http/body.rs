//! The body of a request: bounded, and decompressed if it is gzip.

use futures_util::StreamExt;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Request, Response, Result};

/// The largest body, compressed or decompressed, in bytes.
pub const LIMIT: usize = 4 * 1024 * 1024;

/// The reason why a body cannot be used.
#[derive(Debug)]
pub enum BodyError {
    /// It is larger than [`LIMIT`].
    TooLarge,
    /// It could not be read, or begins as gzip and is not.
    Broken,
}

#[wasm_bindgen]
extern "C" {
    /// The platform's decompressor, which web-sys still marks as unstable.
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> core::result::Result<DecompressionStream, wasm_bindgen::JsValue>;
}

/// Returns the bytes of the body, decompressed if they begin as gzip. Headers are ignored, because one SDK sends gzip
/// labelled as a web form.
pub async fn read(request: &mut Request) -> core::result::Result<Vec<u8>, BodyError> {
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let mut stream = request.stream().map_err(|_| BodyError::Broken)?;
    let compressed = collect(&mut stream).await;
    if compressed.is_err() {
        // A sender that is cut off while it still sends does not see the response, so the rest is read.
        collect(&mut stream).await.ok();
    }
    let compressed = compressed?;
    if compressed.starts_with(&[0x1f, 0x8b]) {
        return collect(&mut decompress(compressed).map_err(|_| BodyError::Broken)?).await;
    }
    Ok(compressed)
}

fn decompress(mut compressed: Vec<u8>) -> Result<worker::ByteStream> {
    let gzip = DecompressionStream::new("gzip")?;
    let body = web_sys::Response::new_with_opt_u8_array(Some(&mut compressed))?.body();
    let body = body.ok_or_else(|| worker::Error::from("no body"))?;
    let decompressed = body.pipe_through(gzip.unchecked_ref());
    let response = web_sys::Response::new_with_opt_readable_stream(Some(&decompressed))?;
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
