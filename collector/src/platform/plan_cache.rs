//! The current plan. It is read from the store, checked once, and used by everything in this isolate.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use throughline::Plan;
use throughline::envelope;
use worker::{Env, console_error};

use crate::platform::clock;
use crate::platform::settings::Settings;

#[derive(Default)]
struct Store {
    plan: Option<Rc<Plan>>,
    asked_at: i64,
}

#[derive(Deserialize)]
struct Pointer {
    edge: String,
}

thread_local! {
    static STORE: RefCell<Store> = RefCell::default();
}

/// The current plan; the last good one while the store fails or holds something else; none before the first.
pub async fn current(env: &Env) -> Option<Rc<Plan>> {
    let settings = Settings::of(env);
    let (known, asked_at) = STORE.with_borrow(|store| (store.plan.clone(), store.asked_at));
    let now = clock::now();
    // Without a plan nothing can be counted, so then the store is asked more often.
    let refresh = if known.is_some() { settings.refresh } else { settings.refresh.min(1000) };
    if now.saturating_sub(asked_at) < refresh {
        return known;
    }
    STORE.with_borrow_mut(|store| store.asked_at = now);
    match fetch(env, &settings, known.as_deref()).await {
        Ok(Some(plan)) => {
            let plan = Rc::new(plan);
            STORE.with_borrow_mut(|store| store.plan = Some(plan.clone()));
            Some(plan)
        }
        Ok(None) => known,
        Err(error) => {
            console_error!("plan not updated: {error}");
            known
        }
    }
}

/// The plan that the store points to, unless it is the known one.
async fn fetch(env: &Env, settings: &Settings, known: Option<&Plan>) -> Result<Option<Plan>, String> {
    let store = env.kv("PLANS").map_err(|error| error.to_string())?;
    let pointer = store.get("plan:current").text().await.map_err(|error| error.to_string())?;
    let Some(pointer) = pointer else { return Ok(None) };
    let Pointer { edge: id } = serde_json::from_str(&pointer).map_err(|error| format!("`plan:current`: {error}"))?;
    if known.is_some_and(|known| known.id() == id) {
        return Ok(None);
    }
    let sealed = store.get(&format!("plan:{id}")).bytes().await.map_err(|error| error.to_string())?;
    let sealed = sealed.ok_or_else(|| format!("`plan:{id}` not found in KV"))?;
    let payload = envelope::open(&sealed, &settings.plan_keys).map_err(|error| error.to_string())?;
    let plan = Plan::load(payload).map_err(|error| error.to_string())?;
    if plan.id() == id { Ok(Some(plan)) } else { Err(format!("`plan:{id}` contains plan `{}`", plan.id())) }
}
