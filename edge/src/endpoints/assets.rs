//! `GET tag.js`, `core.js`, `core.wasm`: the files that are deployed with this worker.

use web_sys::{Headers, Request, Response};

use crate::error::Refusal;
use crate::platform::js::{self, Fetcher};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;

/// The folder of the files among the assets, whatever `PREFIX` is.
const FOLDER: &str = "/_tl/";
/// The cache control without a version: five minutes, and another day while the new file is fetched.
const SHORT: &str = "public, max-age=300, stale-while-revalidate=86400";
/// The cache control with `?v=`, where another version has another address.
const LONG: &str = "public, max-age=31536000, immutable";

/// Responds with the file, or `404` if the assets do not have it.
pub async fn respond(context: &RequestContext, name: &str) -> Result<Response, Refusal> {
    let unknown =
        || Refusal::new(404, "unknown_endpoint", format!("unknown endpoint `{}`", context.incoming.address.path));
    let assets = js::binding::<Fetcher>(&context.env, "ASSETS").ok_or_else(unknown)?;
    let is_file = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !is_file {
        return Err(unknown());
    }
    let request = Request::new_with_str(&format!("{}{FOLDER}{name}", context.incoming.address.origin()))?;
    if let Some(known) = context.incoming.header("if-none-match") {
        request.headers().set("if-none-match", &known)?;
    }
    let found = assets.fetch(&request).await?;
    if found.status() != 200 && found.status() != 304 {
        return Err(unknown());
    }
    let headers = Headers::new_with_headers(&found.headers())?;
    headers.set("cache-control", if context.incoming.address.param("v").is_some() { LONG } else { SHORT })?;
    headers.set("x-content-type-options", "nosniff")?;
    let init = response::init(found.status(), &headers);
    Ok(Response::new_with_opt_readable_stream_and_init(found.body().as_ref(), &init)?)
}
