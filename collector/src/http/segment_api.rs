//! What SDKs ask: `POST /v1/{identify,track,page,screen,group,alias,batch}`.

use throughline::EventKind;
use worker::{Env, Request, Response, Result, console_error};

use crate::http::auth;
use crate::http::body::{self, BodyError};
use crate::http::response;
use crate::ingest::failed_events::{self, Failed};
use crate::ingest::record::{Outcome, Record};
use crate::ingest::segment_call::{Body, Calls, Rejected};
use crate::ingest::{Incoming, ingest};
use crate::platform::clock;
use crate::platform::settings::{Settings, Source};

/// Takes the calls of a request whose address names their kind; none for a batch.
pub async fn calls(mut request: Request, env: &Env, kind: Option<EventKind>) -> Result<Response> {
    let bytes = match body::read(&mut request).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => {
            let message = format!("expected at most {} bytes", body::LIMIT);
            return response::error(413, "too_large", &message);
        }
        Err(BodyError::Broken) => return response::error(400, "unreadable", "the body cannot be read"),
    };
    let Ok(text) = core::str::from_utf8(&bytes) else {
        return response::error(400, "unreadable", "the body is not UTF-8");
    };
    let body: Body<'_> = match serde_json::from_str(text) {
        Ok(body) if text.trim_start().starts_with('{') => body,
        Ok(_) => return response::error(400, "unreadable", "the body is a list, expected a call or a batch"),
        Err(error) => {
            return response::error(400, "unreadable", &format!("the body is not a call or a batch: {error}"));
        }
    };
    let settings = Settings::of(env);
    let shown = auth::write_key(&request).or_else(|| body.write_key.clone()).unwrap_or_default();
    let Some(source) = settings.source(&shown) else {
        return response::error(401, "unknown_key", "the write key is missing or unknown");
    };
    let read = Calls::new(source, clock::now(), &random).read(text, &body, kind);
    take(env, source, read).await
}

/// A message id for a call that has none.
fn random() -> String {
    let digits = || format!("{:013x}", (js_sys::Math::random() * 4_503_599_627_370_496.0) as u64);
    format!("tl-{}{}", digits(), digits())
}

/// Keeps the records in their profiles, and the rejected calls where somebody can look at them.
async fn take(env: &Env, source: &Source, read: Vec<core::result::Result<Record, Rejected>>) -> Result<Response> {
    let (mut incoming, mut rejected, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(record) => incoming.push(Incoming { record, subject: None }),
            Err(call) => rejected.push(call),
        }
    }
    let failed: Vec<Failed> = rejected.iter().map(|call| failed_event(source, call)).collect();
    let kept = failed_events::keep(env, &failed).await;
    for call in rejected {
        let outcome = match &kept {
            Ok(()) => Outcome::Drop(call.reason),
            Err(error) => {
                console_error!("failed events not stored: {error}");
                Outcome::Retry("the failed event could not be stored".to_owned())
            }
        };
        outcomes.push((call.message_id, outcome));
    }
    let ids: Vec<String> = incoming.iter().map(|one| one.record.event.id.clone()).collect();
    let placed = ingest(env, incoming).await;
    outcomes.extend(ids.into_iter().zip(placed.into_iter().map(|one| one.outcome)));
    response::results(outcomes)
}

fn failed_event(source: &Source, call: &Rejected) -> Failed {
    Failed {
        source: source.name.clone(),
        message_id: call.message_id.clone(),
        reason: call.reason.clone(),
        payload: call.payload.clone(),
    }
}
