//! The collector worker.
#![expect(missing_docs, reason = "the durable_object macro writes methods without docs")]

use worker::{Context, DurableObject, Env, MessageBatch, Request, Response, Result, State, durable_object, event};

#[event(fetch)]
async fn fetch(_request: Request, env: Env, _context: Context) -> Result<Response> {
    let stub = env.durable_object("PROFILES")?.get_by_name("one")?;
    stub.fetch_with_str("https://profile/").await
}

#[event(queue)]
async fn queue(_batch: MessageBatch<String>, _env: Env, _context: Context) -> Result<()> {
    Ok(())
}

/// The serial place of one profile.
#[durable_object]
pub struct Profile {
    state: State,
}

impl DurableObject for Profile {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        self.state.storage().set_alarm(std::time::Duration::from_millis(100)).await?;
        Response::ok("ok")
    }

    async fn alarm(&self) -> Result<Response> {
        Response::ok("woken")
    }
}

/// The serial place of one identifier.
#[durable_object]
pub struct Identity {
    _state: State,
}

impl DurableObject for Identity {
    fn new(state: State, _env: Env) -> Self {
        Self { _state: state }
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        Response::ok("ok")
    }
}
