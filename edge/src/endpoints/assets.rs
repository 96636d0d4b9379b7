//! `GET tag.js`, `core.js`, `core.wasm`: the files that are deployed with this worker.

use js_sys::Uint8Array;
use throughline::keys::Crypto;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, Request, Response};

use crate::error::Refusal;
use crate::platform::crypto::Platform;
use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;

/// The folder of the files among the assets, whatever `PREFIX` is.
const FOLDER: &str = "/_tl/";
/// The cache control without a version: five minutes, and another day while the new file is fetched.
const SHORT: &str = "public, max-age=300, stale-while-revalidate=86400";
/// The cache control with `?v=` and the digest of the file, so that another version has another address.
const LONG: &str = "public, max-age=31536000, immutable";

/// The fewest digits of a digest that name a file.
const MIN_DIGITS: usize = 8;

/// Responds with the file, or `404` if the assets do not have it.
///
/// `?v=` has the first digits of the file's SHA-256 digest in hexadecimal, or its entity tag. While a new version is deployed,
/// a worker may be asked for a file that it does not have yet, and no cache may keep the old one under the new address.
pub async fn respond(context: &RequestContext, name: &str) -> Result<Response, Refusal> {
    let unknown =
        || Refusal::new(404, "unknown_endpoint", format!("unknown endpoint `{}`", context.incoming.address.path));
    let assets = js::binding::<Fetcher>(&context.env, "ASSETS").ok_or_else(unknown)?;
    let is_file = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !is_file {
        return Err(unknown());
    }
    let request = Request::new_with_str(&format!("{}{FOLDER}{name}", context.incoming.address.origin()))?;
    let version = context.incoming.address.param("v");
    if let Some(known) = context.incoming.header("if-none-match").filter(|_| version.is_none()) {
        request.headers().set("if-none-match", &known)?;
    }
    let found = assets.fetch(&request).await?;
    if found.status() != 200 && found.status() != 304 {
        return Err(unknown());
    }
    let headers = Headers::new_with_headers(&found.headers())?;
    headers.set("cache-control", SHORT)?;
    headers.set("x-content-type-options", "nosniff")?;
    let init = response::init(found.status(), &headers);
    let Some(version) = version else {
        return Ok(Response::new_with_opt_readable_stream_and_init(found.body().as_ref(), &init)?);
    };
    let mut bytes = Uint8Array::new(&JsFuture::from(found.array_buffer()?).await?).to_vec();
    let tag = headers.get("etag")?.unwrap_or_default();
    if is_version(&version, &bytes, &tag) {
        headers.set("cache-control", LONG)?;
    }
    if !tag.is_empty() && context.incoming.has_copy(&tag) {
        return Ok(response::empty(304, &headers)?);
    }
    Ok(response::bytes(&mut bytes, &headers)?)
}

/// Whether a version names these bytes.
fn is_version(version: &str, bytes: &[u8], tag: &str) -> bool {
    let digest: String = Platform.sha256(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    version.len() >= MIN_DIGITS
        && (version == tag.trim_matches('"') || digest.starts_with(&version.to_ascii_lowercase()))
}
