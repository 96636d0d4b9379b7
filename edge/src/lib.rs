//! The edge worker: pages whose slots are filled while they stream by, and endpoints under one prefix.
//!
//! It only converts: requests to facts, decisions to pages, JSON and cookies. What is decided, is decided in `throughline`.

mod address;
mod answer;
mod call;
mod config;
mod consent;
mod context;
mod cookies;
mod cors;
mod crypto;
mod device;
mod endpoints;
mod error;
mod incoming;
mod js;
mod origin;
mod outbox;
mod page;
mod personal;
mod plan_store;
mod preview;
mod rewriter;
mod settle;
mod visitor;

use web_sys::{Request, Response};
use worker::{Context, Env, event};

use call::Call;

/// Answers a request: an endpoint, or a page.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let call = Call::new(request, env, context);
    let endpoint = endpoints::name(&call);
    let answer = match endpoint {
        Some(endpoint) => endpoints::respond(&call, &endpoint).await,
        None => page::respond(&call).await,
    };
    answer.map_err(worker::Error::from)
}
