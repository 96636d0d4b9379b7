//! The delivery webhook: a signed request according to [Standard Webhooks](https://www.standardwebhooks.com).

use std::time::Duration;

use base64ct::{Base64, Encoding};
use futures_util::future::{Either, select};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use worker::{AbortController, Delay, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, Result};

use crate::delivery::OutboundMessage;
use crate::delivery::retry::{self, Failure};
use crate::platform::clock;
use crate::platform::settings::Settings;

/// The time after which a webhook that has not answered counts as failed.
const DEADLINE: Duration = Duration::from_secs(10);

/// Returns the address of the webhook of a channel.
pub fn url_of<'s>(settings: &'s Settings, channel: &str) -> Option<&'s str> {
    let url = settings.webhooks.get(channel).or_else(|| settings.webhooks.get("default"));
    url.map(String::as_str)
}

/// Sends a message to the webhook of its channel.
///
/// # Errors
/// The reason why the receiver has not accepted it. It may have received it nevertheless: delivery is at-least-once,
/// and the idempotency key lets the receiver discard repetitions.
pub async fn send(settings: &Settings, message: &OutboundMessage) -> core::result::Result<(), Failure> {
    let later = |reason: String| Failure::Later(reason, None);
    let channel = message.channel.as_str();
    let url = url_of(settings, channel).ok_or_else(|| later(format!("no webhook for channel `{channel}`")))?;
    let request = signed_request(settings, url, message).map_err(later)?;
    let abort = AbortController::default();
    let signal = abort.signal();
    let fetch = Fetch::Request(request);
    let response = Box::pin(fetch.send_with_signal(&signal));
    match select(response, Delay::from(DEADLINE)).await {
        Either::Left((response, _)) => accepted(url, &response.map_err(|error| later(error.to_string()))?),
        Either::Right(_) => {
            abort.abort();
            Err(later(format!("no response within {} s", DEADLINE.as_secs())))
        }
    }
}

fn accepted(url: &str, response: &Response) -> core::result::Result<(), Failure> {
    let status = response.status_code();
    if (200..300).contains(&status) {
        return Ok(());
    }
    let retry_after = response.headers().get("retry-after").ok().flatten();
    Err(retry::judge(url, status, retry_after.as_deref(), clock::now()))
}

fn signed_request(settings: &Settings, url: &str, message: &OutboundMessage) -> core::result::Result<Request, String> {
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
