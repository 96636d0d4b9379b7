//! What the edge sends: one message for each request of a visitor, at once or out of its outbox.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Event, EventKind, Millis, Value};
use worker::{Env, Request, Response, Result, console_error};

use crate::http::auth;
use crate::http::body;
use crate::http::response;
use crate::identity::identifier::{MAX_ID, is_nobody};
use crate::ingest::failed_events::{self, Failed};
use crate::ingest::record::{Outcome, Record, about_person};
use crate::ingest::{Incoming, Place, ingest};
use crate::platform::clock;
use crate::platform::hash::digest;
use crate::platform::settings::Settings;
use crate::profile;
use crate::profile::rpc::{Mint, Minted};

/// The source of events that the edge has read.
const SOURCE: &str = "edge";
/// An event is not longer than this, in bytes.
const MAX_EVENT: usize = 32 * 1024;
/// Names and ids of events are not longer than this, in bytes.
const MAX_NAME: usize = 200;
/// How many merges are followed from one profile to the next.
const MAX_MOVES: usize = 5;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default)]
    subject: Option<String>,
    #[serde(default, rename = "anonymousId")]
    anonymous_id: Option<String>,
    #[serde(default, rename = "userId")]
    user_id: Option<String>,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// What an event of the edge may have beside the core's members.
#[derive(Deserialize)]
struct Extra {
    #[serde(default, rename = "userId")]
    user_id: Option<String>,
    #[serde(default, rename = "previousId")]
    previous_id: Option<String>,
    #[serde(default, rename = "groupId")]
    group_id: Value,
}

/// `POST /v1/edge`: keeps the events of one message, and answers with a fresh token for the visitor.
pub async fn post(request: Request, env: &Env) -> Result<Response> {
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let message: Message<'_> = match serde_json::from_str(&text) {
        Ok(message) => message,
        Err(error) => {
            return response::error(400, "unreadable", &format!("the body is not an edge message: {error}"));
        }
    };
    let (ids, incoming, rejected) = read(&message);
    let mut outcomes = keep_rejected(env, rejected).await;
    let placed = ingest(env, incoming).await;
    let place = placed.iter().rev().find_map(|one| one.place.clone());
    outcomes.extend(ids.into_iter().zip(placed.into_iter().map(|one| one.outcome)));
    let again = outcomes.iter().any(|(_, outcome)| outcome.is_retry());
    let mut out = json!({ "results": response::by_id(outcomes) });
    if let (Some(place), Some(members)) = (place, out.as_object_mut()) {
        members.insert("ver".to_owned(), place.version.into());
        if let Some(token) = token(env, place).await {
            members.insert("token".to_owned(), token.into());
        }
    }
    response::json(if again { 503 } else { 200 }, &out)
}

/// `POST /v1/edge/batch`: keeps the events of several messages, and answers with the places of the messages of which all is
/// kept. What is no message is put aside: it would not get better by coming again.
pub async fn batch(request: Request, env: &Env) -> Result<Response> {
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let messages: Vec<&RawValue> = match serde_json::from_str(&text) {
        Ok(messages) => messages,
        Err(error) => {
            return response::error(400, "unreadable", &format!("the body is not a list of messages: {error}"));
        }
    };
    let (mut incoming, mut of_message, mut poison) = (Vec::new(), Vec::new(), Vec::new());
    for (index, raw) in messages.iter().enumerate() {
        match serde_json::from_str::<Message<'_>>(raw.get()) {
            Ok(message) => {
                let (_, events, rejected) = read(&message);
                of_message.extend(events.iter().map(|_| index));
                incoming.extend(events);
                poison.extend(rejected.into_iter().map(|failed| (index, failed)));
            }
            Err(error) => poison.push((index, rejected(&error.to_string(), raw.get(), ""))),
        }
    }
    let (poisoned, failed): (Vec<usize>, Vec<Failed>) = poison.into_iter().unzip();
    let mut again = match failed_events::keep(env, &failed).await {
        Ok(()) => Vec::new(),
        Err(error) => {
            console_error!("failed events not stored: {error}");
            poisoned
        }
    };
    let placed = ingest(env, incoming).await;
    again.extend(of_message.iter().zip(&placed).filter(|(_, one)| one.outcome.is_retry()).map(|(index, _)| *index));
    let kept: Vec<usize> = (0..messages.len()).filter(|index| !again.contains(index)).collect();
    response::json(200, &json!({ "kept": kept }))
}

/// The body of a request of the edge, or why it is refused.
async fn text(mut request: Request, env: &Env) -> core::result::Result<String, Result<Response>> {
    if !auth::bearer(&request).is_some_and(|key| Settings::of(env).is_collector_key(&key)) {
        return Err(response::error(401, "unknown_key", "the collector key is missing or wrong"));
    }
    match body::read(&mut request).await {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(response::error(400, "unreadable", "the body cannot be read")),
    }
}

/// The events of a message, each with its id, and those that are none.
fn read(message: &Message<'_>) -> (Vec<String>, Vec<Incoming>, Vec<Failed>) {
    let (mut ids, mut incoming, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for raw in &message.events {
        match record(message, raw.get()) {
            Ok(record) => {
                ids.push(record.event.id.clone());
                incoming.push(Incoming { record, subject: identifier(message.subject.as_deref()) });
            }
            Err(reason) => failed.push(rejected(&reason, raw.get(), &id_of(raw.get()))),
        }
    }
    (ids, incoming, failed)
}

fn record(message: &Message<'_>, raw: &str) -> core::result::Result<Record, String> {
    if raw.len() > MAX_EVENT {
        return Err(format!("the event has {} bytes, expected at most {MAX_EVENT}", raw.len()));
    }
    let (event, extra) = parse(raw).map_err(|error| error.to_string())?;
    if event.id.is_empty() || event.id.len() > MAX_NAME || event.name.len() > MAX_NAME {
        return Err(format!("`id` and `event` must be strings of at most {MAX_NAME} bytes"));
    }
    let mut event = about_person(event, &extra.group_id);
    let received = clock::now();
    event.at = event.at.min(Millis(received));
    let previous_id = extra.previous_id.as_deref().filter(|_| event.kind == EventKind::Alias);
    Ok(Record {
        source: SOURCE.to_owned(),
        hash: hash(&event),
        received,
        anonymous_id: identifier(message.anonymous_id.as_deref()).or_else(|| identifier(previous_id)),
        user_id: identifier(extra.user_id.as_deref().or(message.user_id.as_deref())),
        member: None,
        event,
        warning: None,
    })
}

fn parse(raw: &str) -> core::result::Result<(Event, Extra), serde_json::Error> {
    Ok((serde_json::from_str(raw)?, serde_json::from_str(raw)?))
}

/// The time is left out: the edge sets it where the sender has not, each time it is sent.
fn hash(event: &Event) -> String {
    let timeless = Event { at: Millis(0), trusted: false, ..event.clone() };
    digest([canonical::to_string(&timeless.to_value()).as_str()])
}

fn identifier(value: Option<&str>) -> Option<String> {
    value.filter(|value| value.len() <= MAX_ID && !is_nobody(value)).map(str::to_owned)
}

fn id_of(raw: &str) -> String {
    let value = serde_json::from_str::<Value>(raw).unwrap_or_default();
    value.at(["id"]).as_str().unwrap_or_default().chars().take(MAX_NAME).collect()
}

fn rejected(reason: &str, payload: &str, id: &str) -> Failed {
    let payload = payload.chars().take(MAX_EVENT.saturating_mul(2)).collect();
    Failed { source: SOURCE.to_owned(), message_id: id.to_owned(), reason: reason.to_owned(), payload }
}

async fn keep_rejected(env: &Env, failed: Vec<Failed>) -> Vec<(String, Outcome)> {
    let kept = failed_events::keep(env, &failed).await;
    let outcome = |reason: String| match &kept {
        Ok(()) => Outcome::Drop(reason),
        Err(_) => Outcome::Retry("the failed event could not be stored".to_owned()),
    };
    failed.into_iter().map(|one| (one.message_id, outcome(one.reason))).collect()
}

/// A token for the profile that the last event is in; none where it is not the device's to know.
async fn token(env: &Env, place: Place) -> Option<String> {
    match mint(env, place.profile, place.proven).await {
        Ok(Minted::Token { token, .. }) => Some(token),
        Ok(_) => None,
        Err(error) => {
            console_error!("token not issued: {error}");
            None
        }
    }
}

/// A token of a profile, or of the profile that it has become a part of.
pub async fn mint(env: &Env, mut profile: String, proven: bool) -> Result<Minted> {
    for _ in 0..MAX_MOVES {
        match profile::mint(env, &profile, &Mint { proven }).await? {
            Minted::Moved(winner) => profile = winner,
            minted => return Ok(minted),
        }
    }
    Err(format!("`{profile}` leads through too many merges").into())
}
