//! Authentication: the keys in a request.

use base64ct::{Base64, Encoding};
use worker::Request;

/// Returns the write key, as Segment's SDKs send it: the user name of Basic authorization, or `?writeKey=` where no
/// header can be set.
pub fn write_key(request: &Request) -> Option<String> {
    let basic = authorization(request, "Basic").and_then(|encoded| Base64::decode_vec(&encoded).ok());
    let user = basic.and_then(|bytes| String::from_utf8(bytes).ok()).map(|pair| match pair.split_once(':') {
        Some((user, _)) => user.to_owned(),
        None => pair,
    });
    user.filter(|key| !key.is_empty()).or_else(|| parameter(request, "writeKey"))
}

/// Returns the secret key: `Authorization: Bearer`, or the user name of Basic authorization.
pub fn bearer(request: &Request) -> Option<String> {
    authorization(request, "Bearer").or_else(|| write_key(request))
}

/// Returns a query parameter.
pub fn parameter(request: &Request, name: &str) -> Option<String> {
    let url = request.url().ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn authorization(request: &Request, scheme: &str) -> Option<String> {
    let header = request.headers().get("authorization").ok().flatten()?;
    let (found, credentials) = header.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim().to_owned())
}
