//! `POST /v1/{identify,track,page,screen,group,alias,batch}`: calls of Segment's SDKs.

use throughline::EventKind;
use worker::{Env, Request, Response, Result};

use crate::http::auth;
use crate::http::body::{self, BodyError};
use crate::http::response;
use crate::identity::rules::IdentityRules;
use crate::ingest::segment_call::{Body, Calls, Rejected};
use crate::ingest::{Incoming, ingest, store_rejected};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::platform::settings::{Settings, Source};
use crate::store::failed_events::FailedEvent;

/// Ingests the calls of a request. `kind` is the kind that the path names, or `None` for a batch.
pub async fn calls(mut request: Request, env: &Env, kind: Option<EventKind>) -> Result<Response> {
    let text = match text(&mut request).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let body: Body<'_> = match parse(&text) {
        Ok(body) => body,
        Err(message) => return response::error(400, "unreadable", &message),
    };
    let settings = Settings::of(env);
    let key = auth::write_key(&request).or_else(|| body.write_key.clone()).unwrap_or_default();
    let Some(source) = settings.source(&key) else {
        return response::error(401, "unknown_key", "the write key is missing or unknown");
    };
    let rules = IdentityRules::new(plan_cache::current(env).await);
    let calls = Calls::new(&settings, &rules, source, clock::now(), &random_id).read(&text, &body, kind);
    store(env, &rules, source, calls).await
}

async fn text(request: &mut Request) -> core::result::Result<String, Result<Response>> {
    let bytes = body::read(request).await.map_err(|error| match error {
        BodyError::TooLarge => response::error(413, "too_large", &format!("expected at most {} bytes", body::LIMIT)),
        BodyError::Broken => response::error(400, "unreadable", "the body cannot be read"),
    })?;
    String::from_utf8(bytes).map_err(|_| response::error(400, "unreadable", "the body is not UTF-8"))
}

fn parse(text: &str) -> core::result::Result<Body<'_>, String> {
    match serde_json::from_str(text) {
        Ok(body) if text.trim_start().starts_with('{') => Ok(body),
        Ok(_) => Err("the body is a list, expected a call or a batch".to_owned()),
        Err(error) => Err(format!("the body is not a call or a batch: {error}")),
    }
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
