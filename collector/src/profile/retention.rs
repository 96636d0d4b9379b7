//! Retention: what is older than `policies.retention` leaves the object, the archive and the failed events.
//!
//! ```text
//!            RETAIN_AT due                                    ┌──> RETAIN_AT = when the next thing is too old
//!   [wait] ───────────────> one transaction: what is too old ─┤
//!                           leaves, files are doomed          └──> an anonymous device without activity is erased
//! ```
//!
//! Looks are at least a day apart, or a 24th of the shortest time in the rules, so an object does not wake for each
//! event. They are a month apart at most, so new rules reach a profile that nobody asks for.

use std::rc::Rc;

use throughline::{Plan, Retention};
use worker::Result;

use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::profile::erase;
use crate::profile::rpc::Erase;
use crate::profile::session::ProfileSession;
use crate::store::{ProfileStore, key};

const DAY: i64 = 86_400_000;
/// The longest time between two looks, in milliseconds.
const LONGEST_WAIT: i64 = 30 * DAY;

/// Makes the next look due in time for events that have just arrived, of which the first happened at `oldest`.
pub fn schedule(store: &ProfileStore, limits: Option<Retention>, oldest: Option<i64>, now: i64) -> Result<()> {
    let limits = limits.unwrap_or_default();
    let events = limits.events.zip(oldest).map(|(limit, at)| at.saturating_add(limit.0));
    let others = [limits.anonymous, limits.deliveries].into_iter().flatten().map(|limit| now.saturating_add(limit.0));
    let due = others.chain(events).min();
    let due = due.map_or(LONGEST_WAIT.saturating_add(now), |due| within_waits(due, &limits, now));
    match store.get(key::RETAIN_AT)? {
        Some(known) if known <= due => Ok(()),
        _ => store.set(key::RETAIN_AT, &due),
    }
}

/// Removes what is too old, if it is time.
pub async fn retain(context: &ObjectContext, plan: &Rc<Plan>) -> Result<()> {
    let now = clock::now();
    if context.store()?.get(key::RETAIN_AT)?.is_none_or(|at| at > now) {
        return Ok(());
    }
    let plan = plan.clone();
    if context.transact(move |store| remove_old(store, plan, now)).await? {
        erase::erase(context, Erase { suppress: false, winner: None }).await?;
    }
    Ok(())
}

/// Removes what is too old, and sets the next look. Returns whether the whole profile is to be erased.
fn remove_old(store: &ProfileStore, plan: Rc<Plan>, now: i64) -> Result<bool> {
    if store.contains(key::MOVED_TO)? {
        store.clear(key::RETAIN_AT)?;
        return Ok(false);
    }
    let limits = plan.retention();
    // INVARIANT: the next look is set before anything is done.
    store.set(key::RETAIN_AT, &now.saturating_add(shortest_wait(&limits)))?;
    if limits.anonymous.is_some_and(|limit| is_abandoned(store, now.saturating_sub(limit.0)).unwrap_or(false)) {
        return Ok(true);
    }
    if let Some(limit) = limits.events {
        remove_events(store, plan, now.saturating_sub(limit.0), now)?;
    }
    if let Some(limit) = limits.deliveries {
        store.delete_deliveries_before(now.saturating_sub(limit.0))?;
    }
    store.set(key::RETAIN_AT, &next_look(store, &limits, now)?)?;
    Ok(false)
}

/// Returns whether this is a device of nobody without activity since a time.
fn is_abandoned(store: &ProfileStore, cutoff: i64) -> Result<bool> {
    let is_anonymous = !store.contains(key::ACCOUNT)? && !store.is_person()?;
    Ok(is_anonymous && store.get(key::ACTIVE_AT)?.is_some_and(|at| at < cutoff))
}

fn remove_events(store: &ProfileStore, plan: Rc<Plan>, cutoff: i64, now: i64) -> Result<()> {
    let mut session = ProfileSession::load(store, Some(plan))?;
    session.forget_events_before(cutoff)?;
    session.advance_and_save(now)?;
    store.delete_seen_before(cutoff)?;
    store.doom_archive_files_before(cutoff)?;
    if store.doomed_archive_files(1)?.is_empty() { Ok(()) } else { store.set(key::PURGE_AT, &now) }
}

/// Returns when the next thing is too old.
fn next_look(store: &ProfileStore, limits: &Retention, now: i64) -> Result<i64> {
    let oldest = [store.oldest_event()?, store.oldest_seen()?, store.oldest_archive_file()?];
    let ends = [
        limits.events.zip(oldest.into_iter().flatten().min()),
        limits.deliveries.zip(store.oldest_delivery()?),
        limits.anonymous.zip(store.get(key::ACTIVE_AT)?),
    ];
    let due = ends.into_iter().flatten().map(|(limit, at)| at.saturating_add(limit.0)).min();
    Ok(within_waits(due.unwrap_or(i64::MAX), limits, now))
}

/// Returns the time of a look that is due at `due`, neither too soon nor too late.
fn within_waits(due: i64, limits: &Retention, now: i64) -> i64 {
    due.clamp(now.saturating_add(shortest_wait(limits)), now.saturating_add(LONGEST_WAIT))
}

/// Returns the shortest time between two looks, in milliseconds.
fn shortest_wait(limits: &Retention) -> i64 {
    let all = [limits.events, limits.anonymous, limits.deliveries];
    let shortest = all.into_iter().flatten().map(|limit| limit.0).min().unwrap_or(LONGEST_WAIT);
    shortest.div_euclid(24).clamp(1, DAY)
}
