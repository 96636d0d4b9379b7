//! Events for the collector: sent at once, or stored in the outbox until the collector confirms them.
//!
//! `edge/outbox.js` has the other half of the protocol.

use throughline::bucket::bucket;
use throughline::canonical;
use throughline::{Decision, Event, Millis, Object, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Request, RequestInit};

use crate::error::log;
use crate::platform::js::{self, Fetcher, Outboxes};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::Visitor;

/// The number of outbox objects. It can be changed at any time, because each object delivers what it has.
const SHARDS: f64 = 64.0;
/// The timeout of a request to the collector, in milliseconds. After it the events go to the outbox.
const TIMEOUT_MS: u32 = 3000;

/// The subject of events, and the plan that was in use, for a message to the collector.
#[derive(Clone)]
pub struct Envelope {
    subject: String,
    anonymous_id: String,
    plan: String,
    at: Millis,
}

impl Envelope {
    /// Returns an envelope for a visitor's events.
    pub fn new(visitor: &Visitor, decision: &Decision<'_>, now: Millis) -> Self {
        Self {
            subject: visitor.profile.subject.clone(),
            anonymous_id: visitor.id.clone(),
            plan: decision.plan.clone().into_owned(),
            at: now,
        }
    }

    /// Returns the message with these events, as JSON.
    pub fn to_json(&self, events: &[Event]) -> String {
        self.to_json_with(events.iter().map(Event::to_value).collect())
    }

    /// Returns the same for events that are JSON values already.
    pub fn to_json_with(&self, events: Vec<Value>) -> String {
        let mut edge = Object::new();
        edge.insert("plan", self.plan.as_str());
        edge.insert("at", self.at);
        let mut message = Object::new();
        message.insert("subject", self.subject.as_str());
        message.insert("anonymousId", self.anonymous_id.as_str());
        message.insert("events", Value::Array(events));
        message.insert("edge", Value::Object(edge));
        canonical::to_string(&Value::Object(message))
    }
}

/// Stores events in the outbox after the response.
pub fn store_later(context: &RequestContext, envelope: Envelope, events: Vec<Event>) {
    let env = context.env.clone();
    context.execution.wait_until(async move {
        store(&env, &envelope, &envelope.to_json(&events)).await;
    });
}

/// Stores a message in the outbox, and returns whether it is durable.
pub async fn store(env: &JsValue, envelope: &Envelope, message: &str) -> bool {
    match try_store(env, &shard(&envelope.subject), message).await {
        Ok(()) => true,
        Err(cause) => {
            log(&format!("outbox: {}", js::reason(&cause)));
            false
        }
    }
}

async fn try_store(env: &JsValue, shard: &str, message: &str) -> Result<(), JsValue> {
    let outboxes = js::binding::<Outboxes>(env, "OUTBOX").ok_or("binding `OUTBOX` not found")?;
    match outboxes.get_by_name(shard)?.keep(message).await?.as_bool() {
        Some(true) => Ok(()),
        _ => Err(format!("`{shard}` is full").into()),
    }
}

/// Returns the name of a subject's object. Subjects are spread evenly, so that no object takes all the load.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bucket is from 0 to 1")]
fn shard(subject: &str) -> String {
    let bucket = bucket("outbox", subject, 2).unwrap_or_default();
    format!("shard-{}", (bucket * SHARDS) as u32)
}

/// Delivers events to the collector or, if that fails, to the outbox. Returns the collector's response, or `None` from the
/// outbox. In both cases the events are durable.
///
/// # Errors
/// Fails if neither has stored the events.
pub async fn deliver(context: &RequestContext, envelope: &Envelope, events: Vec<Value>) -> Result<Option<Value>, ()> {
    let message = envelope.to_json_with(events);
    match post(context, &message).await {
        Ok(response) => return Ok(Some(response)),
        Err(cause) => log(&format!("collector: {}", js::reason(&cause))),
    }
    if store(&context.env, envelope, &message).await { Ok(None) } else { Err(()) }
}

async fn post(context: &RequestContext, message: &str) -> Result<Value, JsValue> {
    let collector = js::binding::<Fetcher>(&context.env, "COLLECTOR").ok_or("binding `COLLECTOR` not found")?;
    let key = context.isolate.config.collector_key.as_deref().ok_or("`COLLECTOR_KEY` is not set")?;
    let headers = response::headers("application/json", response::NO_STORE)?;
    headers.set("authorization", &format!("Bearer {key}"))?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&message.into());
    init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let response = collector.fetch(&Request::new_with_str_and_init("https://collector/v1/edge", &init)?).await?;
    let text = wasm_bindgen_futures::JsFuture::from(response.text()?).await?;
    if !response.ok() {
        return Err(JsValue::from(format!("status {}", response.status())));
    }
    Ok(text
        .dyn_into::<js_sys::JsString>()
        .ok()
        .and_then(|text| Value::from_json(&String::from(text)).ok())
        .unwrap_or_default())
}
