//! `/v1/edge`, `/v1/edge/batch`, `/v1/edge/refresh` and `/v1/edge/redeem`: messages and questions of the edge.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use worker::{Env, Request, Response, Result, console_error};

use crate::http::auth;
use crate::http::body;
use crate::http::response;
use crate::identity::hand_over;
use crate::identity::rules::IdentityRules;
use crate::ingest::edge_message::{EdgeEvents, EdgeMessage, EdgeReader, rejected};
use crate::ingest::resolve::{current_profile, replace_device};
use crate::ingest::{Incoming, ingest, store_rejected};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::platform::settings::Settings;
use crate::profile::client::{mint_token, redeem_hand_over};
use crate::profile::rpc::{Minted, Redeemed};
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
    let (settings, rules) = (Settings::of(env), rules(env).await);
    let EdgeEvents { incoming, rejected } = EdgeReader { settings: &settings, rules: &rules }.read(&message);
    let mut results = store_rejected(env, rejected).await;
    let ids: Vec<Option<String>> =
        incoming.iter().map(|call| call.record.as_ref().map(|record| record.event.id.clone())).collect();
    let ingested = ingest(env, &rules, incoming).await;
    let is_retry = ingested.iter().any(|call| call.result.is_retry());
    let version = ingested.iter().rev().find_map(|call| call.version);
    let named = ids.into_iter().zip(ingested).filter_map(|(id, call)| Some((id?, call.result)));
    results.extend(named);
    let status = if is_retry || results.iter().any(|(_, result)| result.is_retry()) { 503 } else { 200 };
    let mut out = Map::from_iter([("results".to_owned(), json!(response::by_id(results)))]);
    out.extend(version.map(|version| ("ver".to_owned(), version.into())));
    out.extend(visitor_state(env, &message).await?);
    response::json(status, &out)
}

/// `POST /v1/edge/refresh`: a fresh token for the visitor. It creates nothing, and answers `{}` for a visitor of whom
/// nothing is known.
pub async fn refresh(request: Request, env: &Env) -> Result<Response> {
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    match parse::<EdgeMessage<'_>>(&text, "an edge message") {
        Ok(message) => response::json(200, &visitor_state(env, &message).await?),
        Err(refusal) => refusal,
    }
}

/// `POST /v1/edge/redeem`: the token of the person whom a hand-over token names, the first time. The device of the
/// message is linked to the person.
pub async fn redeem(request: Request, env: &Env) -> Result<Response> {
    #[derive(Deserialize)]
    struct Redemption {
        #[serde(rename = "handOver")]
        hand_over: String,
    }
    let text = match text(request, env).await {
        Ok(text) => text,
        Err(refusal) => return refusal,
    };
    let (redemption, message): (Redemption, EdgeMessage<'_>) =
        match (parse(&text, "a hand-over"), parse(&text, "an edge message")) {
            (Ok(redemption), Ok(message)) => (redemption, message),
            (Err(refusal), _) | (_, Err(refusal)) => return refusal,
        };
    let settings = Settings::of(env);
    let Some(claims) = hand_over::verify(&settings, &redemption.hand_over, clock::now()) else {
        return response::error(401, "invalid_hand_over", "the hand-over token is invalid or has expired");
    };
    if redeem_hand_over(env, &claims.sub, &claims.jti, claims.exp).await? == Redeemed::Again {
        return response::error(409, "used_hand_over", "the hand-over token was used before");
    }
    let minted = mint_token(env, &claims.sub, true).await?;
    let rules = rules(env).await;
    let reader = EdgeReader { settings: &settings, rules: &rules };
    ingest(env, &rules, reader.hand_over(&message, &claims.sub)).await;
    match minted {
        Minted::Token { token, version, .. } => response::json(200, &json!({ "ver": version, "token": token })),
        Minted::Erased => response::error(401, "invalid_hand_over", "the person of the hand-over token is erased"),
        Minted::Nothing(reason) => response::error(503, "no_token", &reason),
    }
}

/// Returns what the edge is to put into the visitor's cookies: a token, if the visitor may have one, another id for the
/// device, if it has to change, and `known: false` if the token that was shown must go.
async fn visitor_state(env: &Env, message: &EdgeMessage<'_>) -> Result<Map<String, Value>> {
    let (device, token) = (message.device(), message.token());
    let mut state = Map::new();
    let profile = match &device {
        Some(device) => current_profile(env, device, token.as_deref()).await?,
        None => token.clone().map(|profile| (profile, true)),
    };
    let minted = match profile.filter(|_| !message.signs_out()) {
        Some((profile, is_proven)) => minted(env, &profile, is_proven).await,
        None if token.is_some() => Some(Minted::Erased),
        None => None,
    };
    match minted {
        Some(Minted::Token { token, version, .. }) => {
            state.insert("ver".to_owned(), version.into());
            state.insert("token".to_owned(), token.into());
        }
        // The token is in force, but it leads to nobody: the person was erased, or the device has signed out.
        Some(Minted::Erased) if token.is_some() => {
            state.insert("known".to_owned(), false.into());
        }
        _ => {}
    }
    if let Some(device) = device.filter(|device| device.is_signed && !message.signs_out())
        && let Some(next) = replace_device(env, &device.id, message.next()).await?
    {
        state.insert("device".to_owned(), next.into());
    }
    Ok(state)
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
    let (settings, rules) = (Settings::of(env), rules(env).await);
    let reader = EdgeReader { settings: &settings, rules: &rules };
    let mut batch = Batch::default();
    for (index, raw) in messages.iter().enumerate() {
        batch.push(&reader, index, raw.get());
    }
    let again = batch.store(env, &rules).await;
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
    fn push(&mut self, reader: &EdgeReader<'_>, index: usize, raw: &str) {
        let events = match serde_json::from_str::<EdgeMessage<'_>>(raw) {
            Ok(message) => reader.read(&message),
            Err(error) => EdgeEvents { rejected: vec![rejected(&error.to_string(), raw, "")], ..EdgeEvents::default() },
        };
        self.positions.extend(events.incoming.iter().map(|_| index));
        self.incoming.extend(events.incoming);
        self.rejected_positions.extend(events.rejected.iter().map(|_| index));
        self.rejected.extend(events.rejected);
    }

    /// Stores everything. Returns the positions of the messages that have to be sent again.
    async fn store(self, env: &Env, rules: &IdentityRules) -> Vec<usize> {
        let mut again = match failed_events::put(env, &self.rejected).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                console_error!("failed events not stored: {error}");
                self.rejected_positions
            }
        };
        let ingested = ingest(env, rules, self.incoming).await;
        let retried = self.positions.iter().zip(&ingested).filter(|(_, event)| event.result.is_retry());
        again.extend(retried.map(|(index, _)| *index));
        again
    }
}

async fn rules(env: &Env) -> IdentityRules {
    IdentityRules::new(plan_cache::current(env).await)
}

/// Returns the refusal of a request that is not the edge's.
pub fn refuse_stranger(request: &Request, env: &Env) -> Option<Result<Response>> {
    let is_edge = auth::secret(request).is_some_and(|key| Settings::of(env).is_collector_key(&key));
    (!is_edge).then(|| response::error(401, "unknown_key", "the collector key is missing or wrong"))
}

/// Returns the body of a request of the edge, or its refusal.
async fn text(mut request: Request, env: &Env) -> core::result::Result<String, Result<Response>> {
    if let Some(refusal) = refuse_stranger(&request, env) {
        return Err(refusal);
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

/// Returns the token of a profile or the reason why there is none, or `None` if the profile cannot be asked now.
async fn minted(env: &Env, profile: &str, is_proven: bool) -> Option<Minted> {
    mint_token(env, profile, is_proven).await.inspect_err(|error| console_error!("token not issued: {error}")).ok()
}
