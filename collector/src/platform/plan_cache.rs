//! The current plan: read from KV, verified once, and shared by everything in this isolate.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use throughline::Plan;
use throughline::envelope;
use worker::{Env, console_error};

use crate::platform::clock;
use crate::platform::settings::Settings;

/// The longest time between two reads of KV while there is no plan, in milliseconds.
const REFRESH_WITHOUT_PLAN: i64 = 1000;

#[derive(Default)]
struct Cache {
    plan: Option<Rc<Plan>>,
    checked_at: i64,
}

#[derive(Deserialize)]
struct Pointer {
    edge: String,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Returns the current plan, or `None` before the first one.
///
/// While KV fails or holds an invalid plan, the last good plan stays in force.
pub async fn current(env: &Env) -> Option<Rc<Plan>> {
    let settings = Settings::of(env);
    let (known, checked_at) = CACHE.with_borrow(|cache| (cache.plan.clone(), cache.checked_at));
    let now = clock::now();
    // Without a plan no event is reduced, so KV is checked more often then.
    let refresh = if known.is_some() { settings.refresh } else { settings.refresh.min(REFRESH_WITHOUT_PLAN) };
    if now.saturating_sub(checked_at) < refresh {
        return known;
    }
    CACHE.with_borrow_mut(|cache| cache.checked_at = now);
    match fetch(env, &settings, known.as_deref()).await {
        Ok(Some(plan)) => Some(replace(plan)),
        Ok(None) => known,
        Err(error) => {
            console_error!("plan not updated: {error}");
            known
        }
    }
}

fn replace(plan: Plan) -> Rc<Plan> {
    let plan = Rc::new(plan);
    CACHE.with_borrow_mut(|cache| cache.plan = Some(plan.clone()));
    plan
}

/// Returns the plan that `plan:current` points to, or `None` if it is the known one or nothing is published.
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
    open(&sealed, settings, &id).map(Some)
}

fn open(sealed: &[u8], settings: &Settings, id: &str) -> Result<Plan, String> {
    let payload = envelope::open(sealed, &settings.plan_keys).map_err(|error| error.to_string())?;
    let plan = Plan::load(payload).map_err(|error| error.to_string())?;
    if plan.id() == id { Ok(plan) } else { Err(format!("`plan:{id}` contains plan `{}`", plan.id())) }
}
