//! Asking a Durable Object: JSON in, JSON out, and never for ever.

use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::{Delay, Env, Error, Headers, Method, Request, RequestInit, Response, Result};

/// An object that does not answer within this time is not waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// Sends `question` to the operation of an object and reads its answer.
pub async fn ask<A: DeserializeOwned>(
    env: &Env,
    namespace: &str,
    object: &str,
    operation: &str,
    question: &impl Serialize,
) -> Result<A> {
    let stub = env.durable_object(namespace)?.get_by_name(object)?;
    let body = serde_json::to_string(question)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body.into())).with_headers(Headers::new());
    let request = Request::new_with_init(&format!("https://object/{operation}"), &init)?;
    let answer = Box::pin(stub.fetch_with_request(request));
    match select(answer, Delay::from(DEADLINE)).await {
        Either::Left((answer, _)) => read(answer?).await,
        Either::Right(_) => Err(Error::from(format!("`{namespace}` timed out"))),
    }
}

async fn read<A: DeserializeOwned>(mut answer: Response) -> Result<A> {
    let text = answer.text().await?;
    match answer.status_code() {
        200 => Ok(serde_json::from_str(&text)?),
        status => Err(Error::from(format!("status {status}: {text}"))),
    }
}
