//! The tables `journal` and `seen`: the events of the profile in their order of arrival, and the ids of all events
//! ever.
//!
//! The journal is the source of truth of the profile, the outbox of the account sync, and the queue of the archive. Ids
//! in `seen` outlive the journal's entries, so an event counts once even after its entry was compacted away.

use serde::{Deserialize, Serialize};
use worker::Result;

use crate::event::{EDGE, Record};
use crate::store::origin::{OF_ORIGIN, of_origin};
use crate::store::versioned::{decode, encode};
use crate::store::{ProfileStore, key};

/// The kind of JSON in the column `record`.
const KIND: &str = "journal";

/// The prefix of the sources of copies. Their ids do not stand in the way of the events themselves.
pub const COPIED: &str = "claimed/";

/// A row of the journal.
#[derive(Debug, Deserialize)]
pub struct JournalEntry {
    /// The position in the journal.
    pub seq: i64,
    /// The schema version that the record was written under.
    pub version: u32,
    json: String,
}

impl JournalEntry {
    /// Decodes the record.
    pub fn record(&self) -> Result<Record> {
        decode(KIND, self.version, &self.json)
    }

    /// Returns the JSON of the record.
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// The id of an event that has arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SeenEvent {
    pub source: String,
    pub id: String,
    pub hash: String,
    pub at: i64,
}

#[derive(Deserialize)]
struct Span {
    first: Option<i64>,
    last: Option<i64>,
}

impl ProfileStore {
    /// Returns the hash of the event with this id, if it has arrived before.
    pub fn seen_hash(&self, source: &str, id: &str) -> Result<Option<String>> {
        self.sql.value("SELECT hash AS value FROM seen WHERE source = ? AND id = ?", vec![source.into(), id.into()])
    }

    /// Marks an event's id as seen.
    pub fn mark_seen(&self, record: &Record) -> Result<()> {
        let values = vec![
            record.source.as_str().into(),
            record.event.id.as_str().into(),
            record.hash.as_str().into(),
            record.received.into(),
            record.origin.clone().unwrap_or_default().into(),
        ];
        self.sql.execute("INSERT OR IGNORE INTO seen (source, id, hash, at, origin) VALUES (?, ?, ?, ?, ?)", values)
    }

    /// Marks events as seen whose entries were compacted away.
    pub fn add_seen(&self, events: &[SeenEvent]) -> Result<()> {
        events.iter().try_for_each(|seen| {
            let values =
                vec![seen.source.as_str().into(), seen.id.as_str().into(), seen.hash.as_str().into(), seen.at.into()];
            self.sql.execute("INSERT OR IGNORE INTO seen (source, id, hash, at) VALUES (?, ?, ?, ?)", values)
        })
    }

    /// Returns up to `limit` ids of events that were merged from a profile.
    pub fn seen_from(&self, origin: &str, limit: i64) -> Result<Vec<SeenEvent>> {
        let query = format!("SELECT source, id, hash, at FROM seen WHERE {OF_ORIGIN} ORDER BY source, id LIMIT ?");
        let mut values = of_origin(origin);
        values.push(limit.into());
        self.sql.rows(&query, values)
    }

    /// Forgets the id of an event.
    pub fn forget_seen(&self, source: &str, id: &str) -> Result<()> {
        self.sql.execute("DELETE FROM seen WHERE source = ? AND id = ?", vec![source.into(), id.into()])
    }

    /// Appends a record to the journal.
    pub fn append(&self, record: &Record) -> Result<()> {
        let [version, json] = encode(record)?;
        let statement = "INSERT INTO journal (seq, version, record) VALUES (1 + MAX( \
            COALESCE((SELECT MAX(seq) FROM journal), 0), \
            COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?), 0)), ?, ?)";
        self.sql.execute(statement, vec![key::LAST_SEQ.name().into(), version, json])
    }

    /// Returns up to `limit` entries after position `seq`, in their order.
    pub fn entries_after(&self, seq: i64, limit: i64) -> Result<Vec<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal WHERE seq > ? ORDER BY seq LIMIT ?";
        self.sql.rows(query, vec![seq.into(), limit.into()])
    }

    /// Returns up to `limit` entries before position `seq`, the latest first.
    pub fn entries_before(&self, seq: i64, limit: i64) -> Result<Vec<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT ?";
        self.sql.rows(query, vec![seq.into(), limit.into()])
    }

    /// Returns the entries of events that happened at a time, in milliseconds since the Unix epoch.
    pub fn entries_at(&self, at: i64) -> Result<Vec<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal \
            WHERE json_extract(record, '$.event.at') = ? ORDER BY seq";
        self.sql.rows(query, vec![at.into()])
    }

    /// Returns the entry that was appended last.
    pub fn last_entry(&self) -> Result<Option<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal ORDER BY seq DESC LIMIT 1";
        self.sql.row(query, Vec::new())
    }

    /// Returns the first and the last position, or `None` for an empty journal.
    pub fn journal_span(&self) -> Result<Option<(i64, i64)>> {
        // Two queries, each answered by the key without a scan; one with both aggregates would read every row.
        let query = "SELECT (SELECT MIN(seq) FROM journal) AS first, (SELECT MAX(seq) FROM journal) AS last";
        let span: Option<Span> = self.sql.row(query, Vec::new())?;
        Ok(span.and_then(|span| span.first.zip(span.last)))
    }

    /// Returns up to `limit` entries of events that happened before a time.
    pub fn entries_older_than(&self, cutoff: i64, limit: i64) -> Result<Vec<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal \
            WHERE json_extract(record, '$.event.at') < ? ORDER BY seq LIMIT ?";
        self.sql.rows(query, vec![cutoff.into(), limit.into()])
    }

    /// Returns the time of the event that happened first.
    pub fn oldest_event(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(json_extract(record, '$.event.at')) AS value FROM journal", Vec::new())
    }

    /// Returns when the event arrived whose id is known for the longest time.
    pub fn oldest_seen(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(at) AS value FROM seen", Vec::new())
    }

    /// Forgets the ids of events that arrived before a time.
    pub fn delete_seen_before(&self, cutoff: i64) -> Result<()> {
        self.sql.execute("DELETE FROM seen WHERE at < ?", vec![cutoff.into()])
    }

    /// Deletes an entry.
    pub fn delete_entry(&self, seq: i64) -> Result<()> {
        self.keep_last_position()?;
        self.sql.execute("DELETE FROM journal WHERE seq = ?", vec![seq.into()])
    }

    /// Deletes the entries between two positions, these included.
    pub fn delete_between(&self, first: i64, last: i64) -> Result<()> {
        self.keep_last_position()?;
        self.sql.execute("DELETE FROM journal WHERE seq BETWEEN ? AND ?", vec![first.into(), last.into()])
    }

    /// Deletes all entries, deliveries and member messages. The ids of events stay.
    pub fn delete_past(&self) -> Result<()> {
        self.keep_last_position()?;
        for table in ["journal", "delivery", "member_message"] {
            self.sql.execute(&format!("DELETE FROM {table}"), Vec::new())?;
        }
        Ok(())
    }

    /// In an account's object: deletes the entries of a member, their ids, and the messages that wait for it. Returns
    /// the number of entries.
    pub fn delete_member(&self, member: &str) -> Result<u64> {
        let ids = "SELECT json_extract(record, '$.source') AS source, json_extract(record, '$.event.id') AS id \
            FROM journal WHERE json_extract(record, '$.member') = ?";
        let count: Option<u64> =
            self.sql.value(&format!("SELECT COUNT(*) AS value FROM ({ids})"), vec![member.into()])?;
        self.sql.execute(&format!("DELETE FROM seen WHERE (source, id) IN ({ids})"), vec![member.into()])?;
        self.keep_last_position()?;
        self.sql.execute("DELETE FROM journal WHERE json_extract(record, '$.member') = ?", vec![member.into()])?;
        self.sql.execute("DELETE FROM member_message WHERE member = ?", vec![member.into()])?;
        Ok(count.unwrap_or(0))
    }

    /// Remembers the last position, before entries are deleted of which it may be one.
    ///
    /// INVARIANT: a position is never used again. The archive, the account sync and the names of files count on it.
    fn keep_last_position(&self) -> Result<()> {
        let Some((_, last)) = self.journal_span()? else { return Ok(()) };
        self.set(key::LAST_SEQ, &last)
    }

    /// Makes everything that was said without a proof a claim: the profile of a device has become that of a person.
    pub fn claim_entries(&self, device: &str) -> Result<()> {
        let statement = "UPDATE journal SET record = json_set(record, '$.event.claimedBy', \
            COALESCE(json_extract(record, '$.unproven'), ?)) \
            WHERE json_extract(record, '$.event.claimedBy') IS NULL \
            AND (json_extract(record, '$.event.trusted') IS NOT TRUE \
                OR (json_extract(record, '$.unproven') IS NOT NULL AND json_extract(record, '$.source') = ?))";
        self.sql.execute(statement, vec![device.into(), EDGE.into()])
    }

    /// Returns up to `limit` copies of events that claim to be about the subject, the latest first.
    pub fn copies(&self, limit: i64) -> Result<Vec<JournalEntry>> {
        let query = "SELECT seq, version, record AS json FROM journal \
            WHERE json_extract(record, '$.is_copy') IS TRUE ORDER BY seq DESC LIMIT ?";
        self.sql.rows(query, vec![limit.into()])
    }

    /// Deletes the copies of events that are in the profile themselves.
    pub fn delete_needless_copies(&self) -> Result<()> {
        let statement = "DELETE FROM journal WHERE json_extract(record, '$.is_copy') IS TRUE \
            AND json_extract(record, '$.event.id') IN (SELECT id FROM seen WHERE source NOT LIKE ?)";
        self.sql.execute(statement, vec![format!("{COPIED}%").into()])
    }

    /// Deletes the entries up to and including position `seq`.
    pub fn delete_through(&self, seq: i64) -> Result<()> {
        self.sql.execute("DELETE FROM journal WHERE seq <= ?", vec![seq.into()])
    }
}
