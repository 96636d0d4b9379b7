//! `POST /v1/{identify,track,page,screen,group,alias,batch,import}`: calls of Segment's SDKs. And events of other clients,
//! at the addresses that these have built in.

use base64ct::{Base64, Encoding};
use serde_json::json;
use throughline::{Arrival, Batch, Millis, Value, percent_decode};
use worker::{Env, Headers, Method, Request, Response, Result};

use crate::http::auth;
use crate::http::body::{self, BodyError};
use crate::http::response;
use crate::identity::rules::IdentityRules;
use crate::ingest::dialect::{Dialect, from_base64};
use crate::ingest::segment_call::{Calls, Rejected};
use crate::ingest::{Incoming, ingest, store_rejected};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::platform::settings::{Settings, Source};
use crate::store::failed_events::FailedEvent;

/// A transparent image of one pixel, in base64.
const PIXEL: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// Ingests the calls of a request, in the language of its client.
pub async fn calls(mut request: Request, env: &Env, dialect: Dialect) -> Result<Response> {
    let settings = Settings::of(env);
    // A wrong key is refused before the body is read.
    let shown = dialect.key_parameter().and_then(|name| auth::parameter(&request, name));
    let shown = auth::write_key(&request).or(shown);
    if shown.as_ref().is_some_and(|key| settings.source(key).is_none()) {
        return unknown_key();
    }
    let text = match text(&mut request, dialect).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let batch = match split(&text, dialect) {
        Ok(batch) => batch,
        Err(message) => return response::error(400, "unreadable", &message),
    };
    let calls = batch.calls.as_deref().unwrap_or_default();
    let key = shown.or_else(|| dialect.write_key(&batch, calls.first().copied())).unwrap_or_default();
    let Some(source) = settings.source(&key) else { return unknown_key() };
    let rules = IdentityRules::new(plan_cache::current(env).await);
    let arrival = Arrival { received: Millis(clock::now()), sent_at: dialect.sent_at(&batch) };
    let calls = Calls::new(&settings, &rules, source, arrival, &random_id).read(calls, dialect);
    store(env, &rules, source, calls).await
}

/// Ingests the call in the address of an image, and responds with the image.
pub async fn pixel(request: Request, env: &Env, dialect: Dialect) -> Result<Response> {
    let answer = calls(request, env, dialect).await?;
    let headers = Headers::new();
    headers.set("content-type", "image/gif")?;
    headers.set("cache-control", "no-store")?;
    let image = Base64::decode_vec(PIXEL).unwrap_or_default();
    Ok(Response::from_bytes(image)?.with_status(answer.status_code()).with_headers(headers))
}

/// `GET /v1/projects/{key}/settings`: what Segment's SDKs for browsers and phones ask before they send anything.
///
/// It names this collector as the place that events go to, and no other destination.
pub fn settings(request: &Request, env: &Env, key: &str) -> Result<Response> {
    if Settings::of(env).source(key).is_none() {
        return unknown_key();
    }
    let url = request.url()?;
    let forwarded = request.headers().get("x-forwarded-proto")?.filter(|scheme| scheme == "https");
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let segment = json!({
        "apiKey": key,
        "apiHost": format!("{host}/v1"),
        "protocol": forwarded.as_deref().unwrap_or_else(|| url.scheme()),
        "addBundledMetadata": true,
        "unbundledIntegrations": [],
        "maybeBundledConfigIds": {},
        "versionSettings": { "version": "4.4.7", "componentTypes": ["browser"] },
    });
    let enabled = || json!({ "__default": { "enabled": true, "integrations": {} } });
    let settings = json!({
        "integrations": { "Segment.io": segment },
        "plan": { "track": enabled(), "identify": enabled(), "group": enabled() },
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "remotePlugins": [],
        "metrics": { "sampleRate": 0 },
        "analyticsNextEnabled": true,
        "legacyVideoPluginsEnabled": false,
    });
    response::json(200, &settings)
}

/// `POST /v1/m`: numbers about the SDK itself, which nobody needs.
pub fn metrics() -> Result<Response> {
    response::json(200, &json!({ "success": true }))
}

fn unknown_key() -> Result<Response> {
    response::error(401, "unknown_key", "the write key is missing or unknown")
}

/// Cuts a body into calls.
fn split(text: &str, dialect: Dialect) -> core::result::Result<Batch<'_>, String> {
    let mut batch =
        Batch::split(text, dialect.list()).map_err(|error| format!("the body is not a call or a batch: {error}"))?;
    if batch.is_list && matches!(dialect, Dialect::Segment(_)) {
        return Err("the body is a list, expected a call or a batch".to_owned());
    }
    // A body without a list is one call, and a path that names a kind takes one only.
    let is_one = match dialect {
        Dialect::Segment(kind) => kind.is_some(),
        Dialect::PostHog | Dialect::Snowplow => batch.calls.is_none(),
    };
    if is_one {
        batch.calls = Some(vec![text]);
    }
    Ok(batch)
}

/// Returns the JSON of a request: its body, or what a client has put into a form or the address.
async fn text(request: &mut Request, dialect: Dialect) -> core::result::Result<String, Result<Response>> {
    if request.method() == Method::Get {
        return Ok(match dialect {
            Dialect::Snowplow => in_address(request),
            Dialect::Segment(_) | Dialect::PostHog => {
                auth::parameter(request, "data").and_then(plain).unwrap_or_default()
            }
        });
    }
    let bytes = body::read(request).await.map_err(|error| match error {
        BodyError::TooLarge => response::error(413, "too_large", &format!("expected at most {} bytes", body::LIMIT)),
        BodyError::Broken => response::error(400, "unreadable", "the body cannot be read"),
    })?;
    // What is not UTF-8 becomes U+FFFD, so that an odd byte costs nothing else.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let form = text.split('&').find_map(|pair| pair.strip_prefix("data=")).filter(|_| dialect == Dialect::PostHog);
    let decoded = |data: &str| String::from_utf8_lossy(&percent_decode(&data.replace('+', " "))).into_owned();
    let data = form.and_then(|data| plain(decoded(data)));
    Ok(data.unwrap_or(text))
}

/// Returns the JSON in a parameter: as it is, or in base64. A form turns the `+` of base64 into a space.
fn plain(data: String) -> Option<String> {
    if data.trim_start().starts_with(['{', '[']) { Some(data) } else { from_base64(&data.trim().replace(' ', "+")) }
}

/// Returns the parameters of an address, as the only event of a batch.
fn in_address(request: &Request) -> String {
    let url = request.url().ok();
    let pairs = url.iter().flat_map(worker::Url::query_pairs);
    let event = Value::Object(pairs.map(|(name, value)| (name, Value::from(value.as_ref()))).collect());
    throughline::canonical::to_string(&Value::Object([("data", Value::Array(vec![event]))].into_iter().collect()))
}

/// Returns a message id for a call that has none.
fn random_id() -> String {
    let digits = || format!("{:013x}", (js_sys::Math::random() * 4_503_599_627_370_496.0) as u64);
    format!("tl-{}{}", digits(), digits())
}

/// Stores the records in their profiles, and the rejected calls among the failed events.
async fn store(
    env: &Env,
    rules: &IdentityRules,
    source: &Source,
    calls: Vec<core::result::Result<Incoming, Rejected>>,
) -> Result<Response> {
    let (mut incoming, mut rejected) = (Vec::new(), Vec::new());
    for call in calls {
        match call {
            Ok(call) => incoming.push(call),
            Err(call) => rejected.push(failed_event(source, call)),
        }
    }
    let mut results = store_rejected(env, rejected).await;
    let ids: Vec<String> =
        incoming.iter().filter_map(|call| call.record.as_ref()).map(|record| record.event.id.clone()).collect();
    let ingested = ingest(env, rules, incoming).await;
    results.extend(ids.into_iter().zip(ingested.into_iter().map(|event| event.result)));
    response::results(results)
}

fn failed_event(source: &Source, call: Rejected) -> FailedEvent {
    let Rejected { message_id, reason, payload } = call;
    FailedEvent { source: source.name.clone(), message_id, reason, payload, identifiers: Vec::new() }
}
