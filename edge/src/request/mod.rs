//! One request to this worker, and the state that all requests of an isolate share.

pub mod address;
pub mod bot;
pub mod cookies;
pub mod cors;
pub mod incoming_request;
mod purpose;

use alloc::rc::Rc;

use core::cell::Cell;

use js_sys::Promise;
use throughline::{Millis, Plan};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;
use web_sys::Request;

use crate::page::unfilled::Unfilled;
use crate::plan_store::PlanStore;
use crate::platform::config::Config;
use crate::platform::js::{self, ExecutionContext};
use crate::refresh::Refreshes;
use crate::request::incoming_request::IncomingRequest;

/// The time that a response waits for the first plan, in milliseconds.
const FIRST_PLAN_WAIT_MS: u32 = 1000;

/// The state that all requests of an isolate share. Only `refreshes` has something about visitors.
pub struct Isolate {
    /// The operator's settings.
    pub config: Config,
    /// The plans.
    pub plans: PlanStore,
    /// The collector's answers about visitors, for a minute.
    pub refreshes: Refreshes,
    /// The number of requests that were refused because a page of another site had sent them.
    pub refused_senders: Cell<u32>,
    /// Slots that were left as they came.
    pub unfilled: Unfilled,
}

impl Isolate {
    /// Reads the settings from the bindings. Plans are loaded by the first request.
    pub fn new(env: &JsValue) -> Self {
        Self {
            config: Config::read(env),
            plans: PlanStore::default(),
            refreshes: Refreshes::default(),
            refused_senders: Cell::default(),
            unfilled: Unfilled::default(),
        }
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
        let incoming = IncomingRequest::new(request, &isolate.config);
        Self { isolate, env, execution, incoming, now: js::now() }
    }

    /// Asks the store for a newer plan, if that is due. The question goes on even if nobody waits for the answer.
    pub fn check_plan(&self) -> PlanCheck {
        let plans = &self.isolate.plans;
        let is_due = plans.is_stale(self.now, self.isolate.config.refresh_ms);
        PlanCheck(is_due.then(|| {
            plans.begin(self.now);
            let (isolate, env, now) = (Rc::clone(&self.isolate), self.env.clone(), self.now);
            let promise = future_to_promise(async move {
                isolate.plans.refresh(&env, &isolate.config.plan_keys, now).await;
                Ok(JsValue::UNDEFINED)
            });
            self.execution.wait_until_settled(&promise);
            promise
        }))
    }

    /// Returns the plan, and waits for the store if this isolate has none. A stale plan is refreshed in the background.
    pub async fn plan_or_load(&self) -> Option<Rc<Plan>> {
        let check = self.check_plan();
        if self.isolate.plans.loaded().is_none() {
            check.wait(self).await;
        }
        self.isolate.plans.loaded()
    }

    /// Returns the newest plan that the store has told in time.
    pub async fn newest_plan(&self) -> Option<Rc<Plan>> {
        self.check_plan().wait(self).await;
        self.isolate.plans.loaded()
    }
}

/// A question to the store for a newer plan, if one was due.
pub struct PlanCheck(Option<Promise>);

impl PlanCheck {
    /// Waits for the answer, but not longer than `FRESH_WAIT`, or longer while this isolate has no plan.
    ///
    /// The store mostly answers sooner than the origin, which is asked meanwhile.
    pub async fn wait(&self, context: &RequestContext) {
        let has_plan = context.isolate.plans.loaded().is_some();
        let longest = if has_plan { context.isolate.config.fresh_wait_ms } else { FIRST_PLAN_WAIT_MS };
        match &self.0 {
            Some(answer) => js::wait_at_most(answer, longest).await,
            None if !has_plan => context.isolate.plans.wait_for_first().await,
            None => {}
        }
    }
}
