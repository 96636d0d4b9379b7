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

use js_sys::WebAssembly::RuntimeError;
#[cfg(target_family = "wasm")]
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};

use call::Call;
use js::Context;

/// As quick as the standard library's allocator, and smaller.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Runs when an instance begins: a panic is then known to `tools/guard.js` as every other trap is.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| js::report_error(&RuntimeError::new(&panic.to_string()))));
}

/// Answers a request: an endpoint, or a page.
#[wasm_bindgen]
pub async fn fetch(request: Request, env: JsValue, context: Context) -> Result<Response, JsValue> {
    let call = Call::new(request, env, context);
    match endpoints::name(&call) {
        Some(endpoint) => endpoints::respond(&call, &endpoint).await,
        None => page::respond(&call).await,
    }
}
