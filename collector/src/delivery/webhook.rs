//! Sending messages to whoever brings them to people: CloudEvents 1.0, signed as Standard Webhooks has it.

use std::time::Duration;

use base64ct::{Base64, Encoding};
use futures_util::future::{Either, select};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use throughline::{Profile, Value};
use worker::{AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Result};

use crate::identity::identifier::Namespace;
use crate::platform::clock;
use crate::platform::settings::Settings;
use crate::profile::outbox::Delivery;
use crate::profile::store::Store;

/// A receiver that does not answer within this time has not accepted.
const DEADLINE: Duration = Duration::from_secs(10);

/// The key in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`; a secret that is not base64 is the key itself.
pub fn secret(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    Some(Base64::decode_vec(encoded).unwrap_or_else(|_| text.as_bytes().to_vec())).filter(|key| !key.is_empty())
}

/// What is sent: its id, and the body with everything that the receiver needs to bring it to the person.
pub struct Message {
    id: String,
    body: String,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    source: &'static str,
    id: &'a str,
    time: String,
    subject: &'a str,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    subject: &'a str,
    anonymous_id: Vec<String>,
    user_id: Vec<String>,
    traits: Value,
    journey: &'a str,
    step: &'a str,
    class: &'a str,
    message: &'a str,
    #[serde(flatten)]
    letter: &'a Value,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

impl Message {
    /// The message of a delivery to the subject of this profile.
    pub fn of(delivery: &Delivery, profile: &Profile, store: &Store) -> Result<Self> {
        let event = CloudEvent {
            specversion: "1.0",
            kind: "throughline.message.requested",
            source: "/throughline/collector",
            id: &delivery.send_id,
            time: clock::rfc3339(delivery.at),
            subject: &profile.subject,
            datacontenttype: "application/json",
            data: Data {
                subject: &profile.subject,
                anonymous_id: store.identifiers(Namespace::Anonymous.name())?,
                user_id: store.identifiers(Namespace::User.name())?,
                traits: Value::Object(profile.known()),
                journey: &delivery.journey,
                step: &delivery.step,
                class: &delivery.class,
                message: &delivery.message,
                letter: &delivery.letter,
                at: delivery.at,
                expires: delivery.expires,
            },
        };
        Ok(Self { id: delivery.send_id.clone(), body: serde_json::to_string(&event)? })
    }
}

/// Sends a message to the receiver of a channel.
///
/// # Errors
/// Says why the receiver has not accepted it.
pub async fn send(settings: &Settings, channel: &str, message: &Message) -> core::result::Result<(), String> {
    let url = settings.webhooks.get(channel).or_else(|| settings.webhooks.get("default"));
    let url = url.ok_or_else(|| format!("no webhook for channel `{channel}`"))?;
    let key = settings.webhook_secret.as_deref().ok_or("`WEBHOOK_SECRET` is not set")?;
    let timestamp = clock::now().div_euclid(1000).to_string();
    let signature = sign(key, &message.id, &timestamp, &message.body).ok_or("`WEBHOOK_SECRET` is not a usable key")?;
    let request = request(url, message, &timestamp, &signature).map_err(|error| error.to_string())?;
    let abort = AbortController::default();
    let signal = abort.signal();
    let fetch = Fetch::Request(request);
    let answer = Box::pin(fetch.send_with_signal(&signal));
    let status = match select(answer, Delay::from(DEADLINE)).await {
        Either::Left((answer, _)) => answer.map_err(|error| error.to_string())?.status_code(),
        Either::Right(_) => {
            abort.abort();
            return Err(format!("no response within {} s", DEADLINE.as_secs()));
        }
    };
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("the webhook returned {status}")) }
}

fn request(url: &str, message: &Message, timestamp: &str, signature: &str) -> Result<Request> {
    let headers = Headers::new();
    headers.set("content-type", "application/cloudevents+json")?;
    headers.set("webhook-id", &message.id)?;
    headers.set("webhook-timestamp", timestamp)?;
    headers.set("webhook-signature", signature)?;
    headers.set("idempotency-key", &message.id)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(message.body.as_str().into()));
    init.with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

/// `v1,` and the signature over id, time and body, <https://www.standardwebhooks.com>.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes())))
}
