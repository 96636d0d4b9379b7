//! `GET tag.js`, `core.js`, `core.wasm`: files that are deployed with this worker.

use web_sys::{Headers, Request, Response};

use crate::error::Refusal;
use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::Call;
use crate::response;

/// Where the files are among the assets, whatever `PREFIX` is.
const FOLDER: &str = "/_tl/";
/// Without a version in the address: used for five minutes, and a day longer while the new one is fetched.
const SHORT: &str = "public, max-age=300, stale-while-revalidate=86400";
/// With `?v=`: another version has another address.
const LONG: &str = "public, max-age=31536000, immutable";

/// The file; `404` where the assets do not have it.
pub async fn respond(call: &Call, name: &str) -> Result<Response, Refusal> {
    let unknown =
        || Refusal::new(404, "unknown_endpoint", format!("unknown endpoint `{}`", call.incoming.address.path));
    let assets = js::binding::<Fetcher>(&call.env, "ASSETS").ok_or_else(unknown)?;
    let is_file = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !is_file {
        return Err(unknown());
    }
    let request = Request::new_with_str(&format!("{}{FOLDER}{name}", call.incoming.address.origin()))?;
    if let Some(known) = call.incoming.header("if-none-match") {
        request.headers().set("if-none-match", &known)?;
    }
    let found = assets.fetch(&request).await?;
    if found.status() != 200 && found.status() != 304 {
        return Err(unknown());
    }
    let headers = Headers::new_with_headers(&found.headers())?;
    headers.set("cache-control", if call.incoming.address.param("v").is_some() { LONG } else { SHORT })?;
    headers.set("x-content-type-options", "nosniff")?;
    let init = response::init(found.status(), &headers);
    Ok(Response::new_with_opt_readable_stream_and_init(found.body().as_ref(), &init)?)
}
