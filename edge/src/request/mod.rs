//! One request to this worker, and the state that all requests of an isolate share.

pub mod address;
pub mod bot;
pub mod cookies;
pub mod cors;
pub mod incoming_request;

use alloc::rc::Rc;

use throughline::{Millis, Plan};
use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::plan_store::PlanStore;
use crate::platform::config::Config;
use crate::platform::js::{self, ExecutionContext};
use crate::refresh::Refreshes;
use crate::request::incoming_request::IncomingRequest;

/// The state that all requests of an isolate share. Only `refreshes` has something about visitors.
pub struct Isolate {
    /// The operator's settings.
    pub config: Config,
    /// The plans.
    pub plans: PlanStore,
    /// The collector's answers about visitors, for a minute.
    pub refreshes: Refreshes,
}

impl Isolate {
    /// Reads the settings from the bindings. Plans are loaded by the first request.
    pub fn new(env: &JsValue) -> Self {
        Self { config: Config::read(env), plans: PlanStore::default(), refreshes: Refreshes::default() }
    }
}

/// A request, its time, and the means to answer it.
pub struct RequestContext {
    /// The state of this isolate.
    pub isolate: Rc<Isolate>,
    /// The bindings.
    pub env: JsValue,
    /// The execution context, which continues work after the response.
    pub execution: ExecutionContext,
    /// The request.
    pub incoming: IncomingRequest,
    /// The time of arrival.
    pub now: Millis,
}

impl RequestContext {
    /// Wraps a request that arrives now.
    pub fn new(isolate: Rc<Isolate>, request: Request, env: JsValue, execution: ExecutionContext) -> Self {
        let incoming = IncomingRequest::new(request, isolate.config.cookie_domain.as_deref());
        Self { isolate, env, execution, incoming, now: js::now() }
    }

    /// Returns the plan if this isolate has one. A stale plan is refreshed in the background.
    pub fn plan(&self) -> Option<Rc<Plan>> {
        let plan = self.isolate.plans.loaded();
        if plan.is_some() && self.is_stale() {
            let (isolate, env, now) = (Rc::clone(&self.isolate), self.env.clone(), self.now);
            self.execution.wait_until(async move { isolate.plans.refresh(&env, &isolate.config.plan_keys, now).await });
        }
        plan
    }

    /// Returns the plan, and waits for the store if this isolate has none.
    pub async fn plan_or_load(&self) -> Option<Rc<Plan>> {
        if let Some(plan) = self.plan() {
            return Some(plan);
        }
        if self.is_stale() {
            self.isolate.plans.refresh(&self.env, &self.isolate.config.plan_keys, self.now).await;
        } else {
            self.isolate.plans.wait_for_first().await;
        }
        self.isolate.plans.loaded()
    }

    fn is_stale(&self) -> bool {
        self.isolate.plans.is_stale(self.now, self.isolate.config.refresh_ms)
    }
}
