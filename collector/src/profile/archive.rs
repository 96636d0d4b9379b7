//! The archive: every event once more, as NDJSON in the bucket, by day.
//!
//! ```text
//!   ARCHIVE_AT due             file written              more events: ARCHIVE_AT = now
//!   ARCHIVING = range          ARCHIVED_TO = last        none left: clear ARCHIVE_AT
//!   ──────────────> [writing] ──────────────────> [idle] ──────────>
//!                       │  ^
//!                       └──┘ kill or error: the same range again, at ARCHIVE_AT
//! ```

use serde::Serialize;
use serde_json::value::RawValue;
use worker::Result;

use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::store::key::ArchiveRange;
use crate::store::{JournalEntry, ProfileStore, key};

/// The number of events in one file.
const MAX_EVENTS: i64 = 500;
/// The wait after a failure, in milliseconds.
const RETRY: i64 = 60_000;

#[derive(Serialize)]
struct Line<'a> {
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
    let Some(range) = context.transact(begin).await? else { return Ok(()) };
    let lines = lines(&store, range)?;
    context.env.bucket("ARCHIVE")?.put(file_name(store.subject(), range), lines).execute().await?;
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
        let line = Line { profile: store.subject(), seq: entry.seq, record: &record };
        lines.push_str(&serde_json::to_string(&line)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Stores which events go into the next file, and returns them, or `None` if all are archived.
fn begin(store: &ProfileStore) -> Result<Option<ArchiveRange>> {
    store.set(key::ARCHIVE_AT, &clock::now().saturating_add(RETRY))?;
    if let Some(begun) = store.get(key::ARCHIVING)? {
        return Ok(Some(begun));
    }
    let waiting = store.entries_after(store.get(key::ARCHIVED_TO)?.unwrap_or(0), MAX_EVENTS)?;
    let Some(range) = first_day(&waiting)? else {
        store.clear(key::ARCHIVE_AT)?;
        return Ok(None);
    };
    // INVARIANT: the range is stored before the file is written. A kill in between writes the same file again, under
    // the same name, so the archive has each event once.
    store.set(key::ARCHIVING, &range)?;
    Ok(Some(range))
}

/// Returns the leading events that were received on one day.
fn first_day(entries: &[JournalEntry]) -> Result<Option<ArchiveRange>> {
    let Some(first) = entries.first() else { return Ok(None) };
    let received = first.record()?.received;
    let day = clock::day(received);
    let mut last = first.seq;
    for entry in entries {
        if clock::day(entry.record()?.received) != day {
            break;
        }
        last = entry.seq;
    }
    Ok(Some(ArchiveRange { first: first.seq, last, received }))
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
