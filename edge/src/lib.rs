//! The edge worker: pages whose slots are filled while they stream by, and endpoints under one prefix.
//!
//! It only converts: requests to facts, decisions to pages, JSON and cookies. What is decided, is decided in `throughline`.

mod address;
mod answer;
mod bot;
mod call;
mod config;
mod consent;
mod context;
mod cookies;
mod cors;
mod crypto;
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

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};
use worker::{Context, Env, worker_sys};

use call::Call;

/// Answers a request: an endpoint, or a page.
///
/// Not `#[worker::event]`: how that answers errors brings the `Debug` of everything with it, 11 KB under gzip.
#[wasm_bindgen]
pub async fn fetch(request: Request, env: Env, context: worker_sys::Context) -> Result<Response, JsValue> {
    let call = Call::new(request, env, Context::new(context));
    match endpoints::name(&call) {
        Some(endpoint) => endpoints::respond(&call, &endpoint).await,
        None => page::respond(&call).await,
    }
}
