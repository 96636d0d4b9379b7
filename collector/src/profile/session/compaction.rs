//! Compaction of the journal: its oldest events are reduced into the base profile and deleted.

use throughline::reduce;
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::profile::session::bases::Bases;
use crate::store::key;

/// The number of events in the journal beyond which the oldest are compacted.
const MAX_JOURNAL: i64 = 10_000;
/// The number of events that are compacted at once.
const PAGE: i64 = 500;

impl ProfileSession {
    /// Compacts the oldest events, if the journal is too long.
    pub(super) fn compact_journal(&self) -> Result<()> {
        let (Some(plan), Some((first, last))) = (&self.plan, self.store.journal_span()?) else { return Ok(()) };
        if last.saturating_sub(first) < MAX_JOURNAL {
            return Ok(());
        }
        let limit = self.compactable_to()?;
        let mut entries = self.store.entries_after(0, PAGE)?;
        entries.retain(|entry| entry.seq <= limit);
        let Some(end) = entries.last().map(|entry| entry.seq) else { return Ok(()) };
        let mut bases = Bases::load(&self.store)?;
        for entry in &entries {
            let record = entry.record()?;
            if !record.is_copy {
                reduce(plan, bases.of(&record), &record.event);
            }
        }
        // INVARIANT: bases and journal change in one transaction: each event is in exactly one of them.
        bases.save(&self.store)?;
        self.store.delete_through(end)
    }

    /// Returns the position up to which events are archived, and known to the account.
    ///
    /// The events of an account are in the archives of its members, so nothing of an account's journal has to be
    /// archived.
    fn compactable_to(&self) -> Result<i64> {
        let archived = if self.is_account()? { i64::MAX } else { self.store.get(key::ARCHIVED_TO)?.unwrap_or(0) };
        let is_syncing = self.store.contains(key::SYNC_AT)?;
        let synced = if is_syncing { self.store.get(key::SYNCED_TO)?.unwrap_or(0) } else { i64::MAX };
        Ok(archived.min(synced))
    }
}
