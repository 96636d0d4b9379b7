//! The table `identity`: the identifiers of the subject, each with the profile that it was merged from.

use serde::{Deserialize, Serialize};
use worker::Result;

use crate::event::identifier::{ANONYMOUS, DEVICE, Identifier, is_person_type};
use crate::store::ProfileStore;
use crate::store::origin::{OF_ORIGIN, of_origin};

/// The change of the table to version 2.
pub const TO_VERSION_2: &str = "
ALTER TABLE identity ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE identity ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
UPDATE identity SET namespace = 'device' WHERE namespace = 'anonymous_id' AND length(value) = 33
    AND value GLOB 'v*' AND NOT value GLOB '*[^v0-9a-f]*' AND NOT substr(value, 2) GLOB '*v*';
";
/// The number of devices of one type that a profile lists; older ones are forgotten here, and still lead to it.
const MAX_DEVICES: i64 = 100;

/// An identifier of the subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnIdentifier {
    /// The identifier.
    pub id: Identifier,
    /// The profile that it was merged from; empty if it is this one.
    pub origin: String,
    /// When it was added, in milliseconds since the Unix epoch.
    pub at: i64,
}

#[derive(Deserialize)]
struct Row {
    namespace: String,
    value: String,
    origin: String,
    at: i64,
}

impl ProfileStore {
    /// Adds an identifier of the subject. One that is known stays as it is.
    pub fn add_identifier(&self, own: &OwnIdentifier) -> Result<()> {
        let values =
            vec![own.id.kind.as_str().into(), own.id.value.as_str().into(), own.origin.as_str().into(), own.at.into()];
        let statement = "INSERT OR IGNORE INTO identity (namespace, value, origin, at) VALUES (?, ?, ?, ?)";
        self.sql.execute(statement, values)?;
        if own.id.is_device() { self.forget_oldest_devices(&own.id.kind) } else { Ok(()) }
    }

    fn forget_oldest_devices(&self, kind: &str) -> Result<()> {
        let statement = "DELETE FROM identity WHERE namespace = ? AND value IN \
            (SELECT value FROM identity WHERE namespace = ? ORDER BY at DESC, value LIMIT -1 OFFSET ?)";
        self.sql.execute(statement, vec![kind.into(), kind.into(), MAX_DEVICES.into()])
    }

    /// Returns the subject's identifiers of a type.
    pub fn identifiers_of(&self, kind: &str) -> Result<Vec<String>> {
        self.sql.column("SELECT value FROM identity WHERE namespace = ? ORDER BY value", vec![kind.into()])
    }

    /// Returns the ids of the subject's devices: the edge's, and those of other libraries.
    pub fn devices(&self) -> Result<Vec<String>> {
        let mut devices = self.identifiers_of(ANONYMOUS)?;
        devices.extend(self.identifiers_of(DEVICE)?);
        Ok(devices)
    }

    /// Returns all identifiers of the subject.
    pub fn identifiers(&self) -> Result<Vec<OwnIdentifier>> {
        let rows: Vec<Row> =
            self.sql.rows("SELECT namespace, value, origin, at FROM identity ORDER BY namespace, value", Vec::new())?;
        Ok(rows.into_iter().map(Row::own).collect())
    }

    /// Returns whether the subject is a person: whether an identifier of a person leads here.
    pub fn is_person(&self) -> Result<bool> {
        let kinds: Vec<String> = self.sql.column("SELECT DISTINCT namespace AS value FROM identity", Vec::new())?;
        Ok(kinds.iter().any(|kind| is_person_type(kind)))
    }

    /// Returns the origin of an identifier, or `None` if it is not the subject's.
    pub fn origin_of(&self, id: &Identifier) -> Result<Option<String>> {
        let query = "SELECT origin AS value FROM identity WHERE namespace = ? AND value = ?";
        self.sql.value(query, vec![id.kind.as_str().into(), id.value.as_str().into()])
    }

    /// Removes an identifier.
    pub fn remove_identifier(&self, id: &Identifier) -> Result<()> {
        let values = vec![id.kind.as_str().into(), id.value.as_str().into()];
        self.sql.execute("DELETE FROM identity WHERE namespace = ? AND value = ?", values)
    }

    /// Removes the identifiers that were merged from a profile.
    pub fn remove_identifiers_from(&self, origin: &str) -> Result<()> {
        self.sql.execute(&format!("DELETE FROM identity WHERE {OF_ORIGIN}"), of_origin(origin))
    }
}

impl Row {
    fn own(self) -> OwnIdentifier {
        OwnIdentifier { id: Identifier { kind: self.namespace, value: self.value }, origin: self.origin, at: self.at }
    }
}
