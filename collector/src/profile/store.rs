//! What a Profile object keeps, in its own SQLite database.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Result, SqlStorage, SqlStorageValue};

use crate::ingest::record::Record;

/// The tables. `WITHOUT ROWID` halves the rows that are written, where the key is a text.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (namespace TEXT, value TEXT, PRIMARY KEY (namespace, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, hash TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (send_id TEXT PRIMARY KEY, state TEXT NOT NULL, due INTEGER, delivery TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS merge (loser TEXT PRIMARY KEY, user TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS errand (send_id TEXT PRIMARY KEY, member TEXT NOT NULL, errand TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER) WITHOUT ROWID;
";

/// The database of one Profile object.
#[derive(Clone)]
pub struct Store {
    sql: SqlStorage,
}

/// A row of the journal.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub seq: i64,
    record: String,
}

impl Entry {
    /// The record, if this version can read it.
    pub fn record(&self) -> Result<Record> {
        Ok(serde_json::from_str(&self.record)?)
    }

    /// The JSON text of the record.
    pub fn text(&self) -> &str {
        &self.record
    }
}

#[derive(Deserialize)]
struct One<T> {
    value: T,
}

impl Store {
    /// Opens the database and makes the tables that are missing.
    pub fn open(sql: SqlStorage) -> Result<Self> {
        sql.exec(TABLES, None)?;
        Ok(Self { sql })
    }

    /// Runs a statement.
    pub fn run(&self, statement: &str, values: Vec<SqlStorageValue>) -> Result<()> {
        self.sql.exec(statement, values).map(|_| ())
    }

    /// The rows of a query.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        self.sql.exec(query, values)?.to_array()
    }

    /// The column `value` of the first row; no row and a null are none.
    pub fn value<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Option<T>> {
        let rows: Vec<One<Option<T>>> = self.rows(query, values)?;
        Ok(rows.into_iter().next().and_then(|row| row.value))
    }

    /// A named value.
    pub fn meta<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let text: Option<String> = self.value("SELECT value FROM meta WHERE name = ?", vec![name.into()])?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Sets a named value.
    pub fn set_meta(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)?;
        self.run("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", vec![name.into(), text.into()])
    }

    /// Whether anything was ever said of the subject.
    pub fn is_known(&self) -> Result<bool> {
        let known: Option<i64> = self.value("SELECT 1 AS value FROM meta WHERE name = 'profile'", Vec::new())?;
        Ok(known.is_some())
    }

    /// Removes a named value.
    pub fn clear_meta(&self, name: &str) -> Result<()> {
        self.run("DELETE FROM meta WHERE name = ?", vec![name.into()])
    }

    /// The hash of an event that was here before.
    pub fn seen(&self, source: &str, id: &str) -> Result<Option<String>> {
        let query = "SELECT hash AS value FROM seen WHERE source = ? AND id = ?";
        self.value(query, vec![source.into(), id.into()])
    }

    /// Notes that an event was here.
    pub fn see(&self, record: &Record) -> Result<()> {
        let values = vec![
            record.source.as_str().into(),
            record.event.id.as_str().into(),
            record.hash.as_str().into(),
            record.received.into(),
        ];
        self.run("INSERT OR IGNORE INTO seen (source, id, hash, at) VALUES (?, ?, ?, ?)", values)
    }

    /// Appends to the journal.
    pub fn journal(&self, record: &Record) -> Result<()> {
        self.run("INSERT INTO journal (record) VALUES (?)", vec![serde_json::to_string(record)?.into()])
    }

    /// Up to `limit` entries of the journal after a number.
    pub fn entries(&self, after: i64, limit: i64) -> Result<Vec<Entry>> {
        let query = "SELECT seq, record FROM journal WHERE seq > ? ORDER BY seq LIMIT ?";
        self.rows(query, vec![after.into(), limit.into()])
    }

    /// Notes an identifier of the subject.
    pub fn identify(&self, namespace: &str, value: &str) -> Result<()> {
        let values = vec![namespace.into(), value.into()];
        self.run("INSERT OR IGNORE INTO identity (namespace, value) VALUES (?, ?)", values)
    }

    /// The identifiers of a namespace.
    pub fn identifiers(&self, namespace: &str) -> Result<Vec<String>> {
        let query = "SELECT value FROM identity WHERE namespace = ?";
        let rows: Vec<One<String>> = self.rows(query, vec![namespace.into()])?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// When something is to be done next: a journey's step, a word to the account, an errand, a delivery, a merge, the archive.
    pub fn due(&self) -> Result<Option<i64>> {
        let deliveries: Option<i64> =
            self.value("SELECT MIN(due) AS value FROM delivery WHERE state = 'pending'", Vec::new())?;
        let merges: Option<i64> = self.value("SELECT MIN(due) AS value FROM merge", Vec::new())?;
        let member_messages: Option<i64> = self.value("SELECT MIN(due) AS value FROM errand", Vec::new())?;
        let times = [
            self.meta("wake_at")?,
            self.meta("tell_at")?,
            self.meta("archive_at")?,
            member_messages,
            deliveries,
            merges,
        ];
        Ok(times.into_iter().flatten().min())
    }
}
