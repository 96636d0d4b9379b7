//! Responses: JSON, never cached. Pages of other origins may read those to senders of events, and no others.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use worker::{Headers, Request, Response, Result};

use crate::event::IngestResult;

/// The time after which a sender should retry, in seconds.
const RETRY_AFTER: &str = "2";
/// The headers that clients of ours send.
const HEADERS: &str = "authorization, content-type, content-encoding";

/// Returns a JSON response.
pub fn json(status: u16, body: &impl Serialize) -> Result<Response> {
    let headers = Headers::new();
    headers.set("cache-control", "no-store")?;
    headers.set("x-content-type-options", "nosniff")?;
    Ok(Response::from_json(body)?.with_status(status).with_headers(with_type(headers)?))
}

/// Returns the response so that pages of any origin may read it.
///
/// Snowplow's trackers send with credentials, and browsers then want the origin by name. The collector has no cookies.
pub fn readable_anywhere(response: Response, origin: Option<&str>) -> Result<Response> {
    let headers = response.headers();
    headers.set("access-control-allow-origin", origin.unwrap_or("*"))?;
    if origin.is_some() {
        headers.set("access-control-allow-credentials", "true")?;
        headers.append("vary", "origin")?;
    }
    Ok(response)
}

fn with_type(headers: Headers) -> Result<Headers> {
    headers.set("content-type", "application/json; charset=utf-8")?;
    Ok(headers)
}

/// Returns an error response: a stable code, and a message for people.
pub fn error(status: u16, code: &str, message: &str) -> Result<Response> {
    let response = json(status, &json!({ "error": { "code": code, "message": message } }))?;
    if status == 401 {
        response.headers().set("www-authenticate", "Bearer realm=\"throughline\"")?;
    }
    if status == 503 {
        response.headers().set("retry-after", RETRY_AFTER)?;
    }
    Ok(response)
}

/// Returns the results of a batch: 200 if every event was stored or permanently rejected, 503 if some must be sent
/// again.
pub fn results(results: Vec<(String, IngestResult)>) -> Result<Response> {
    let again = results.iter().any(|(_, result)| result.is_retry());
    let body = json!({ "success": !again, "results": by_id(results) });
    let response = json(if again { 503 } else { 200 }, &body)?;
    if again {
        response.headers().set("retry-after", RETRY_AFTER)?;
    }
    Ok(response)
}

/// Returns one result for each message id: the first one, unless a later one has to be sent again.
pub fn by_id(results: Vec<(String, IngestResult)>) -> BTreeMap<String, IngestResult> {
    let mut by_id = BTreeMap::new();
    for (id, result) in results {
        if result.is_retry() || !by_id.contains_key(&id) {
            by_id.insert(id, result);
        }
    }
    by_id
}

/// Returns the response to a CORS preflight request of a page that is about to send events.
///
/// It allows the headers that are asked for: tracers add some to every request of a page, and a request of which one header
/// is refused is never sent.
pub fn preflight(request: &Request, methods: &str) -> Result<Response> {
    let headers = Headers::new();
    let asked = request.headers().get("access-control-request-headers")?;
    headers.set("access-control-allow-methods", methods)?;
    headers.set("access-control-allow-headers", asked.as_deref().unwrap_or(HEADERS))?;
    headers.set("access-control-max-age", "86400")?;
    headers.set("vary", "access-control-request-headers")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}
