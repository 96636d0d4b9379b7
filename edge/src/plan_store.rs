//! The plan of this isolate: loaded from KV, verified, and replaced only by a newer valid one.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use futures_util::future::join;
use throughline::envelope;
use throughline::keys::KeySet;
use throughline::{Millis, Plan, Value};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::error::log;
use crate::platform::js::{self, Kv};
use crate::prelude::*;

/// The shortest time between two attempts without a plan: not every page may wait for the store.
const RETRY_MS: i64 = 1000;
/// The time between two looks at whether the first plan is loaded, in milliseconds.
const POLL_MS: u32 = 5;
/// The number of looks, after which a request goes on without a plan.
const MAX_POLLS: u32 = 200;

/// The plan for browsers: verified here, and served as it is stored.
pub struct PublicPlan {
    /// The plan.
    pub plan: Plan,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// The ids of the current plans, from the key `plan:current`.
struct CurrentPlans {
    edge: String,
    public: String,
    published: Value,
}

/// The plans of this isolate, and the kill switch.
#[derive(Default)]
pub struct PlanStore {
    edge: RefCell<Option<Rc<Plan>>>,
    public: RefCell<Option<Rc<PublicPlan>>>,
    current: RefCell<Option<CurrentPlans>>,
    problem: RefCell<Option<String>>,
    /// The reason why the newest public plan is not in use. It is forgotten when the store is asked again.
    public_problem: RefCell<Option<String>>,
    /// The number of changes of plan and switch.
    changes: Cell<u32>,
    asked_at: Cell<Option<Millis>>,
    loaded_at: Cell<Option<Millis>>,
    is_loading: Cell<bool>,
    is_off: Cell<bool>,
}

/// The state of the plan, for `health`.
pub struct PlanState {
    /// The id of the plan in use.
    pub plan: Option<String>,
    /// The time of publication, as the store states it.
    pub published: Value,
    /// The time at which this isolate loaded it.
    pub loaded_at: Option<Millis>,
    /// The reasons why the newest plans are not in use.
    pub problems: Vec<String>,
}

impl PlanStore {
    /// Returns the plan in use, without asking the store.
    pub fn loaded(&self) -> Option<Rc<Plan>> {
        self.edge.borrow().clone()
    }

    /// Whether the kill switch is on.
    pub fn is_off(&self) -> bool {
        self.is_off.get()
    }

    /// Whether the store should be asked again.
    pub fn is_stale(&self, now: Millis, refresh_ms: i64) -> bool {
        let interval = if self.edge.borrow().is_some() { refresh_ms } else { RETRY_MS.min(refresh_ms) };
        self.asked_at.get().is_none_or(|asked_at| now.minus(asked_at).0.saturating_abs() >= interval)
    }

    /// Returns the number of changes of plan and switch so far.
    pub fn changes(&self) -> u32 {
        self.changes.get()
    }

    /// Whether the first plan is being loaded, so that it is not known yet which pages are filled.
    pub fn is_loading_first(&self) -> bool {
        self.is_loading.get() && self.edge.borrow().is_none()
    }

    /// Notes that the store is about to be asked, so that concurrent requests do not ask as well.
    pub fn begin(&self, now: Millis) {
        self.asked_at.set(Some(now));
        self.is_loading.set(true);
    }

    /// Reads the kill switch and the plan from the store. After a failure the previous state remains in use.
    pub async fn refresh(&self, env: &JsValue, keys: &KeySet, now: Millis) {
        let result = self.try_refresh(env, keys, now).await;
        self.is_loading.set(false);
        if let Err(problem) = &result {
            log(&format!("plan: {problem}"));
        }
        *self.problem.borrow_mut() = result.err();
        *self.public_problem.borrow_mut() = None;
    }

    /// Waits until another request of this isolate has loaded the first plan, at most a second.
    ///
    /// Each request waits with a timer of its own, because the platform lets none continue by the I/O of another one.
    pub async fn wait_for_first(&self) {
        for _ in 0..MAX_POLLS {
            if !self.is_loading.get() {
                return;
            }
            let _ = JsFuture::from(js::sleep(POLL_MS)).await;
        }
    }

    /// Returns the public plan that belongs to the plan in use, or the last valid one if it cannot be loaded.
    pub async fn public(&self, env: &JsValue, keys: &KeySet) -> Option<Rc<PublicPlan>> {
        let wanted = self.current.borrow().as_ref().map(|current| current.public.clone())?;
        let kept = self.public.borrow().clone();
        let is_refused = kept.is_some() && self.public_problem.borrow().is_some();
        if is_refused || kept.as_ref().is_some_and(|kept| kept.plan.id() == wanted) {
            return kept;
        }
        match fetch_public(env, &wanted, keys).await {
            Ok(public) => {
                let public = Rc::new(public);
                *self.public.borrow_mut() = Some(Rc::clone(&public));
                Some(public)
            }
            Err(problem) => {
                log(&format!("plan: {problem}"));
                *self.public_problem.borrow_mut() = Some(problem);
                kept
            }
        }
    }

    /// Returns the state for the pages that are open: the id of the public plan, or `off` while the kill switch is on.
    pub fn public_state(&self) -> Option<String> {
        if self.is_off.get() {
            return Some("off".to_owned());
        }
        if self.public_problem.borrow().is_some() {
            return self.public.borrow().as_ref().map(|public| public.plan.id().to_owned());
        }
        self.current.borrow().as_ref().map(|current| current.public.clone()).filter(|id| !id.is_empty())
    }

    /// Returns the state for `health`.
    pub fn state(&self) -> PlanState {
        PlanState {
            plan: self.loaded().map(|plan| plan.id().to_owned()),
            published: self.current.borrow().as_ref().map_or(Value::Null, |current| current.published.clone()),
            loaded_at: self.loaded_at.get(),
            problems: [&self.problem, &self.public_problem].iter().filter_map(|one| one.borrow().clone()).collect(),
        }
    }

    async fn try_refresh(&self, env: &JsValue, keys: &KeySet, now: Millis) -> Result<(), String> {
        let store = store(env)?;
        let (switch, current) = join(store.text("switch"), store.text("plan:current")).await;
        // If the store does not answer, the switch keeps its state.
        let is_off = switch.map_err(|cause| failed("switch", &cause))?.is_some_and(|word| word.trim() == "off");
        if self.is_off.replace(is_off) != is_off {
            self.note_change();
        }

        let current = current.map_err(|cause| failed("plan:current", &cause))?;
        let current = CurrentPlans::parse(&current.ok_or("`plan:current` not found: no plan has been published")?)?;
        if self.loaded().is_none_or(|plan| plan.id() != current.edge) {
            let (plan, _) = fetch(env, "plan", &current.edge, keys).await?;
            *self.edge.borrow_mut() = Some(Rc::new(plan));
            self.loaded_at.set(Some(now));
            self.note_change();
        }
        *self.current.borrow_mut() = Some(current);
        Ok(())
    }

    fn note_change(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }
}

async fn fetch_public(env: &JsValue, id: &str, keys: &KeySet) -> Result<PublicPlan, String> {
    let (plan, sealed) = fetch(env, "public", id, keys).await?;
    if plan.is_public() {
        Ok(PublicPlan { plan, sealed })
    } else {
        Err(format!("`public:{id}` contains a plan that is not public"))
    }
}

/// Loads a plan from the store and verifies its seal, its format and its id. Returns it with its sealed bytes.
async fn fetch(env: &JsValue, kind: &str, id: &str, keys: &KeySet) -> Result<(Plan, Vec<u8>), String> {
    let key = format!("{kind}:{id}");
    let found = store(env)?.bytes(&key).await.map_err(|cause| failed(&key, &cause))?;
    let sealed = found.ok_or_else(|| format!("`{key}` not found"))?;
    let payload = envelope::open(&sealed, keys).map_err(|error| format!("`{key}`: {error}"))?;
    let plan = Plan::load(payload).map_err(|error| format!("`{key}`: {error}"))?;
    if plan.id() != id {
        return Err(format!("`{key}` contains plan `{}`", plan.id()));
    }
    Ok((plan, sealed))
}

impl CurrentPlans {
    fn parse(json: &str) -> Result<Self, String> {
        let value = Value::from_json(json).map_err(|error| format!("`plan:current`: {error}"))?;
        let id = |name| value.at([name]).as_str().unwrap_or_default().to_owned();
        let current = Self { edge: id("edge"), public: id("public"), published: value.at(["published"]).clone() };
        if current.edge.is_empty() { Err("`plan:current` has no plan id in `edge`".to_owned()) } else { Ok(current) }
    }
}

fn store(env: &JsValue) -> Result<Kv, String> {
    js::binding(env, "PLANS").ok_or_else(|| "binding `PLANS` not found".to_owned())
}

fn failed(key: &str, cause: &JsValue) -> String {
    format!("`{key}` cannot be read: {}", js::reason(cause))
}
