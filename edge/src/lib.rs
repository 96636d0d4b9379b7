//! The edge worker: it fills the slots of pages while they stream through, and serves endpoints under one prefix.
//!
//! The worker only converts: requests to facts, and decisions to pages, JSON and cookies. Decisions are made by the crate
//! `throughline`.
//!
//! # Example
//!
//! `tests/worker/edge-example.test.mjs` runs it. With these rules
//!
//! ```json
//! {
//!   "version": 1,
//!   "policies": { "consent": { "default": "granted" } },
//!   "slots": { "hero": { "pages": ["/"] } },
//!   "channels": { "web": {} },
//!   "messages": { "hello": { "renditions": [{ "channel": "web", "html": "<em>Hello from {{ country | default: 'here' }}</em>" }] } },
//!   "campaigns": { "greet": { "class": "service", "slots": { "hero": "hello" } } }
//! }
//! ```
//!
//! the origin's page
//!
//! ```html
//! <h1 data-tl-slot="hero">Welcome</h1>
//! ```
//!
//! is served as
//!
//! ```html
//! <h1 data-tl-slot="hero" data-tl-state="applied" data-tl-decision="d-0123456789abcdef" data-tl-at="1796019587" data-tl-for="k3JdA0b-Zz4q"><em>Hello from here</em><tl-fallback hidden>Welcome</tl-fallback></h1>
//! ```

// The standard library's panics would add the code that formats their messages (8 KB gz).
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod endpoints;
mod error;
mod outbox;
mod page;
mod plan_store;
mod platform;
mod prelude;
mod refresh;
mod request;
mod response;
mod visitor;

use alloc::rc::Rc;

#[cfg(target_family = "wasm")]
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{Request, Response};

use platform::js::ExecutionContext;
use request::{Isolate, RequestContext};

/// As fast as the standard library's allocator, and smaller.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// Traps, which ends the instance. `tools/guard.js` starts another one.
///
/// The stack of the trap shows the place of the panic, with the function names of `build/names/edge.wasm`.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The worker in one isolate.
#[wasm_bindgen(js_name = Edge)]
pub struct Worker {
    isolate: Rc<Isolate>,
}

#[wasm_bindgen(js_class = Edge)]
impl Worker {
    /// Returns a worker with these bindings.
    #[wasm_bindgen(constructor)]
    pub fn new(env: &JsValue) -> Self {
        Self { isolate: Rc::new(Isolate::new(env)) }
    }

    /// Responds to a request for an endpoint or a page.
    pub async fn fetch(
        &self,
        request: Request,
        env: JsValue,
        execution: ExecutionContext,
    ) -> Result<Response, JsValue> {
        let context = RequestContext::new(Rc::clone(&self.isolate), request, env, execution);
        match endpoints::endpoint(&context) {
            Some(endpoint) => endpoints::respond(&context, &endpoint).await,
            None => page::respond(&context).await,
        }
    }
}
