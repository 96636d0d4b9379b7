//! The table `link` of an Identity object: where each identifier leads.

use serde::{Deserialize, Serialize};
use worker::{Result, SqlStorage};

use crate::store::schema;
use crate::store::sql::Sql;

/// Where an identifier leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The profile.
    pub profile: String,
    /// For a device: the person that it belongs to, if one has identified on it.
    pub user: Option<String>,
    /// For a device: whether a trusted sender has named the person.
    pub trusted: bool,
    /// Whether the identifier has a tombstone: the profile is erased, and ignores what is said about it.
    #[serde(default)]
    pub erased: bool,
}

#[derive(Deserialize)]
struct Row {
    profile: String,
    user: Option<String>,
    trusted: i64,
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
        let row: Option<Row> =
            self.sql.row("SELECT profile, user, trusted FROM link WHERE key = ?", vec![key.into()])?;
        Ok(row.map(|row| Link { profile: row.profile, user: row.user, trusted: row.trusted != 0, erased: false }))
    }

    /// Sets where an identifier leads.
    pub fn put(&self, key: &str, link: &Link) -> Result<()> {
        let values =
            vec![key.into(), link.profile.as_str().into(), link.user.clone().into(), i64::from(link.trusted).into()];
        self.sql.execute("INSERT OR REPLACE INTO link (key, profile, user, trusted) VALUES (?, ?, ?, ?)", values)
    }
}
