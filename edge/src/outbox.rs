//! What leaves for the collector.

use throughline::bucket::bucket;
use throughline::canonical;
use throughline::{Decision, Event, Millis, Object, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Request, RequestInit};

use crate::error::log;
use crate::platform::js::{self, Fetcher, Outboxes};
use crate::prelude::*;
use crate::request::Call;
use crate::response;
use crate::visitor::Visitor;

/// How many objects share what the outbox has to keep. Another number leaves nothing behind: each object empties itself.
const SHARDS: f64 = 64.0;
/// How long we wait for the collector before the outbox takes over.
const PATIENCE_MS: u32 = 3000;

/// Whose events a message carries, and which plan was in use.
#[derive(Clone)]
pub struct Message {
    subject: String,
    anonymous_id: String,
    plan: String,
    at: Millis,
}

impl Message {
    /// A message about a visitor.
    pub fn new(visitor: &Visitor, decision: &Decision<'_>, now: Millis) -> Self {
        Self {
            subject: visitor.profile.subject.clone(),
            anonymous_id: visitor.id.clone(),
            plan: decision.plan.clone().into_owned(),
            at: now,
        }
    }

    /// The JSON text with these events.
    pub fn with(&self, events: &[Event]) -> String {
        self.with_values(events.iter().map(Event::to_value).collect())
    }

    /// The same for events that are JSON already.
    pub fn with_values(&self, events: Vec<Value>) -> String {
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

/// Keeps a message when the response is on its way.
pub fn keep_later(call: &Call, message: Message, events: Vec<Event>) {
    let env = call.env.clone();
    call.context.wait_until(async move {
        keep(&env, &message, &message.with(&events)).await;
    });
}

/// Puts the text of a message into the outbox, and says whether it is safe there.
pub async fn keep(env: &JsValue, message: &Message, text: &str) -> bool {
    match try_keep(env, &shard(&message.subject), text).await {
        Ok(()) => true,
        Err(cause) => {
            log(&format!("outbox: {}", js::reason(&cause)));
            false
        }
    }
}

async fn try_keep(env: &JsValue, shard: &str, text: &str) -> Result<(), JsValue> {
    let outboxes = js::binding::<Outboxes>(env, "OUTBOX").ok_or("binding `OUTBOX` not found")?;
    match outboxes.get_by_name(shard)?.keep(text).await?.as_bool() {
        Some(true) => Ok(()),
        _ => Err(format!("`{shard}` is full").into()),
    }
}

/// The object for a subject: always the same one, so that none has to take everything.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bucket is from 0 to 1")]
fn shard(subject: &str) -> String {
    let bucket = bucket("outbox", subject, 2).unwrap_or_default();
    format!("shard-{}", (bucket * SHARDS) as u32)
}

/// Hands events over: to the collector, or else to the outbox. `Ok` means that they are safe; with it comes the
/// collector's answer, if it was the collector.
///
/// # Errors
/// Neither has them.
pub async fn deliver(call: &Call, message: &Message, events: Vec<Value>) -> Result<Option<Value>, ()> {
    let text = message.with_values(events);
    match post(call, &text).await {
        Ok(answer) => return Ok(Some(answer)),
        Err(cause) => log(&format!("collector: {}", js::reason(&cause))),
    }
    if keep(&call.env, message, &text).await { Ok(None) } else { Err(()) }
}

async fn post(call: &Call, message: &str) -> Result<Value, JsValue> {
    let collector = js::binding::<Fetcher>(&call.env, "COLLECTOR").ok_or("binding `COLLECTOR` not found")?;
    let key = call.edge.config.collector_key.as_deref().ok_or("`COLLECTOR_KEY` is not set")?;
    let headers = response::headers("application/json", response::NO_STORE)?;
    headers.set("authorization", &format!("Bearer {key}"))?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&message.into());
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MS)));
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
