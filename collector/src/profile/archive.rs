//! The archive: every event once more, as NDJSON in the bucket, by day.
//!
//! Which events go into a file is noted before the file is written, so a repeated attempt writes the same file again.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Result;

use crate::platform::clock;
use crate::profile::store::{Entry, Store};
use crate::profile::{Profile, now_ms};

/// No more events than this are in one file.
const MAX_EVENTS: i64 = 500;
/// How long to wait after a failure, in milliseconds.
const AGAIN: i64 = 60_000;

/// The events of one file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Range {
    first: i64,
    last: i64,
    received: i64,
}

#[derive(Serialize)]
struct Line<'a> {
    profile: &'a str,
    seq: i64,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Profile {
    /// Writes events that are not in the archive yet, if it is time.
    pub async fn archive(&self) -> Result<()> {
        let due = self.store()?.meta::<i64>("archive_at")?.is_some_and(|at| at <= now_ms());
        if !due {
            return Ok(());
        }
        let Some(range) = self.transact(begin).await? else { return Ok(()) };
        let (subject, lines) = (self.subject()?, self.lines(range)?);
        let key = format!("events/dt={}/{subject}/{}-{}.ndjson", clock::day(range.received), range.first, range.last);
        self.env.bucket("ARCHIVE")?.put(key, lines).execute().await?;
        self.transact(move |store| end(store, range)).await
    }

    fn lines(&self, range: Range) -> Result<String> {
        let (subject, mut lines) = (self.subject()?, String::new());
        let entries = self.store()?.entries(range.first.saturating_sub(1), MAX_EVENTS)?;
        for entry in entries.into_iter().filter(|entry| entry.seq <= range.last) {
            let record = RawValue::from_string(entry.text().to_owned())?;
            lines.push_str(&serde_json::to_string(&Line { profile: &subject, seq: entry.seq, record: &record })?);
            lines.push('\n');
        }
        Ok(lines)
    }
}

/// Notes which events go into the next file; none if all are in the archive.
fn begin(store: &Store) -> Result<Option<Range>> {
    store.set_meta("archive_at", &now_ms().saturating_add(AGAIN))?;
    if let Some(begun) = store.meta("archiving")? {
        return Ok(Some(begun));
    }
    let waiting = store.entries(store.meta("archived_to")?.unwrap_or(0), MAX_EVENTS)?;
    let Some(first) = waiting.first() else {
        store.clear_meta("archive_at")?;
        return Ok(None);
    };
    let received = first.record()?.received;
    let same_day =
        |entry: &&Entry| entry.record().is_ok_and(|record| clock::day(record.received) == clock::day(received));
    let last = waiting.iter().take_while(same_day).last().map_or(first.seq, |entry| entry.seq);
    let range = Range { first: first.seq, last, received };
    store.set_meta("archiving", &range)?;
    Ok(Some(range))
}

/// Notes that the events of a file are in the archive, and whether there are more.
fn end(store: &Store, range: Range) -> Result<()> {
    store.set_meta("archived_to", &range.last)?;
    store.clear_meta("archiving")?;
    if store.entries(range.last, 1)?.is_empty() {
        return store.clear_meta("archive_at");
    }
    store.set_meta("archive_at", &now_ms())
}
