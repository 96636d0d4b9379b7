//! The plan of this isolate: taken from KV, checked, and kept as long as nothing better comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::join;
use serde::Deserialize;
use throughline::Plan;
use throughline::plan::{envelope, tables::PUBLIC_PLAN};
use throughline::token::KeySet;
use worker::Env;
use worker::kv::KvStore;

use crate::error::log;

/// The least that KV lets us ask for, in seconds: how long a point of presence may answer from its own cache.
const CACHE_TTL: u64 = 30;
/// Without any plan the store is asked again after this time: pages must not wait for it each time.
const RETRY_MS: f64 = 1000.0;

/// The plan for browsers: checked here, and passed on as it is stored.
pub struct Public {
    /// The plan.
    pub plan: Plan,
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

/// What `plan:current` says.
#[derive(Clone, Deserialize)]
struct Current {
    edge: String,
    #[serde(default)]
    public: String,
    #[serde(default)]
    published: i64,
}

/// The plan of this isolate.
#[derive(Default)]
pub struct PlanStore {
    edge: RefCell<Option<Rc<Plan>>>,
    public: RefCell<Option<Rc<Public>>>,
    current: RefCell<Option<Current>>,
    problem: RefCell<Option<String>>,
    asked_at: Cell<f64>,
    loaded_at: Cell<f64>,
    is_off: Cell<bool>,
}

/// What `health` says of the plan.
pub struct State {
    /// The plan in use.
    pub plan: Option<String>,
    /// When it was published, by the store.
    pub published: i64,
    /// When this isolate loaded it.
    pub loaded_at: f64,
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
    pub fn is_stale(&self, now: f64, refresh_ms: f64) -> bool {
        let interval = if self.edge.borrow().is_some() { refresh_ms } else { RETRY_MS.min(refresh_ms) };
        let asked_at = self.asked_at.get();
        asked_at == 0.0 || (now - asked_at).abs() >= interval
    }

    /// Asks the store for the switch and the plan. What goes wrong is noted, and everything stays as it is.
    pub async fn refresh(&self, env: &Env, keys: &KeySet, now: f64) {
        // Set first: whoever comes while we wait need not ask, too.
        self.asked_at.set(now);
        let result = self.try_refresh(env, keys, now).await;
        if let Err(problem) = &result {
            log(&format!("plan: {problem}"));
        }
        *self.problem.borrow_mut() = result.err();
    }

    /// The public plan that belongs to the plan in use; the last good one where that cannot be had.
    pub async fn public(&self, env: &Env, keys: &KeySet) -> Option<Rc<Public>> {
        let wanted = self.current.borrow().as_ref().map(|current| current.public.clone())?;
        let kept = self.public.borrow().clone();
        if kept.as_ref().is_some_and(|kept| kept.plan.id() == wanted) {
            return kept;
        }
        match fetch(env, "public", &wanted, keys).await {
            Ok((plan, _)) if plan.settings().flags & PUBLIC_PLAN == 0 => {
                log(&format!("plan: `public:{wanted}` holds a plan that is not meant for browsers"));
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
            published: self.current.borrow().as_ref().map_or(0, |current| current.published),
            loaded_at: self.loaded_at.get(),
            problem: self.problem.borrow().clone(),
        }
    }

    async fn try_refresh(&self, env: &Env, keys: &KeySet, now: f64) -> Result<(), String> {
        let store = env.kv("PLANS").map_err(|_| "there is no KV namespace `PLANS`".to_owned())?;
        let (switch, current) = join(text(&store, "switch"), text(&store, "plan:current")).await;
        // A store that does not answer leaves the switch where it was.
        self.is_off.set(switch?.is_some_and(|word| word.trim() == "off"));

        let current = current?.ok_or("`plan:current` is not there: nothing has been published")?;
        let current: Current = serde_json::from_str(&current).map_err(|error| format!("`plan:current`: {error}"))?;
        if self.loaded().is_none_or(|plan| plan.id() != current.edge) {
            let (plan, _) = fetch(env, "plan", &current.edge, keys).await?;
            *self.edge.borrow_mut() = Some(Rc::new(plan));
            self.loaded_at.set(now);
        }
        *self.current.borrow_mut() = Some(current);
        Ok(())
    }
}

/// Takes a plan from the store, with the bytes as they are there, and checks its seal, its form and its id.
async fn fetch(env: &Env, kind: &str, id: &str, keys: &KeySet) -> Result<(Plan, Vec<u8>), String> {
    let key = format!("{kind}:{id}");
    let store = env.kv("PLANS").map_err(|_| "there is no KV namespace `PLANS`".to_owned())?;
    let found = store.get(&key).cache_ttl(CACHE_TTL).bytes().await.map_err(|error| format!("`{key}`: {error}"))?;
    let sealed = found.ok_or_else(|| format!("`{key}` is not there"))?;
    let payload = envelope::open(&sealed, keys).map_err(|error| format!("`{key}`: {error}"))?;
    let plan = Plan::load(payload).map_err(|error| format!("`{key}`: {error}"))?;
    if plan.id() != id {
        return Err(format!("`{key}` holds plan `{}`", plan.id()));
    }
    Ok((plan, sealed))
}

async fn text(store: &KvStore, key: &str) -> Result<Option<String>, String> {
    store.get(key).cache_ttl(CACHE_TTL).text().await.map_err(|error| format!("`{key}`: {error}"))
}
