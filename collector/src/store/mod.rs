//! Everything stored: all SQL statements, the names of stored keys, and the schema version of tables and JSON.
//!
//! | store | in | tables |
//! |---|---|---|
//! | [`ProfileStore`] | each Profile object | `meta`, `identity`, `seen`, `journal`, `delivery`, `member_message`, `merge`, `apart`, `conflict`, `source`, `hand_over`, `archive_file` |
//! | [`LinkStore`] | each Identity object | `link`, `tombstone`, `report`, `total` |
//! | [`failed_events`] | D1 | `failed_event`, `failed_event_identifier`, `erased_identifier` |
//!
//! A Profile object's table `meta` holds single values; [`key`] lists them with their types. An unreadable value is an
//! error that names its key, so a profile never silently starts over.

mod archive_file;
mod conflict;
mod delivery;
mod erasure;
pub mod failed_events;
mod hand_over;
mod identity;
mod journal;
pub mod key;
mod link;
mod member_message;
mod merge;
mod meta;
pub mod origin;
mod report;
mod schema;
mod sql;
mod tombstone;
mod versioned;

use std::rc::Rc;

use worker::{Error, Result, SqlStorage};

pub use archive_file::ArchiveFile;
pub use conflict::{Conflict, ConflictKind, SourceRecords};
pub use delivery::{Delivery, DeliveryState};
pub use erasure::{Erasure, OtherProfile, Removed, Tombstone};
pub use identity::OwnIdentifier;
pub use journal::{COPIED, JournalEntry, SeenEvent};
pub use link::{Claim, DeviceState, Link, LinkStore};
pub use member_message::AddressedMessage;
pub use merge::{HandBack, HeldByLoser, Merge, MergeDetail, MergeState, only_journeys};
use sql::Sql;
pub use tombstone::tombstone_digest;

/// The tables that say something about the subject. The others say where the profile went.
const TABLES_OF_SUBJECT: [&str; 10] = [
    "journal",
    "seen",
    "delivery",
    "member_message",
    "identity",
    "merge",
    "apart",
    "conflict",
    "source",
    "archive_file",
];

/// The database of one Profile object. Clones share it.
#[derive(Clone)]
pub struct ProfileStore {
    sql: Sql,
    subject: Rc<str>,
}

impl ProfileStore {
    /// Opens the database, brings its tables to the current version, and stores the object's name.
    ///
    /// # Errors
    /// When a later version has written the database, or the object has no name and none is stored.
    pub fn open(sql: SqlStorage, name: Option<String>) -> Result<Self> {
        let sql = Sql::new(sql);
        schema::PROFILE.prepare(&sql)?;
        let unnamed = Self { sql, subject: Rc::from("") };
        let subject = match unnamed.get(key::SUBJECT)? {
            Some(known) => known,
            None => {
                let name = name.ok_or_else(|| Error::from("the object has no name"))?;
                unnamed.set(key::SUBJECT, &name)?;
                name
            }
        };
        Ok(Self { subject: Rc::from(subject), ..unnamed })
    }

    /// Returns the id of the profile.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns when the object has to act next: the earliest of all that is due in its protocols.
    pub fn next_due(&self) -> Result<Option<i64>> {
        if self.is_erased()? {
            return self.get(key::ERASE_AT);
        }
        let times = [
            self.get(key::WAKE_AT)?,
            self.get(key::SYNC_AT)?,
            self.get(key::ARCHIVE_AT)?,
            self.get(key::RETAIN_AT)?,
            self.get(key::PURGE_AT)?,
            self.get(key::AUDIT_AT)?,
            self.next_member_message()?,
            self.next_delivery()?,
            self.next_merge()?,
        ];
        Ok(times.into_iter().flatten().min())
    }

    /// Deletes everything but the profile's id and the profile that it was merged into.
    pub fn delete_merged(&self) -> Result<()> {
        for table in TABLES_OF_SUBJECT {
            self.sql.execute(&format!("DELETE FROM {table}"), Vec::new())?;
        }
        let kept = [key::MOVED_TO.name(), key::SUBJECT.name(), key::AUDIT_REVISION.name(), key::AUDIT_AT.name()];
        self.sql.execute("DELETE FROM meta WHERE name NOT IN (?, ?, ?, ?)", kept.map(Into::into).to_vec())
    }
}
