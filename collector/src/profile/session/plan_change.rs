//! A change of the plan: the profile is rebuilt from the journal, and the account sync begins anew if it has to.
//!
//! Events that arrived while there was no plan are not in it: they are asked for consent and reduced afterwards.

use throughline::{Plan, Profile, account_event_names, reduce};
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::store::{ProfileStore, key};

/// The number of events that are read at once.
const PAGE: i64 = 500;

impl ProfileSession {
    /// Rebuilds the profile if the plan differs from the one that it was reduced under.
    pub(super) fn follow_plan(&mut self) -> Result<()> {
        let Some(plan) = self.plan.clone() else { return Ok(()) };
        let unreduced_from = self.store.get(key::UNREDUCED)?;
        if unreduced_from.is_none() && self.store.get(key::PLAN)?.as_deref() == Some(plan.id()) {
            return Ok(());
        }
        self.profile = rebuild(&self.store, &plan, &self.profile, unreduced_from.unwrap_or(i64::MAX))?;
        self.needs_sync = restart_sync(&self.store, &plan)? || unreduced_from.is_some();
        self.store.set(key::PLAN, &plan.id().to_owned())?;
        if unreduced_from.is_some() { self.reconsider_unreduced() } else { Ok(()) }
    }
}

/// Returns the profile as all known events before position `until` reduce it under this plan. Journeys keep their state,
/// so nothing is sent again.
pub(super) fn rebuild(store: &ProfileStore, plan: &Plan, old: &Profile, until: i64) -> Result<Profile> {
    let mut profile = base(store, plan)?;
    let mut after = 0;
    loop {
        let entries = store.entries_after(after, PAGE)?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in entries.iter().filter(|entry| entry.seq < until) {
            let record = entry.record()?;
            if !record.is_copy {
                reduce(plan, &mut profile, &record.event);
            }
        }
    }
    profile.subject.clone_from(&old.subject);
    if let (Some(id), Some(account)) = (old.account_id(), old.account())
        && profile.account_id() == Some(id)
    {
        profile.merge_account(plan, id, account);
    }
    profile.journeys = old.journeys.clone();
    Ok(profile)
}

/// Returns the profile as reduced from the events that are no longer in the journal: its own, and those of the profiles
/// that were merged into it.
fn base(store: &ProfileStore, plan: &Plan) -> Result<Profile> {
    let mut base = store.get(key::BASE)?.unwrap_or_default();
    for merge in store.merges()? {
        for of_loser in merge.bases()? {
            base.merge(plan, &of_loser);
        }
    }
    Ok(base)
}

/// Forwards the journal to the account from its first event on, if the plan counts other events for accounts than the
/// one before. Returns whether it does.
fn restart_sync(store: &ProfileStore, plan: &Plan) -> Result<bool> {
    let names: Vec<String> = account_event_names(plan).iter().map(|name| (*name).to_owned()).collect();
    if store.get(key::SYNCED_EVENTS)?.is_some_and(|before| before == names) {
        return Ok(false);
    }
    store.set(key::SYNCED_EVENTS, &names)?;
    store.clear(key::SYNCED_TO)?;
    Ok(true)
}
