//! The archive: every event once more, as NDJSON in the bucket, by the day of its receipt.
//!
//! Each profile has files of its own and knows their names, so a person can be removed from the archive. The events of
//! one file happened on one day, so retention removes whole files.
//!
//! ```text
//!   ARCHIVE_AT due             file written              more events: ARCHIVE_AT = now
//!   ARCHIVING = range          ARCHIVED_TO = last        none left: clear ARCHIVE_AT
//!   and the file's name
//!   ──────────────> [writing] ──────────────────> [idle] ──────────>
//!                       │  ^
//!                       └──┘ kill or error: the same range again, at ARCHIVE_AT
//! ```

use serde::Serialize;
use serde_json::value::RawValue;
use worker::Result;

use crate::event::Record;
use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::store::key::ArchiveRange;
use crate::store::{ArchiveFile, JournalEntry, ProfileStore, key};

/// The number of events in one file.
const MAX_EVENTS: i64 = 500;
/// The wait after a failure, in milliseconds.
const RETRY: i64 = 60_000;

#[derive(Serialize)]
struct Line<'a> {
    /// The schema version that the record was written under.
    v: u32,
    profile: &'a str,
    seq: i64,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Writes events that are not archived yet, if it is time.
pub async fn archive(context: &ObjectContext) -> Result<()> {
    let store = context.store()?;
    if store.get(key::ARCHIVE_AT)?.is_none_or(|at| at > clock::now()) {
        return Ok(());
    }
    // INVARIANT: nobody deletes files while one is being written. Otherwise it would be there again afterwards.
    let Some(_writing) = context.bucket_lock() else { return Ok(()) };
    let Some(range) = context.transact(begin).await? else { return Ok(()) };
    let lines = lines(&store, range)?;
    if !lines.is_empty() {
        context.env.bucket("ARCHIVE")?.put(file_name(store.subject(), range), lines).execute().await?;
    }
    context.transact(move |store| end(store, range)).await
}

fn file_name(subject: &str, range: ArchiveRange) -> String {
    format!("events/dt={}/{subject}/{}-{}.ndjson", clock::day(range.received), range.first, range.last)
}

fn lines(store: &ProfileStore, range: ArchiveRange) -> Result<String> {
    let mut lines = String::new();
    let entries = store.entries_after(range.first.saturating_sub(1), MAX_EVENTS)?;
    for entry in entries.into_iter().filter(|entry| entry.seq <= range.last) {
        let record = RawValue::from_string(entry.json().to_owned())?;
        let line = Line { v: entry.version, profile: store.subject(), seq: entry.seq, record: &record };
        lines.push_str(&serde_json::to_string(&line)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Stores which events go into the next file and the file's name. Returns the events, or `None` if all are archived.
fn begin(store: &ProfileStore) -> Result<Option<ArchiveRange>> {
    // The winner of a merge archives the events of the loser, whose file names it has got.
    if store.contains(key::MOVED_TO)? {
        store.clear(key::ARCHIVE_AT)?;
        return Ok(None);
    }
    store.set(key::ARCHIVE_AT, &clock::now().saturating_add(RETRY))?;
    if let Some(begun) = store.get(key::ARCHIVING)? {
        return Ok(Some(begun));
    }
    let mut waiting = store.entries_after(store.get(key::ARCHIVED_TO)?.unwrap_or(0), MAX_EVENTS)?;
    if let Some(unreduced) = store.get(key::UNREDUCED)? {
        // Nobody has asked for consent to these yet, because there is no plan.
        waiting.retain(|entry| entry.seq < unreduced);
        if waiting.is_empty() {
            return Ok(None);
        }
    }
    let Some((range, newest)) = first_day(&waiting)? else {
        store.clear(key::ARCHIVE_AT)?;
        return Ok(None);
    };
    // INVARIANT: range and name are stored before the file is written. A kill in between writes the same file again,
    // under the same name, so the archive has each event once, and no file whose name is not known.
    store.set(key::ARCHIVING, &range)?;
    store.add_archive_file(&ArchiveFile { name: file_name(store.subject(), range), newest })?;
    Ok(Some(range))
}

/// Returns the leading events that were received on one day and happened on one day, and the time of the newest.
fn first_day(entries: &[JournalEntry]) -> Result<Option<(ArchiveRange, i64)>> {
    let Some(first) = entries.first() else { return Ok(None) };
    let record = first.record()?;
    let days = |record: &Record| (clock::day(record.received), clock::day(record.event.at.0));
    let (of_file, mut newest) = (days(&record), record.event.at.0);
    let mut range = ArchiveRange { first: first.seq, last: first.seq, received: record.received };
    for entry in entries {
        let record = entry.record()?;
        if days(&record) != of_file {
            break;
        }
        (range.last, newest) = (entry.seq, newest.max(record.event.at.0));
    }
    Ok(Some((range, newest)))
}

/// Stores that the events of a file are archived.
fn end(store: &ProfileStore, range: ArchiveRange) -> Result<()> {
    store.set(key::ARCHIVED_TO, &range.last)?;
    store.clear(key::ARCHIVING)?;
    if store.entries_after(range.last, 1)?.is_empty() {
        return store.clear(key::ARCHIVE_AT);
    }
    store.set(key::ARCHIVE_AT, &clock::now())
}
