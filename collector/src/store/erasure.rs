//! The state of an erasure, and the tombstone that it leaves in the profile's own object.

use serde::{Deserialize, Serialize};
use worker::Result;

use crate::event::identifier::{ACCOUNT, Identifier};
use crate::store::{Merge, MergeState, ProfileStore, TABLES_OF_SUBJECT, key};

/// An erasure that has begun. If it suppresses, it stays when it is done: it is the profile's tombstone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// When it began, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Whether later events about the same identifiers are ignored.
    pub suppress: bool,
    /// Whether nothing is left to do.
    pub is_done: bool,
    /// The number of attempts so far.
    pub attempts: u32,
    /// The other profiles of the person.
    pub others: Vec<OtherProfile>,
    /// The tombstones in the Identity objects.
    pub tombstones: Vec<Tombstone>,
    /// The digests under which the failed events about the identifiers are found.
    pub failed_event_digests: Vec<String>,
    /// The number of things that were removed.
    pub removed: Removed,
}

/// Another profile of an erased person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherProfile {
    /// Its id.
    pub profile: String,
    /// Whether it was merged into the erased one. Otherwise it has what was claimed about an identifier.
    pub is_merged: bool,
    /// Whether the things removed from it are counted.
    pub is_counted: bool,
}

/// A tombstone in an Identity object. The identifier itself is not known any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The name of the Identity object.
    pub shard: String,
    /// The digest of the identifier.
    pub digest: String,
}

/// The numbers of removed things, as an erasure answers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// Events of the journal.
    pub events: u64,
    /// Deliveries in every state.
    pub deliveries: u64,
    /// Identifiers.
    pub identifiers: u64,
    /// Profiles that had been merged into this one.
    pub merged: u64,
    /// Files of the archive.
    pub archive_files: u64,
    /// Copies of events in the profiles of accounts.
    pub account_events: u64,
    /// Failed events.
    pub failed_events: u64,
}

impl Removed {
    /// Adds the numbers of a merged profile.
    pub fn add(&mut self, other: &Self) {
        let fields = [
            (&mut self.events, other.events),
            (&mut self.deliveries, other.deliveries),
            (&mut self.identifiers, other.identifiers),
            (&mut self.merged, other.merged),
            (&mut self.archive_files, other.archive_files),
            (&mut self.account_events, other.account_events),
            (&mut self.failed_events, other.failed_events),
        ];
        for (own, more) in fields {
            *own = own.saturating_add(more);
        }
    }
}

impl ProfileStore {
    /// Returns whether the profile is erased, or is being erased.
    pub fn is_erased(&self) -> Result<bool> {
        self.contains(key::ERASURE)
    }

    /// Returns all identifiers of the subject.
    pub fn all_identifiers(&self) -> Result<Vec<Identifier>> {
        Ok(self.identifiers()?.into_iter().map(|own| own.id).collect())
    }

    /// Returns the identifiers that Identity objects know: all but an account's, whose profile is a hash of it.
    pub fn linked_identifiers(&self) -> Result<Vec<Identifier>> {
        Ok(self.all_identifiers()?.into_iter().filter(|id| id.kind != ACCOUNT).collect())
    }

    /// Returns the profiles that are, or are being, merged into this one. A merge that was blocked or undone is none.
    pub fn merged_profiles(&self) -> Result<Vec<String>> {
        let is_merged = |merge: &Merge| matches!(merge.state, MergeState::Pending | MergeState::Merged);
        Ok(self.merges()?.into_iter().filter(is_merged).map(|merge| merge.loser).collect())
    }

    /// Returns the numbers of what an erasure will remove from this database.
    pub fn count_removable(&self) -> Result<Removed> {
        let count = |table: &str| -> Result<u64> {
            Ok(self.sql.value(&format!("SELECT COUNT(*) AS value FROM {table}"), Vec::new())?.unwrap_or(0))
        };
        Ok(Removed {
            events: count("journal")?,
            deliveries: count("delivery")?,
            identifiers: count("identity")?,
            archive_files: count("archive_file")?,
            ..Removed::default()
        })
    }

    /// Deletes what would be sent or done later, so that nothing leaves the object any more.
    pub fn delete_plans(&self) -> Result<()> {
        self.sql.execute("DELETE FROM delivery", Vec::new())?;
        self.sql.execute("DELETE FROM member_message", Vec::new())?;
        for due in [key::WAKE_AT, key::SYNC_AT, key::ARCHIVE_AT, key::RETAIN_AT, key::PURGE_AT] {
            self.clear(due)?;
        }
        Ok(())
    }

    /// Deletes everything but the tombstone.
    pub fn delete_all_but_tombstone(&self) -> Result<()> {
        for table in TABLES_OF_SUBJECT {
            self.sql.execute(&format!("DELETE FROM {table}"), Vec::new())?;
        }
        self.sql.execute("DELETE FROM meta WHERE name <> ?", vec![key::ERASURE.name().into()])
    }
}
