//! The withdrawal of consent to storage. With `withdrawal: erase` it deletes the past and keeps the refusal.
//!
//! The object's own data are deleted in the transaction that stores the refusal. The copies in other places are removed
//! afterwards, by [`outside`](crate::profile::outside), and by the alarm if that fails.

use throughline::{Consent, Profile, SortedMap, Withdrawal};
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::store::key;

impl ProfileSession {
    /// Deletes the past, if consent to storage is refused and the rules want that.
    ///
    /// Identifiers stay, because the refusal is found by them, and so do the ids of events, which count once.
    pub(super) fn hold_withdrawal(&mut self, now: i64) -> Result<()> {
        if !self.is_withdrawn() || self.is_account()? || self.store.contains(key::PAST_ERASED)? {
            return Ok(());
        }
        self.profile = refusals_of(&self.profile);
        // INVARIANT: the refusal is in the base from now on, because the journal is empty.
        self.store.set(key::BASE, &self.profile)?;
        self.store.delete_past()?;
        self.store.forget_losers()?;
        self.store.doom_archive_files()?;
        self.store.clear(key::ARCHIVING)?;
        self.store.clear(key::SYNC_AT)?;
        self.store.set(key::PAST_ERASED, &true)?;
        self.store.set(key::WITHDRAWN_AT, &now)?;
        self.store.set(key::PURGE_AT, &now)
    }

    fn is_withdrawn(&self) -> bool {
        let Some(plan) = self.plan.as_deref().filter(|plan| plan.withdrawal() == Withdrawal::Erase) else {
            return false;
        };
        // A claim stops what would be stored. It deletes nothing, because anybody may claim.
        let own = plan.storage_purpose().and_then(|purpose| self.profile.consent.get(purpose));
        own.is_some_and(|stated| stated.0 == Consent::Denied)
    }
}

/// Returns the profile with nothing but consent.
fn refusals_of(profile: &Profile) -> Profile {
    let mut claims = profile.claims.clone();
    claims.traits = SortedMap::default();
    Profile { consent: profile.consent.clone(), claims, ..Profile::new(profile.subject.clone()) }
}
