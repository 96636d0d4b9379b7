//! A change of the plan: the profile is rebuilt from the journal, and the account sync begins anew if it has to.
//!
//! The same happens after events arrived while there was no plan: the stored id of the plan is then absent.

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
        let reduced_under = self.store.get(key::PLAN)?;
        if reduced_under.as_deref() == Some(plan.id()) {
            return Ok(());
        }
        self.profile = rebuild(&self.store, &plan, &self.profile)?;
        self.needs_sync = restart_sync(&self.store, &plan)? || reduced_under.is_none();
        self.store.set(key::PLAN, &plan.id().to_owned())
    }
}

/// Returns the profile as all known events reduce it under this plan. Journeys keep their state, so nothing is sent
/// again.
fn rebuild(store: &ProfileStore, plan: &Plan, old: &Profile) -> Result<Profile> {
    let mut profile = store.get(key::BASE)?.unwrap_or_else(|| Profile::new(old.subject.clone()));
    let mut after = 0;
    loop {
        let entries = store.entries_after(after, PAGE)?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            reduce(plan, &mut profile, &entry.record()?.event);
        }
    }
    profile.subject.clone_from(&old.subject);
    if let (Some(id), Some(account)) = (old.account_id(), old.account()) {
        profile.merge_account(plan, id, account);
    }
    profile.journeys = old.journeys.clone();
    Ok(profile)
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
