//! Authentication: the keys in a request.

use base64ct::{Base64, Encoding};
use worker::Request;

/// Returns the write key, as Segment's SDKs send it: the user name of Basic authorization, or `?writeKey=` where no
/// header can be set.
pub fn write_key(request: &Request) -> Option<String> {
    basic_user(request).or_else(|| parameter(request, "writeKey"))
}

/// Returns the secret key or the edge's: `Authorization: Bearer` alone.
///
/// Never from the address, because addresses are written to logs and histories. Never from Basic authorization, because
/// browsers keep it and send it again with requests of any page.
pub fn secret(request: &Request) -> Option<String> {
    authorization(request, "Bearer")
}

/// Returns a query parameter.
pub fn parameter(request: &Request, name: &str) -> Option<String> {
    let url = request.url().ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Returns the user name of Basic authorization.
fn basic_user(request: &Request) -> Option<String> {
    let decoded = Base64::decode_vec(&authorization(request, "Basic")?).ok()?;
    let pair = String::from_utf8(decoded).ok()?;
    let user = pair.split_once(':').map_or(pair.as_str(), |(user, _)| user);
    Some(user.to_owned()).filter(|user| !user.is_empty())
}

fn authorization(request: &Request, scheme: &str) -> Option<String> {
    let header = request.headers().get("authorization").ok().flatten()?;
    let (found, credentials) = header.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim().to_owned())
}
