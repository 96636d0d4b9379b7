//! One request to this worker, and what this isolate knows.

pub mod address;
pub mod bot;
pub mod cookies;
pub mod cors;
pub mod incoming;

use alloc::rc::Rc;

use throughline::{Millis, Plan};
use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::plan_store::PlanStore;
use crate::platform::config::Config;
use crate::platform::js::Context;
use crate::request::incoming::Incoming;

/// What all requests of an isolate share; nothing of any visitor.
pub struct Edge {
    /// What the operator has set.
    pub config: Config,
    /// The plan.
    pub plans: PlanStore,
}

impl Edge {
    /// What all requests with these bindings share.
    pub fn new(env: &JsValue) -> Self {
        Self { config: Config::read(env), plans: PlanStore::default() }
    }
}

/// One request.
pub struct Call {
    /// What this isolate knows.
    pub edge: Rc<Edge>,
    /// The bindings.
    pub env: JsValue,
    /// Keeps work going after the response.
    pub context: Context,
    /// The request.
    pub incoming: Incoming,
    /// When it came.
    pub now: Millis,
}

impl Call {
    /// Takes a request.
    #[expect(clippy::cast_possible_truncation, reason = "the clock counts whole milliseconds, far below 2^53")]
    pub fn new(edge: Rc<Edge>, request: Request, env: JsValue, context: Context) -> Self {
        let now = Millis(js_sys::Date::now() as i64);
        Self { edge, env, context, incoming: Incoming::new(request), now }
    }

    /// The plan, if this isolate has one; in the background the store is asked for a newer one when it is time.
    pub fn plan(&self) -> Option<Rc<Plan>> {
        let plan = self.edge.plans.loaded();
        if plan.is_some() && self.is_stale() {
            let (edge, env, now) = (Rc::clone(&self.edge), self.env.clone(), self.now);
            self.context.wait_until(async move { edge.plans.refresh(&env, &edge.config.plan_keys, now).await });
        }
        plan
    }

    /// The plan, even if the store must be asked first.
    pub async fn plan_or_load(&self) -> Option<Rc<Plan>> {
        if let Some(plan) = self.plan() {
            return Some(plan);
        }
        if self.is_stale() {
            self.edge.plans.refresh(&self.env, &self.edge.config.plan_keys, self.now).await;
        }
        self.edge.plans.loaded()
    }

    fn is_stale(&self) -> bool {
        self.edge.plans.is_stale(self.now, self.edge.config.refresh_ms)
    }
}
