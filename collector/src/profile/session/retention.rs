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

use throughline::reduce;
use worker::Result;

use crate::profile::session::ProfileSession;
use crate::profile::session::bases::Bases;
use crate::profile::session::plan_change::rebuild;

/// The number of events that are read at once.
const PAGE: i64 = 500;

impl ProfileSession {
    /// Forgets the events that happened before a time. Without a plan nothing changes.
    pub fn forget_events_before(&mut self, cutoff: i64) -> Result<()> {
        let Some(plan) = self.plan.clone() else { return Ok(()) };
        let mut bases = Bases::load(&self.store)?;
        loop {
            let entries = self.store.entries_older_than(cutoff, PAGE)?;
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                let record = entry.record()?;
                if !record.is_copy {
                    reduce(&plan, bases.of(&record), &record.event);
                }
                self.store.delete_entry(entry.seq)?;
            }
        }
        bases.forget_counters_before(cutoff);
        // INVARIANT: bases and journal change in one transaction: each event is in exactly one of them.
        bases.save(&self.store)?;
        self.profile = rebuild(&self.store, &plan, &self.profile, i64::MAX)?;
        Ok(())
    }
}
