//! Messages to the collector: sent at once, or stored in the outbox until the collector confirms them.
//!
//! `edge/outbox.js` has the other half of the protocol.

use core::fmt;

use throughline::bucket::bucket;
use throughline::canonical;
use throughline::{Event, MAX_IDENTIFIER, Millis, Object, Value, is_placeholder};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Request, RequestInit};

use crate::error::log;
use crate::platform::config::Config;
use crate::platform::js::{self, Fetcher, Outboxes};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::cookies;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::device;

/// The number of outbox objects. It can be changed at any time, because each object delivers what it has.
const SHARDS: f64 = 64.0;
/// The timeout of a request to the collector, in milliseconds. After it the events go to the outbox.
const TIMEOUT_MS: u32 = 3000;

/// The address of the collector's endpoints for the edge.
pub const COLLECTOR: &str = "https://collector/v1/edge";

/// The paths of the collector.
pub mod path {
    /// Stores the events of a message.
    pub const EVENTS: &str = "";
    /// Returns what the device may know, and stores nothing.
    pub const REFRESH: &str = "/refresh";
    /// Redeems a hand-over token.
    pub const REDEEM: &str = "/redeem";
    /// Opens the live channel.
    pub const LIVE: &str = "/live";
}

/// The sender of a message to the collector: a device, a person by proof, or both.
#[derive(Clone, Default)]
pub struct Envelope {
    device: Option<Device>,
    proof: Option<Value>,
    anonymous_ids: Vec<String>,
    is_sign_out: bool,
    /// The calls that are not events, which the collector keeps.
    rejected: Vec<Value>,
    plan: String,
    at: Millis,
}

#[derive(Clone)]
struct Device {
    id: String,
    is_signed: bool,
    next: Option<String>,
}

impl Envelope {
    /// Returns an envelope for a visitor's events.
    pub fn new(context: &RequestContext, visitor: &Visitor) -> Self {
        let device = Device { id: visitor.id.clone(), is_signed: visitor.is_signed, next: None };
        Self {
            device: (!device.id.is_empty()).then_some(device),
            proof: visitor.proof(),
            anonymous_ids: foreign_id(context).into_iter().collect(),
            ..Self::empty(context)
        }
    }

    /// Returns an envelope that only says who the visitor is, in few and plain characters.
    pub fn of_visitor(context: &RequestContext, visitor: &Visitor) -> Self {
        Self { anonymous_ids: Vec::new(), ..Self::new(context, visitor) }
    }

    /// Returns an envelope for events that an earlier device of this browser has left.
    pub fn of_owner(context: &RequestContext, alias: String) -> Self {
        Self { device: Some(Device { id: alias, is_signed: true, next: None }), ..Self::empty(context) }
    }

    /// Offers a signed device a new id, which the collector may answer. The caller must be able to set the cookie.
    pub fn offering(mut self) -> Self {
        if let Some(device) = self.device.as_mut().filter(|device| device.is_signed) {
            device.next = Some(device::new_alias());
        }
        self
    }

    /// Says that this device leads to nobody any more.
    pub fn signing_out(mut self) -> Self {
        self.is_sign_out = true;
        self
    }

    /// Adds calls that are not events.
    pub fn with_rejected(mut self, calls: Vec<Value>) -> Self {
        self.rejected = calls;
        self
    }

    /// Returns the message with these events, as JSON.
    pub fn with_events(&self, events: Vec<Value>) -> String {
        self.to_json([("events", Value::Array(events))])
    }

    /// Returns the message with other members, as JSON.
    pub fn to_json(&self, members: impl IntoIterator<Item = (&'static str, Value)>) -> String {
        let mut message: Object = members.into_iter().collect();
        if let Some(device) = &self.device {
            message.insert("device", device.to_value());
        }
        if let Some(proof) = &self.proof {
            message.insert("proof", proof.clone());
        }
        if !self.anonymous_ids.is_empty() {
            let ids = self.anonymous_ids.iter().map(|id| Value::from(id.as_str()));
            message.insert("anonymousIds", Value::Array(ids.collect()));
        }
        if !self.rejected.is_empty() {
            message.insert("rejected", Value::Array(self.rejected.clone()));
        }
        if self.is_sign_out {
            message.insert("signOut", Value::Bool(true));
        }
        let mut edge = Object::new();
        edge.insert("plan", self.plan.as_str());
        edge.insert("at", self.at);
        message.insert("edge", Value::Object(edge));
        canonical::to_string(&Value::Object(message))
    }

    fn empty(context: &RequestContext) -> Self {
        let plan = context.isolate.plans.loaded().map(|plan| plan.id().to_owned()).unwrap_or_default();
        Self { plan, at: context.now, ..Self::default() }
    }

    /// Returns what the sender's messages are spread by.
    fn unit(&self) -> &str {
        let subject = || self.proof.as_ref().and_then(|proof| proof.at(["sub"]).as_str());
        self.device.as_ref().map(|device| device.id.as_str()).or_else(subject).unwrap_or_default()
    }
}

impl Device {
    fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("id", self.id.as_str());
        out.insert("signed", Value::Bool(self.is_signed));
        if let Some(next) = &self.next {
            out.insert("next", next.as_str());
        }
        Value::Object(out)
    }
}

/// Returns the id of Segment's browser SDK, from its cookie. Anybody can have written it, so it proves nothing.
fn foreign_id(context: &RequestContext) -> Option<String> {
    let written = context.incoming.cookies.decoded(cookies::SEGMENT)?;
    // Older versions write the id as JSON.
    let id = written.trim_matches('"');
    let is_id =
        id.len() <= MAX_IDENTIFIER && !id.chars().any(char::is_control) && !device::is_alias(id) && !is_placeholder(id);
    is_id.then(|| id.to_owned())
}

/// Stores events in the outbox after the response.
pub fn store_later(context: &RequestContext, envelope: Envelope, events: Vec<Event>) {
    let env = context.env.clone();
    context.execution.wait_until(async move {
        store_events(&env, &envelope, &events).await;
    });
}

/// Stores events in the outbox, and returns whether they are durable.
pub async fn store_events(env: &JsValue, envelope: &Envelope, events: &[Event]) -> bool {
    store(env, envelope, &envelope.with_events(events.iter().map(Event::to_value).collect())).await
}

/// Stores a message in the outbox, and returns whether it is durable.
pub async fn store(env: &JsValue, envelope: &Envelope, message: &str) -> bool {
    match try_store(env, &shard(envelope.unit()), message).await {
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

/// Returns the name of a sender's object. Senders are spread evenly, so that no object takes all the load.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bucket is from 0 to 1")]
fn shard(sender: &str) -> String {
    let bucket = bucket("outbox", sender, 2).unwrap_or_default();
    format!("shard-{}", (bucket * SHARDS) as u32)
}

/// Delivers events to the collector or, if that fails, to the outbox. Returns the collector's response, or `None` from the
/// outbox. In both cases the events are durable.
///
/// # Errors
/// Fails if neither has stored the events.
pub async fn deliver(context: &RequestContext, envelope: &Envelope, events: Vec<Value>) -> Result<Option<Value>, ()> {
    let message = envelope.with_events(events);
    match post(&context.isolate.config, &context.env, path::EVENTS, &message).await {
        Ok(response) => return Ok(Some(response)),
        Err(cause) => log(&format!("collector: {cause}")),
    }
    if store(&context.env, envelope, &message).await { Ok(None) } else { Err(()) }
}

/// The reason why the collector has not answered.
pub struct Failure {
    /// The status of its refusal; `None` if it could not be asked.
    pub status: Option<u16>,
    reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<JsValue> for Failure {
    fn from(cause: JsValue) -> Self {
        Self { status: None, reason: js::reason(&cause) }
    }
}

/// Returns the collector's binding, and the header that authenticates the edge.
pub fn collector(config: &Config, env: &JsValue) -> Result<(Fetcher, String), JsValue> {
    let collector = js::binding::<Fetcher>(env, "COLLECTOR").ok_or("binding `COLLECTOR` not found")?;
    let key = config.collector_key.as_deref().ok_or("`COLLECTOR_KEY` is not set")?;
    Ok((collector, format!("Bearer {key}")))
}

/// Sends a message to the collector, and returns its answer.
///
/// # Errors
/// Fails if the collector cannot be asked, does not answer in time, or refuses the message.
pub async fn post(config: &Config, env: &JsValue, path: &str, message: &str) -> Result<Value, Failure> {
    let (collector, authorization) = collector(config, env)?;
    let headers = response::headers("application/json", response::NO_STORE)?;
    headers.set("authorization", &authorization)?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&message.into());
    init.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    let request = Request::new_with_str_and_init(&format!("{COLLECTOR}{path}"), &init)?;
    let response = collector.fetch(&request).await?;
    let text = wasm_bindgen_futures::JsFuture::from(response.text()?).await?;
    if !response.ok() {
        let status = response.status();
        return Err(Failure { status: Some(status), reason: format!("status {status}") });
    }
    Ok(text
        .dyn_into::<js_sys::JsString>()
        .ok()
        .and_then(|text| Value::from_json(&String::from(text)).ok())
        .unwrap_or_default())
}
