//! The answers: JSON, readable from any page, kept by nobody.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use worker::{Headers, Response, Result};

use crate::ingest::record::Outcome;

/// How long a sender should wait before it sends again, in seconds.
const RETRY_AFTER: &str = "2";

/// A JSON answer.
pub fn json(status: u16, body: &impl Serialize) -> Result<Response> {
    let headers = Headers::new();
    headers.set("cache-control", "no-store")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("access-control-allow-origin", "*")?;
    Ok(Response::from_json(body)?.with_status(status).with_headers(with_type(headers)?))
}

fn with_type(headers: Headers) -> Result<Headers> {
    headers.set("content-type", "application/json; charset=utf-8")?;
    Ok(headers)
}

/// An error: a stable code, and a sentence for people.
pub fn error(status: u16, code: &str, message: &str) -> Result<Response> {
    let response = json(status, &json!({ "error": { "code": code, "message": message } }))?;
    if status == 401 {
        response.headers().set("www-authenticate", "Basic realm=\"throughline\"")?;
    }
    if status == 503 {
        response.headers().set("retry-after", RETRY_AFTER)?;
    }
    Ok(response)
}

/// The results of a batch: 200 if every event is either kept or hopeless, 503 if some must be sent again.
pub fn results(outcomes: Vec<(String, Outcome)>) -> Result<Response> {
    let again = outcomes.iter().any(|(_, outcome)| outcome.is_retry());
    let body = json!({ "success": !again, "results": by_id(outcomes) });
    let response = json(if again { 503 } else { 200 }, &body)?;
    if again {
        response.headers().set("retry-after", RETRY_AFTER)?;
    }
    Ok(response)
}

/// One outcome for each message id: the first one, unless a later one has to be sent again.
pub fn by_id(outcomes: Vec<(String, Outcome)>) -> BTreeMap<String, Outcome> {
    let mut results = BTreeMap::new();
    for (id, outcome) in outcomes {
        if outcome.is_retry() || !results.contains_key(&id) {
            results.insert(id, outcome);
        }
    }
    results
}

/// The answer to a page of another origin that asks whether it may send.
pub fn preflight() -> Result<Response> {
    let headers = Headers::new();
    headers.set("access-control-allow-origin", "*")?;
    headers.set("access-control-allow-methods", "GET, POST, OPTIONS")?;
    headers.set("access-control-allow-headers", "authorization, content-type, content-encoding")?;
    headers.set("access-control-max-age", "86400")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}
