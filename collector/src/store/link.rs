//! The table `link` of an Identity object: where each identifier leads.

use serde::{Deserialize, Serialize};
use worker::{Result, SqlStorage, SqlStorageValue};

use crate::store::schema;
use crate::store::sql::Sql;
use crate::store::versioned::{decode, encode};

/// The kind of JSON in the column `device`.
const KIND: &str = "link";
/// The change of the table to version 2: who has proven what replaces who was said to be trusted.
///
/// An identifier of a person led to one profile only, so it is taken for proven. A device that nobody trusted was
/// claimed by its person.
pub const TO_VERSION_2: &str = "
ALTER TABLE link RENAME TO link_before;
CREATE TABLE link (key TEXT PRIMARY KEY, profile TEXT NOT NULL, proven INTEGER NOT NULL, version INTEGER NOT NULL,
    device TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO link SELECT key, profile, CASE WHEN substr(key, 1, 8) = 'user_id:' THEN 1 ELSE trusted END, 2,
    CASE WHEN user IS NOT NULL AND trusted = 0
        THEN json_object('claims', json_array(json_object('person', 'user_id:' || user, 'profile', profile)))
        ELSE '{}' END
    FROM link_before;
DROP TABLE link_before;
";

/// Where an identifier leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The profile.
    pub profile: String,
    /// Whether it is proven that the profile is of whoever the identifier names. Identifiers of people are linked only
    /// by proof.
    pub proven: bool,
    /// Whether the identifier has a tombstone: the profile is erased, and ignores what is said about it.
    #[serde(default)]
    pub erased: bool,
    /// The rest, for devices.
    #[serde(default)]
    pub device: DeviceState,
}

/// The state of a device besides its profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceState {
    /// The people that the device claimed to be, each with the profile of what it said then. The last one is current.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The device whose browser shows this id, for an id that another library made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<String>,
    /// Whether such an id had a profile of its own before.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub had_profile: bool,
    /// Whether the id was made after the person had signed in, so nobody else can have seen it before.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub is_fresh: bool,
    /// The id that replaces this one, since the person signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The id that this one replaces, until it is seen for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// When the id stops to prove anything, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<i64>,
}

/// A person that a device claimed to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The identifier that was claimed.
    pub person: String,
    /// The profile of what the device said while it claimed it.
    pub profile: String,
}

#[derive(Deserialize)]
struct Row {
    profile: String,
    proven: i64,
    version: u32,
    device: String,
}

/// The database of one Identity object.
pub struct LinkStore {
    pub(super) sql: Sql,
}

impl LinkStore {
    /// Opens the database, and brings its tables to the current version.
    pub fn open(sql: SqlStorage) -> Result<Self> {
        let sql = Sql::new(sql);
        schema::IDENTITY.prepare(&sql)?;
        Ok(Self { sql })
    }

    /// Returns where an identifier leads.
    pub fn get(&self, key: &str) -> Result<Option<Link>> {
        let query = "SELECT profile, proven, version, device FROM link WHERE key = ?";
        let row: Option<Row> = self.sql.row(query, vec![key.into()])?;
        row.map(Row::link).transpose()
    }

    /// Sets where an identifier leads.
    pub fn put(&self, key: &str, link: &Link) -> Result<()> {
        let [version, device] = encode(&link.device)?;
        let values: Vec<SqlStorageValue> =
            vec![key.into(), link.profile.as_str().into(), i64::from(link.proven).into(), version, device];
        let statement = "INSERT OR REPLACE INTO link (key, profile, proven, version, device) VALUES (?, ?, ?, ?, ?)";
        self.sql.execute(statement, values)
    }
}

impl Row {
    fn link(self) -> Result<Link> {
        let device = decode(KIND, self.version, &self.device)?;
        Ok(Link { profile: self.profile, proven: self.proven != 0, erased: false, device })
    }
}
