//! The tables `report` and `total` of an Identity object: the numbers of the audit.
//!
//! A profile reports its own numbers, and the object that it belongs to keeps the sums of all that it was told. So the
//! audit asks 256 objects, and no profile.

use std::collections::BTreeMap;

use serde::Deserialize;
use worker::Result;

use crate::identity::audit::{ProfileReport, SourceNumbers, Totals};
use crate::store::LinkStore;
use crate::store::versioned::{Versioned, encode};

/// The kind of JSON in the column `numbers`.
const KIND: &str = "report";
/// The tables, new in version 2.
pub const TABLES: &str = "
CREATE TABLE report (profile TEXT PRIMARY KEY, revision INTEGER NOT NULL, version INTEGER NOT NULL,
    numbers TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE total (source TEXT PRIMARY KEY, records INTEGER NOT NULL, people INTEGER NOT NULL,
    conflicts INTEGER NOT NULL, blocked INTEGER NOT NULL) WITHOUT ROWID;
";

#[derive(Deserialize)]
struct Total {
    source: String,
    records: i64,
    people: i64,
    conflicts: i64,
    blocked: i64,
}

impl LinkStore {
    /// Replaces the numbers of a profile, and corrects the sums by the difference. An older report changes nothing.
    pub fn report(&self, report: &ProfileReport) -> Result<()> {
        let key = || vec![report.profile.as_str().into()];
        let revision: Option<i64> = self.sql.value("SELECT revision AS value FROM report WHERE profile = ?", key())?;
        if revision.is_some_and(|known| known >= report.revision) {
            return Ok(());
        }
        let before: Option<Versioned> =
            self.sql.row("SELECT version, numbers AS json FROM report WHERE profile = ?", key())?;
        let before: BTreeMap<String, SourceNumbers> =
            before.map(|stored| stored.decode(KIND)).transpose()?.unwrap_or_default();
        // INVARIANT: the report and the sums change in one transaction, because nothing is awaited.
        for (source, numbers) in &before {
            self.add_to_total(source, &numbers.negated())?;
        }
        for (source, numbers) in &report.numbers {
            self.add_to_total(source, numbers)?;
        }
        let [version, numbers] = encode(&report.numbers)?;
        let values = vec![report.profile.as_str().into(), report.revision.into(), version, numbers];
        let statement = "INSERT OR REPLACE INTO report (profile, revision, version, numbers) VALUES (?, ?, ?, ?)";
        self.sql.execute(statement, values)
    }

    /// Returns the sums.
    pub fn totals(&self) -> Result<Totals> {
        let rows: Vec<Total> =
            self.sql.rows("SELECT source, records, people, conflicts, blocked FROM total", Vec::new())?;
        let mut totals = Totals::default();
        for row in rows {
            let Total { source, records, people, conflicts, blocked } = row;
            totals.add(&source, &SourceNumbers { records, people, conflicts, blocked });
        }
        Ok(totals)
    }

    fn add_to_total(&self, source: &str, numbers: &SourceNumbers) -> Result<()> {
        let values = vec![
            source.into(),
            numbers.records.into(),
            numbers.people.into(),
            numbers.conflicts.into(),
            numbers.blocked.into(),
        ];
        let statement = "INSERT INTO total (source, records, people, conflicts, blocked) VALUES (?, ?, ?, ?, ?) \
            ON CONFLICT (source) DO UPDATE SET records = records + excluded.records, \
            people = people + excluded.people, conflicts = conflicts + excluded.conflicts, \
            blocked = blocked + excluded.blocked";
        self.sql.execute(statement, values)
    }
}
