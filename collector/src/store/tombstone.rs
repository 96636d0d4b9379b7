//! The table `tombstone` of an Identity object: the identifiers of erased people.
//!
//! A tombstone has a digest of the identifier, and the erased profile. The identifier leads to that profile from then
//! on, which ignores what is said about it. Nothing can be linked to it, so an erased person stays erased.

use serde::Deserialize;
use worker::Result;

use crate::platform::hash::digest;
use crate::store::link::LinkStore;

/// Returns the digest under which the tombstone of an identifier is kept; `key` is the identifier as in the table
/// `link`.
pub fn tombstone_digest(key: &str) -> String {
    digest(["tombstone", key])
}

#[derive(Deserialize)]
struct Leads {
    profile: String,
}

impl LinkStore {
    /// Returns the erased profile of an identifier that has a tombstone.
    pub fn tombstone(&self, key: &str) -> Result<Option<String>> {
        let query = "SELECT profile FROM tombstone WHERE digest = ?";
        let found: Option<Leads> = self.sql.row(query, vec![tombstone_digest(key).into()])?;
        Ok(found.map(|leads| leads.profile))
    }

    /// Removes the link of an identifier that leads to an erased profile. If `suppress`, a tombstone takes its place.
    ///
    /// An identifier that leads to another profile belongs to somebody else by now, and is left alone.
    pub fn erase(&self, key: &str, profile: &str, suppress: bool) -> Result<()> {
        if self.get(key)?.is_some_and(|link| link.profile != profile) {
            return Ok(());
        }
        self.sql.execute("DELETE FROM link WHERE key = ?", vec![key.into()])?;
        if suppress {
            let values = vec![tombstone_digest(key).into(), profile.into()];
            self.sql.execute("INSERT OR REPLACE INTO tombstone (digest, profile) VALUES (?, ?)", values)?;
        }
        Ok(())
    }

    /// Removes a tombstone, so that the identifier may lead to a new profile.
    pub fn remove_tombstone(&self, digest: &str) -> Result<()> {
        self.sql.execute("DELETE FROM tombstone WHERE digest = ?", vec![digest.into()])
    }
}
