//! The delivery webhook: a signed request according to [Standard Webhooks](https://www.standardwebhooks.com).

use std::time::Duration;

use base64ct::{Base64, Encoding};
use futures_util::future::{Either, select};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use worker::{AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Result};

use crate::delivery::OutboundMessage;
use crate::platform::clock;
use crate::platform::settings::Settings;

/// The time after which a webhook that has not answered counts as failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// Sends a message to the webhook of its channel.
///
/// # Errors
/// The reason why the receiver has not accepted it. It may have received it nevertheless: delivery is at-least-once,
/// and the idempotency key lets the receiver discard repetitions.
pub async fn send(settings: &Settings, message: &OutboundMessage) -> core::result::Result<(), String> {
    let request = signed_request(settings, message)?;
    let abort = AbortController::default();
    let signal = abort.signal();
    let fetch = Fetch::Request(request);
    let response = Box::pin(fetch.send_with_signal(&signal));
    match select(response, Delay::from(DEADLINE)).await {
        Either::Left((response, _)) => accepted(response.map_err(|error| error.to_string())?.status_code()),
        Either::Right(_) => {
            abort.abort();
            Err(format!("no response within {} s", DEADLINE.as_secs()))
        }
    }
}

fn accepted(status: u16) -> core::result::Result<(), String> {
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("the webhook returned {status}")) }
}

fn signed_request(settings: &Settings, message: &OutboundMessage) -> core::result::Result<Request, String> {
    let channel = message.channel.as_str();
    let url = settings.webhooks.get(channel).or_else(|| settings.webhooks.get("default"));
    let url = url.ok_or_else(|| format!("no webhook for channel `{channel}`"))?;
    let key = settings.webhook_key.as_deref().ok_or("`WEBHOOK_SECRET` is not set")?;
    let body = message.to_cloud_event().map_err(|error| error.to_string())?;
    let timestamp = clock::now().div_euclid(1000).to_string();
    let signature = sign(key, &message.send_id, &timestamp, &body).ok_or("`WEBHOOK_SECRET` is not a usable key")?;
    request(url, &message.send_id, &body, &timestamp, &signature).map_err(|error| error.to_string())
}

fn request(url: &str, id: &str, body: &str, timestamp: &str, signature: &str) -> Result<Request> {
    let headers = Headers::new();
    headers.set("content-type", "application/cloudevents+json")?;
    headers.set("webhook-id", id)?;
    headers.set("webhook-timestamp", timestamp)?;
    headers.set("webhook-signature", signature)?;
    headers.set("idempotency-key", id)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.into()));
    init.with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

/// Returns `v1,` and the signature over id, timestamp and body.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes())))
}
