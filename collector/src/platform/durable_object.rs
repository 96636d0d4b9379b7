//! Calls of Durable Objects: JSON in, JSON or a WebSocket out, with a deadline.

use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Delay, Env, Error, Headers, Method, Request, RequestInit, Response, Result};

/// The time after which a call of an object is abandoned.
const DEADLINE: Duration = Duration::from_secs(20);

/// Calls an operation of an object and decodes its reply.
///
/// # Errors
/// When the object fails or does not answer within 20 seconds. The operation may have run nevertheless, so every
/// operation must be idempotent.
pub async fn call<R: DeserializeOwned>(
    env: &Env,
    namespace: &str,
    object: &str,
    operation: &str,
    body: &impl Serialize,
) -> Result<R> {
    let stub = env.durable_object(namespace)?.get_by_name(object)?;
    let request = request(operation, &serde_json::to_string(body)?)?;
    let response = Box::pin(stub.fetch_with_request(request));
    match select(response, Delay::from(DEADLINE)).await {
        Either::Left((response, _)) => read(response?).await,
        Either::Right(_) => Err(Error::from(format!("`{namespace}` timed out"))),
    }
}

/// The answer to an upgrade.
pub enum Upgrade<R> {
    /// The response with the WebSocket.
    Done(Response),
    /// The reply of an object that has not upgraded.
    Refused(R),
}

/// Asks an object to upgrade to a WebSocket. `header` is a name and a value, because an upgrade has no body.
///
/// # Errors
/// As [`call`].
pub async fn upgrade<R: DeserializeOwned>(
    env: &Env,
    namespace: &str,
    object: &str,
    operation: &str,
    header: (&str, &str),
) -> Result<Upgrade<R>> {
    let stub = env.durable_object(namespace)?.get_by_name(object)?;
    let headers = Headers::new();
    headers.set("upgrade", "websocket")?;
    headers.set(header.0, header.1)?;
    let mut init = RequestInit::new();
    init.with_headers(headers);
    let request = Request::new_with_init(&format!("https://object/{operation}"), &init)?;
    let response = Box::pin(stub.fetch_with_request(request));
    match select(response, Delay::from(DEADLINE)).await {
        Either::Left((response, _)) => match response? {
            response if response.status_code() == 101 => Ok(Upgrade::Done(response)),
            response => read(response).await.map(Upgrade::Refused),
        },
        Either::Right(_) => Err(Error::from(format!("`{namespace}` timed out"))),
    }
}

fn request(operation: &str, body: &str) -> Result<Request> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into())).with_headers(Headers::new());
    Request::new_with_init(&format!("https://object/{operation}"), &init)
}

async fn read<R: DeserializeOwned>(mut response: Response) -> Result<R> {
    let text = response.text().await?;
    match response.status_code() {
        200 => Ok(serde_json::from_str(&text)?),
        status => Err(Error::from(format!("status {status}: {text}"))),
    }
}
