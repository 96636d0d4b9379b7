//! The bases: what was reduced from the events that are no longer in the journal.
//!
//! The events of a merged profile have a base of their own, so that the merge can be undone.

use throughline::{Occurrence, Profile, SortedMap, SortedSet};
use worker::Result;

use crate::event::Record;
use crate::store::origin::is_from;
use crate::store::{Merge, ProfileStore, key};

/// The base of the profile itself, and those of the profiles that were merged into it.
pub(super) struct Bases {
    own: Profile,
    merges: Vec<Merge>,
}

impl Bases {
    /// Loads the bases.
    pub fn load(store: &ProfileStore) -> Result<Self> {
        Ok(Self { own: store.get(key::BASE)?.unwrap_or_default(), merges: store.merges()? })
    }

    /// Returns the base that an event belongs to.
    pub fn of(&mut self, record: &Record) -> &mut Profile {
        let origin = record.origin.as_deref().unwrap_or_default();
        let merge = self.merges.iter_mut().find(|merge| is_from(origin, &merge.loser));
        merge.and_then(|merge| merge.detail.held.as_mut()).map_or(&mut self.own, |held| &mut held.compacted)
    }

    /// Forgets the occurrences of counted events that happened before a time.
    pub fn forget_counters_before(&mut self, cutoff: i64) {
        let held = self.merges.iter_mut().filter_map(|merge| merge.detail.held.as_mut());
        let bases = held.flat_map(|held| [&mut held.base, &mut held.compacted]);
        for base in bases.chain([&mut self.own]) {
            base.counters = counters_since(&base.counters, cutoff);
        }
    }

    /// Stores the bases.
    pub fn save(&self, store: &ProfileStore) -> Result<()> {
        store.set(key::BASE, &self.own)?;
        self.merges.iter().filter(|merge| merge.detail.held.is_some()).try_for_each(|merge| store.put_merge(merge))
    }
}

fn counters_since(counters: &SortedMap<SortedSet<Occurrence>>, cutoff: i64) -> SortedMap<SortedSet<Occurrence>> {
    let since = |occurrences: &SortedSet<Occurrence>| -> SortedSet<Occurrence> {
        occurrences.iter().filter(|occurrence| occurrence.stamp.at().0 >= cutoff).cloned().collect()
    };
    let kept = counters.iter().map(|(key, occurrences)| (key.to_owned(), since(occurrences)));
    kept.filter(|(_, occurrences)| !occurrences.is_empty()).collect()
}
