//! Forgetting: events that are older than the rules allow leave the journal.
//!
//! They are events no more, and what they made of the profile is treated by kind:
//!
//! | part | afterwards |
//! |---|---|
//! | traits, consent, accounts | stay: they say how things are, not when something happened |
//! | exposures, offers, assignments, journeys | stay: caps and one-time offers would otherwise begin anew |
//! | occurrences of counted events | are forgotten with the event, and their values with them |
//!
//! An event that is that old when it arrives is treated the same at the next look, so the order does not matter.

use throughline::{Occurrence, Profile, SortedMap, SortedSet, reduce};
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::profile::session::plan_change::rebuild;
use crate::store::key;

/// The number of events that are read at once.
const PAGE: i64 = 500;

impl ProfileSession {
    /// Forgets the events that happened before a time. Without a plan nothing changes.
    pub fn forget_events_before(&mut self, cutoff: i64) -> Result<()> {
        let Some(plan) = self.plan.clone() else { return Ok(()) };
        let mut base = self.store.get(key::BASE)?.unwrap_or_else(|| Profile::new(self.store.subject()));
        loop {
            let entries = self.store.entries_older_than(cutoff, PAGE)?;
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                reduce(&plan, &mut base, &entry.record()?.event);
                self.store.delete_entry(entry.seq)?;
            }
        }
        base.counters = counters_since(&base.counters, cutoff);
        // INVARIANT: base and journal change in one transaction: each event is in exactly one of them.
        self.store.set(key::BASE, &base)?;
        self.profile = rebuild(&self.store, &plan, &self.profile, i64::MAX)?;
        Ok(())
    }
}

fn counters_since(counters: &SortedMap<SortedSet<Occurrence>>, cutoff: i64) -> SortedMap<SortedSet<Occurrence>> {
    let since = |occurrences: &SortedSet<Occurrence>| -> SortedSet<Occurrence> {
        occurrences.iter().filter(|occurrence| occurrence.stamp.at().0 >= cutoff).cloned().collect()
    };
    let kept = counters.iter().map(|(key, occurrences)| (key.to_owned(), since(occurrences)));
    kept.filter(|(_, occurrences)| !occurrences.is_empty()).collect()
}
