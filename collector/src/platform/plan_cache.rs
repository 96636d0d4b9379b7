//! The current plan: read from KV, verified once, and shared by everything in this isolate.
//!
//! One call reads KV. While there is no plan, the calls that arrive meanwhile wait for it: an event that is applied
//! without a plan is stored, and reduced only later.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use throughline::Plan;
use throughline::envelope;
use worker::{Delay, Env, console_error};

use crate::platform::clock;
use crate::platform::settings::Settings;

/// The longest time between two reads of KV while there is no plan, in milliseconds.
const REFRESH_WITHOUT_PLAN: i64 = 1000;
/// The time between two looks at whether the first read has ended.
///
/// Each call waits with a timer of its own. The platform lets no request continue by the I/O of another one.
const POLL: Duration = Duration::from_millis(5);
/// The longest time for which calls wait for the first read, in milliseconds.
const PATIENCE: i64 = 5000;

#[derive(Default)]
struct Cache {
    plan: Option<Rc<Plan>>,
    checked_at: Option<i64>,
    /// Whether a call reads KV at this moment.
    is_reading: bool,
    /// The reason why the newest plan is not in force.
    problem: Option<String>,
}

/// The right to read KV. Dropping it, even with an abandoned call, lets the next one read.
struct Reading;

impl Reading {
    /// Returns the right, unless another call has it or KV was read within `refresh` milliseconds.
    fn begin(now: i64, refresh: i64) -> Option<Self> {
        CACHE.with_borrow_mut(|cache| {
            let is_fresh = cache.checked_at.is_some_and(|at| now.saturating_sub(at) < refresh);
            if cache.is_reading || is_fresh {
                return None;
            }
            (cache.is_reading, cache.checked_at) = (true, Some(now));
            Some(Self)
        })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        CACHE.with_borrow_mut(|cache| cache.is_reading = false);
    }
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
    let known = cached();
    // Without a plan no event is reduced, so KV is checked more often then.
    let refresh = if known.is_some() { settings.refresh } else { settings.refresh.min(REFRESH_WITHOUT_PLAN) };
    let Some(_reading) = Reading::begin(clock::now(), refresh) else {
        return if known.is_some() { known } else { first_read().await };
    };
    let found = fetch(env, &settings, known.as_deref()).await;
    CACHE.with_borrow_mut(|cache| cache.problem = found.as_ref().err().cloned());
    match found {
        Ok(Some(plan)) => Some(replace(plan)),
        Ok(None) => known,
        Err(error) => {
            console_error!("plan not updated: {error}");
            known
        }
    }
}

/// Returns the reason why the newest plan is not in force, as far as this isolate knows.
pub fn problem() -> Option<String> {
    CACHE.with_borrow(|cache| cache.problem.clone())
}

/// Waits until the call that reads KV has ended, and returns the plan that it found.
async fn first_read() -> Option<Rc<Plan>> {
    let until = clock::now().saturating_add(PATIENCE);
    while CACHE.with_borrow(|cache| cache.is_reading) && clock::now() < until {
        Delay::from(POLL).await;
    }
    cached()
}

fn cached() -> Option<Rc<Plan>> {
    CACHE.with_borrow(|cache| cache.plan.clone())
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
    open(&sealed, settings, &id).map(Some).map_err(|error| format!("`plan:{id}`: {error}"))
}

fn open(sealed: &[u8], settings: &Settings, id: &str) -> Result<Plan, String> {
    let payload = envelope::open(sealed, &settings.plan_keys).map_err(|error| error.to_string())?;
    let plan = Plan::load(payload).map_err(|error| error.to_string())?;
    if plan.id() == id { Ok(plan) } else { Err(format!("contains plan `{}`", plan.id())) }
}
