//! The tables `conflict` and `source`: what an audit counts of this profile.

use serde::{Deserialize, Serialize};
use worker::Result;

use crate::event::identifier::Identifier;
use crate::store::ProfileStore;
use crate::store::origin::{OF_ORIGIN, of_origin};

/// The number of conflicts that are kept, and counted.
const MAX_CONFLICTS: i64 = 100;

/// The tables, new in version 2.
pub const TABLES: &str = "
CREATE TABLE conflict (kind TEXT, identifier TEXT, other TEXT, source TEXT NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL, origin TEXT NOT NULL, PRIMARY KEY (kind, identifier, other)) WITHOUT ROWID;
CREATE TABLE source (name TEXT, origin TEXT, records INTEGER NOT NULL, PRIMARY KEY (name, origin)) WITHOUT ROWID;
";

/// A statement about who somebody is that the rules did not follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Whether an identifier was refused, or a merge.
    pub kind: ConflictKind,
    /// The identifier, as text.
    pub identifier: String,
    /// The other profile; empty if there is none.
    pub other: String,
    /// The sender.
    pub source: String,
    /// The reason.
    pub reason: String,
    /// When it was found, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The profile that it was merged from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
}

/// The kinds of conflicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// The identifier was not added: the profile has as many of its type as it may, or it is somebody else's.
    Identifier,
    /// Two profiles with the identifier were not merged.
    Merge,
}

/// The number of records of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecords {
    /// The source.
    pub name: String,
    /// The profile that they were merged from.
    pub origin: String,
    /// The number.
    pub records: i64,
}

impl Conflict {
    /// Returns the conflict of an identifier that was not added.
    pub fn of_identifier(id: &Identifier, source: &str, reason: &str, at: i64) -> Self {
        Self {
            kind: ConflictKind::Identifier,
            identifier: id.to_string(),
            other: String::new(),
            source: source.to_owned(),
            reason: reason.to_owned(),
            at,
            origin: String::new(),
        }
    }

    /// Returns the conflict of a merge that the rules forbid.
    pub fn of_merge(id: &Identifier, other: &str, source: &str, reason: &str, at: i64) -> Self {
        let kind = ConflictKind::Merge;
        Self { kind, other: other.to_owned(), ..Self::of_identifier(id, source, reason, at) }
    }
}

impl ConflictKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Merge => "merge",
        }
    }
}

impl ProfileStore {
    /// Adds a conflict, unless it is known or there are too many. Returns whether it was added.
    pub fn add_conflict(&self, conflict: &Conflict) -> Result<bool> {
        let count = |store: &Self| store.sql.value::<i64>("SELECT COUNT(*) AS value FROM conflict", Vec::new());
        let before = count(self)?.unwrap_or(0);
        if before >= MAX_CONFLICTS {
            return Ok(false);
        }
        let values = vec![
            conflict.kind.name().into(),
            conflict.identifier.as_str().into(),
            conflict.other.as_str().into(),
            conflict.source.as_str().into(),
            conflict.reason.as_str().into(),
            conflict.at.into(),
            conflict.origin.as_str().into(),
        ];
        let statement = "INSERT OR IGNORE INTO conflict (kind, identifier, other, source, reason, at, origin) \
            VALUES (?, ?, ?, ?, ?, ?, ?)";
        self.sql.execute(statement, values)?;
        Ok(count(self)? > Some(before))
    }

    /// Returns the conflicts, the latest first.
    pub fn conflicts(&self) -> Result<Vec<Conflict>> {
        let query = "SELECT kind, identifier, other, source, reason, at, origin FROM conflict \
            ORDER BY at DESC, identifier";
        self.sql.rows(query, Vec::new())
    }

    /// Removes the conflicts that were merged from a profile.
    pub fn remove_conflicts_from(&self, origin: &str) -> Result<()> {
        self.sql.execute(&format!("DELETE FROM conflict WHERE {OF_ORIGIN}"), of_origin(origin))
    }

    /// Adds to the number of records of a source.
    pub fn count_records(&self, name: &str, origin: &str, records: i64) -> Result<()> {
        let statement = "INSERT INTO source (name, origin, records) VALUES (?, ?, ?) \
            ON CONFLICT (name, origin) DO UPDATE SET records = MAX(0, records + excluded.records)";
        self.sql.execute(statement, vec![name.into(), origin.into(), records.into()])
    }

    /// Sets the number of records of a source.
    pub fn set_records(&self, of_source: &SourceRecords) -> Result<()> {
        let values = vec![of_source.name.as_str().into(), of_source.origin.as_str().into(), of_source.records.into()];
        self.sql.execute("INSERT OR REPLACE INTO source (name, origin, records) VALUES (?, ?, ?)", values)
    }

    /// Returns the numbers of records.
    pub fn records_by_source(&self) -> Result<Vec<SourceRecords>> {
        self.sql.rows("SELECT name, origin, records FROM source ORDER BY name, origin", Vec::new())
    }

    /// Forgets the records that were merged from a profile.
    pub fn remove_records_from(&self, origin: &str) -> Result<()> {
        self.sql.execute(&format!("DELETE FROM source WHERE {OF_ORIGIN}"), of_origin(origin))
    }
}
