//! The edge worker: pages whose slots are filled while they stream by, and endpoints under one prefix.
//!
//! It only converts: requests to facts, decisions to pages, JSON and cookies. What is decided, is decided in `throughline`.

// Without the standard library, whose panics bring all that formats their messages (8 KB gz).
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod endpoints;
mod error;
mod outbox;
mod page;
mod plan_store;
mod platform;
mod prelude;
mod request;
mod response;
mod visitor;

use alloc::rc::Rc;

#[cfg(target_family = "wasm")]
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};

use platform::js::Context;
use request::{Call, Edge};

/// As quick as the standard library's allocator, and smaller.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Ends the instance, and `tools/guard.js` begins another; where it was, the trap's stack says, with the names of `build/names/edge.wasm`.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// This worker in one isolate.
#[wasm_bindgen(js_name = Edge)]
pub struct Worker {
    edge: Rc<Edge>,
}

#[wasm_bindgen(js_class = Edge)]
impl Worker {
    /// A worker with these bindings.
    #[wasm_bindgen(constructor)]
    pub fn new(env: &JsValue) -> Self {
        Self { edge: Rc::new(Edge::new(env)) }
    }

    /// Answers a request: an endpoint, or a page.
    pub async fn fetch(&self, request: Request, env: JsValue, context: Context) -> Result<Response, JsValue> {
        let call = Call::new(Rc::clone(&self.edge), request, env, context);
        match endpoints::name(&call) {
            Some(endpoint) => endpoints::respond(&call, &endpoint).await,
            None => page::respond(&call).await,
        }
    }
}
