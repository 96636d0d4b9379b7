//! `POST /v1/edge` and `POST /v1/edge/batch`: messages of the edge, at once or from its outbox.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use worker::{Env, Request, Response, Result, console_error};

use crate::http::auth;
use crate::http::body;
use crate::http::response;
use crate::ingest::edge_message::{EdgeEvents, EdgeMessage, rejected};
use crate::ingest::{Incoming, Position, ingest, store_rejected};
use crate::platform::settings::Settings;
use crate::profile::client::mint_token;
use crate::profile::rpc::Minted;
use crate::store::failed_events::{self, FailedEvent};

/// `POST /v1/edge`: stores the events of one message, and returns a fresh token for the visitor.
pub async fn post(request: Request, env: &Env) -> Result<Response> {
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let message: EdgeMessage<'_> = match parse(&text, "an edge message") {
        Ok(message) => message,
        Err(refusal) => return refusal,
    };
    let EdgeEvents { incoming, rejected } = message.read();
    let mut results = store_rejected(env, rejected).await;
    let ids: Vec<String> = incoming.iter().map(|event| event.record.event.id.clone()).collect();
    let ingested = ingest(env, incoming).await;
    let position = ingested.iter().rev().find_map(|event| event.position.clone());
    results.extend(ids.into_iter().zip(ingested.into_iter().map(|event| event.result)));
    let status = if results.iter().any(|(_, result)| result.is_retry()) { 503 } else { 200 };
    let mut out = Map::from_iter([("results".to_owned(), json!(response::by_id(results)))]);
    if let Some(position) = position {
        out.extend(visitor_state(env, position).await);
    }
    response::json(status, &out)
}

/// Returns the version of the visitor's profile, and a token if the device may have one.
async fn visitor_state(env: &Env, position: Position) -> Map<String, Value> {
    let mut state = Map::from_iter([("ver".to_owned(), position.version.into())]);
    if let Some(token) = token(env, position).await {
        state.insert("token".to_owned(), token.into());
    }
    state
}

/// `POST /v1/edge/batch`: stores the events of several messages, and returns the positions of the messages that are
/// stored completely.
pub async fn batch(request: Request, env: &Env) -> Result<Response> {
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let messages: Vec<&RawValue> = match parse(&text, "a list of messages") {
        Ok(messages) => messages,
        Err(refusal) => return refusal,
    };
    let mut batch = Batch::default();
    for (index, raw) in messages.iter().enumerate() {
        batch.push(index, raw.get());
    }
    let again = batch.store(env).await;
    let kept: Vec<usize> = (0..messages.len()).filter(|index| !again.contains(index)).collect();
    response::json(200, &json!({ "kept": kept }))
}

/// The events of several messages, each with the position of its message.
#[derive(Default)]
struct Batch {
    incoming: Vec<Incoming>,
    positions: Vec<usize>,
    rejected: Vec<FailedEvent>,
    rejected_positions: Vec<usize>,
}

impl Batch {
    /// Adds a message. Something else is rejected for good, because retrying would not help.
    fn push(&mut self, index: usize, raw: &str) {
        let events = match serde_json::from_str::<EdgeMessage<'_>>(raw) {
            Ok(message) => message.read(),
            Err(error) => EdgeEvents { rejected: vec![rejected(&error.to_string(), raw, "")], ..EdgeEvents::default() },
        };
        self.positions.extend(events.incoming.iter().map(|_| index));
        self.incoming.extend(events.incoming);
        self.rejected_positions.extend(events.rejected.iter().map(|_| index));
        self.rejected.extend(events.rejected);
    }

    /// Stores everything. Returns the positions of the messages that have to be sent again.
    async fn store(self, env: &Env) -> Vec<usize> {
        let mut again = match failed_events::put(env, &self.rejected).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                console_error!("failed events not stored: {error}");
                self.rejected_positions
            }
        };
        let ingested = ingest(env, self.incoming).await;
        let retried = self.positions.iter().zip(&ingested).filter(|(_, event)| event.result.is_retry());
        again.extend(retried.map(|(index, _)| *index));
        again
    }
}

/// Returns the body of a request of the edge, or its refusal.
async fn text(mut request: Request, env: &Env) -> core::result::Result<String, Result<Response>> {
    if !auth::secret(&request).is_some_and(|key| Settings::of(env).is_collector_key(&key)) {
        return Err(response::error(401, "unknown_key", "the collector key is missing or wrong"));
    }
    match body::read(&mut request).await {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(response::error(400, "unreadable", "the body cannot be read")),
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str, expected: &str) -> core::result::Result<T, Result<Response>> {
    serde_json::from_str(text)
        .map_err(|error| response::error(400, "unreadable", &format!("the body is not {expected}: {error}")))
}

/// Returns a token for the profile of the last event, or `None` if the device may not have one.
async fn token(env: &Env, position: Position) -> Option<String> {
    match mint_token(env, &position.profile, position.proven).await {
        Ok(Minted::Token { token, .. }) => Some(token),
        Ok(Minted::Nothing(_)) => None,
        Err(error) => {
            console_error!("token not issued: {error}");
            None
        }
    }
}
