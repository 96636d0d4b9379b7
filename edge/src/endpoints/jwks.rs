//! `GET jwks.json`: the public keys of the profile token. With `JWKS` it is at `/.well-known/jwks.json` as well.

use web_sys::Response;

use crate::error::Refusal;
use crate::request::RequestContext;
use crate::response;

/// Responds with the key set, without private keys and shared secrets.
pub fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    let keys = context.isolate.config.tokens.as_ref().map(|verifier| verifier.keys().public_jwks());
    let response = response::json_text(200, keys.as_deref().unwrap_or("{\"keys\":[]}"))?;
    response.headers().set("content-type", "application/jwk-set+json")?;
    response.headers().set("cache-control", "public, max-age=300")?;
    Ok(response)
}
