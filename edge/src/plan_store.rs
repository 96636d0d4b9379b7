//! The plan of this isolate: taken from KV, checked, and kept as long as nothing better comes.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use futures_util::future::join;
use throughline::envelope;
use throughline::keys::KeySet;
use throughline::{Millis, Plan, Value};
use wasm_bindgen::JsValue;

use crate::error::log;
use crate::platform::js::{self, Kv};
use crate::prelude::*;

/// Without any plan the store is asked again after this time: pages must not wait for it each time.
const RETRY_MS: i64 = 1000;

/// The plan for browsers: checked here, and passed on as it is stored.
pub struct Public {
    /// The plan.
    pub plan: Plan,
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

/// What `plan:current` says.
struct Current {
    edge: String,
    public: String,
    published: Value,
}

/// The plan of this isolate.
#[derive(Default)]
pub struct PlanStore {
    edge: RefCell<Option<Rc<Plan>>>,
    public: RefCell<Option<Rc<Public>>>,
    current: RefCell<Option<Current>>,
    problem: RefCell<Option<String>>,
    asked_at: Cell<Option<Millis>>,
    loaded_at: Cell<Option<Millis>>,
    is_off: Cell<bool>,
}

/// What `health` says of the plan.
pub struct State {
    /// The plan in use.
    pub plan: Option<String>,
    /// When it was published, by the store.
    pub published: Value,
    /// When this isolate loaded it.
    pub loaded_at: Option<Millis>,
    /// Why the newest plan is not in use.
    pub problem: Option<String>,
}

impl PlanStore {
    /// The plan in use, without asking anybody.
    pub fn loaded(&self) -> Option<Rc<Plan>> {
        self.edge.borrow().clone()
    }

    /// Whether the kill switch is thrown.
    pub fn is_off(&self) -> bool {
        self.is_off.get()
    }

    /// Whether the store should be asked again.
    pub fn is_stale(&self, now: Millis, refresh_ms: i64) -> bool {
        let interval = if self.edge.borrow().is_some() { refresh_ms } else { RETRY_MS.min(refresh_ms) };
        self.asked_at.get().is_none_or(|asked_at| now.minus(asked_at).0.saturating_abs() >= interval)
    }

    /// Asks the store for the switch and the plan. What goes wrong is noted, and everything stays as it is.
    pub async fn refresh(&self, env: &JsValue, keys: &KeySet, now: Millis) {
        // Set first: whoever comes while we wait need not ask, too.
        self.asked_at.set(Some(now));
        let result = self.try_refresh(env, keys, now).await;
        if let Err(problem) = &result {
            log(&format!("plan: {problem}"));
        }
        *self.problem.borrow_mut() = result.err();
    }

    /// The public plan that belongs to the plan in use; the last good one where that cannot be had.
    pub async fn public(&self, env: &JsValue, keys: &KeySet) -> Option<Rc<Public>> {
        let wanted = self.current.borrow().as_ref().map(|current| current.public.clone())?;
        let kept = self.public.borrow().clone();
        if kept.as_ref().is_some_and(|kept| kept.plan.id() == wanted) {
            return kept;
        }
        match fetch(env, "public", &wanted, keys).await {
            Ok((plan, _)) if !plan.is_public() => {
                log(&format!("plan: `public:{wanted}` contains a plan that is not public"));
                kept
            }
            Ok((plan, sealed)) => {
                let public = Rc::new(Public { plan, sealed });
                *self.public.borrow_mut() = Some(Rc::clone(&public));
                Some(public)
            }
            Err(problem) => {
                log(&format!("plan: {problem}"));
                kept
            }
        }
    }

    /// What `health` says.
    pub fn state(&self) -> State {
        State {
            plan: self.loaded().map(|plan| plan.id().to_owned()),
            published: self.current.borrow().as_ref().map_or(Value::Null, |current| current.published.clone()),
            loaded_at: self.loaded_at.get(),
            problem: self.problem.borrow().clone(),
        }
    }

    async fn try_refresh(&self, env: &JsValue, keys: &KeySet, now: Millis) -> Result<(), String> {
        let store = store(env)?;
        let (switch, current) = join(store.text("switch"), store.text("plan:current")).await;
        // A store that does not answer leaves the switch where it was.
        self.is_off.set(switch.map_err(|cause| failed("switch", &cause))?.is_some_and(|word| word.trim() == "off"));

        let current = current.map_err(|cause| failed("plan:current", &cause))?;
        let current = Current::parse(&current.ok_or("`plan:current` not found: no plan has been published")?)?;
        if self.loaded().is_none_or(|plan| plan.id() != current.edge) {
            let (plan, _) = fetch(env, "plan", &current.edge, keys).await?;
            *self.edge.borrow_mut() = Some(Rc::new(plan));
            self.loaded_at.set(Some(now));
        }
        *self.current.borrow_mut() = Some(current);
        Ok(())
    }
}

/// Takes a plan from the store, with the bytes as they are there, and checks its seal, its form and its id.
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

impl Current {
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
