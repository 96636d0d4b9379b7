//! What leaves for the collector.

use js_sys::JSON;
use throughline::{Decision, Event, Millis, Object, Value, canonical, json};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Request, RequestInit};
use worker::Env;

use crate::answer;
use crate::call::Call;
use crate::error::log;
use crate::js::{self, Fetcher, Queue};
use crate::visitor::Visitor;

/// A queue message has at most 128 KB; more goes in several.
const MAX_MESSAGE: usize = 100 * 1024;
/// How long we wait for the collector before the queue takes over.
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

/// Puts a message in the queue when the response is on its way.
pub fn queue_later(call: &Call, message: String) {
    let env = call.env.clone();
    call.context.wait_until(async move {
        queue(&env, &message).await;
    });
}

/// Puts a message in the queue, and says whether it is there.
pub async fn queue(env: &Env, message: &str) -> bool {
    match try_queue(env, message).await {
        Ok(()) => true,
        Err(cause) => {
            log(&format!("queue: {}", js::reason(&cause)));
            false
        }
    }
}

async fn try_queue(env: &Env, message: &str) -> Result<(), JsValue> {
    let queue = js::binding::<Queue>(env, "EVENTS").ok_or("there is no queue `EVENTS`")?;
    queue.send(&JSON::parse(message)?).await.map(|_| ())
}

/// Hands events over: to the collector, or else to the queue. `Ok` means that they are safe; with it comes the
/// collector's answer, if it was the collector.
///
/// # Errors
/// Neither has them.
pub async fn deliver(call: &Call, message: &Message, events: Vec<Value>) -> Result<Option<Value>, ()> {
    match post(call, &message.with_values(events.clone())).await {
        Ok(answer) => return Ok(Some(answer)),
        Err(cause) => log(&format!("collector: {}", js::reason(&cause))),
    }
    for part in in_parts(events) {
        if !queue(&call.env, &message.with_values(part)).await {
            return Err(());
        }
    }
    Ok(None)
}

async fn post(call: &Call, message: &str) -> Result<Value, JsValue> {
    let collector = js::binding::<Fetcher>(&call.env, "COLLECTOR").ok_or("there is no service `COLLECTOR`")?;
    let key = call.edge.config.collector_key.as_deref().ok_or("`COLLECTOR_KEY` is not set")?;
    let headers = answer::headers("application/json", answer::NO_STORE)?;
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
        .and_then(|text| json::parse(&String::from(text)).ok())
        .unwrap_or_default())
}

/// Cuts a list of events so that each part fits a queue message.
fn in_parts(events: Vec<Value>) -> Vec<Vec<Value>> {
    let mut parts: Vec<Vec<Value>> = Vec::new();
    let mut room = 0_usize;
    for event in events {
        let size = canonical::to_string(&event).len();
        match parts.last_mut() {
            Some(part) if size <= room => part.push(event),
            _ => {
                parts.push(vec![event]);
                room = MAX_MESSAGE;
            }
        }
        room = room.saturating_sub(size);
    }
    parts
}
