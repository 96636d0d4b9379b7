//! The names of the single values in the database of a Profile object, each with its type.

use core::marker::PhantomData;

use serde::{Deserialize, Serialize};
use throughline::Profile;

use crate::store::Erasure;

/// The name of a stored value of type `T`.
pub struct Key<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// Returns the name in the table `meta`, in logs, and in migrations.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The events of one archive file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ArchiveRange {
    /// The `seq` of the first event.
    pub first: i64,
    /// The `seq` of the last event.
    pub last: i64,
    /// When the first event was received, which decides the file's day.
    pub received: i64,
}

/// The id of the profile: the name of its object, which alarms do not always know.
pub const SUBJECT: Key<String> = Key::new("subject");
/// The profile as it was saved last. It is absent as long as nothing is known about the subject.
pub const PROFILE: Key<Profile> = Key::new("profile");
/// The number of times that the profile has changed.
pub const VERSION: Key<u64> = Key::new("version");
/// The id of the plan that the profile was reduced under.
pub const PLAN: Key<String> = Key::new("plan");
/// The `seq` from which on events are not reduced, because there was no plan when they arrived.
pub const UNREDUCED: Key<i64> = Key::new("unreduced");
/// Whether nothing but consent arrived since a withdrawal deleted the past.
pub const PAST_ERASED: Key<bool> = Key::new("past_erased");
/// The profile as reduced from the events that are no longer in the journal.
pub const BASE: Key<Profile> = Key::new("base");
/// When the first identifier of a person was added, or absent if it was never counted.
pub const CREATED: Key<i64> = Key::new("created");
/// When the numbers for the audit are reported, or absent if they are.
pub const AUDIT_AT: Key<i64> = Key::new("audit_at");
/// The number of the last report for the audit.
pub const AUDIT_REVISION: Key<i64> = Key::new("audit_revision");
/// The base that another profile's compaction made of this profile's events, until it is merged into the base here.
pub const RETURNED_BASE: Key<Profile> = Key::new("returned_base");
/// The profile that this one was merged into.
pub const MOVED_TO: Key<String> = Key::new("moved_to");
/// The account id, in the profile of an account. Its presence makes a profile an account's.
pub const ACCOUNT: Key<String> = Key::new("account");
/// When the next step of a journey is due.
pub const WAKE_AT: Key<i64> = Key::new("wake_at");
/// When the next events are forwarded to the account, or absent if it has them all.
pub const SYNC_AT: Key<i64> = Key::new("sync_at");
/// The number of attempts to forward since the last success.
pub const SYNC_ATTEMPTS: Key<u32> = Key::new("sync_attempts");
/// The `seq` up to which the account has the events.
pub const SYNCED_TO: Key<i64> = Key::new("synced_to");
/// The names of the events that the plan counted for accounts when `SYNCED_TO` was last reset.
pub const SYNCED_EVENTS: Key<Vec<String>> = Key::new("synced_events");
/// The accounts that have copies of this profile's events.
pub const TOLD_ACCOUNTS: Key<Vec<String>> = Key::new("told_accounts");
/// The erasure that has begun. If it suppresses, it stays as the tombstone.
pub const ERASURE: Key<Erasure> = Key::new("erasure");
/// When the erasure continues.
pub const ERASE_AT: Key<i64> = Key::new("erase_at");
/// When the next look for what is older than the rules allow is due.
pub const RETAIN_AT: Key<i64> = Key::new("retain_at");
/// When the last event arrived from outside.
pub const ACTIVE_AT: Key<i64> = Key::new("active_at");
/// When doomed files, and after a withdrawal all other copies, are removed.
pub const PURGE_AT: Key<i64> = Key::new("purge_at");
/// When the consent to storage was withdrawn, until all copies of the past are removed.
pub const WITHDRAWN_AT: Key<i64> = Key::new("withdrawn_at");
/// The greatest `seq` that the journal ever had when its end was deleted. Positions are never used again.
pub const LAST_SEQ: Key<i64> = Key::new("last_seq");
/// When the next events are archived, or absent if all are.
pub const ARCHIVE_AT: Key<i64> = Key::new("archive_at");
/// The archive file that is being written.
pub const ARCHIVING: Key<ArchiveRange> = Key::new("archiving");
/// The `seq` up to which events are archived.
pub const ARCHIVED_TO: Key<i64> = Key::new("archived_to");
