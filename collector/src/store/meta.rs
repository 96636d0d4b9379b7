//! The table `meta`: single values by key.

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::Result;

use crate::store::ProfileStore;
use crate::store::key::{Key, PROFILE};
use crate::store::versioned::{Versioned, encode};

impl ProfileStore {
    /// Returns a value, or `None` if it is not set.
    pub fn get<T: DeserializeOwned>(&self, key: Key<T>) -> Result<Option<T>> {
        let stored = self.meta(key.name())?;
        stored.map(|stored| stored.decode(key.name())).transpose()
    }

    /// Sets a value.
    pub fn set<T: Serialize>(&self, key: Key<T>, value: &T) -> Result<()> {
        let [version, json] = encode(value)?;
        let values = vec![key.name().into(), version, json];
        self.sql.execute("INSERT OR REPLACE INTO meta (name, version, value) VALUES (?, ?, ?)", values)
    }

    /// Removes a value.
    pub fn clear<T>(&self, key: Key<T>) -> Result<()> {
        self.sql.execute("DELETE FROM meta WHERE name = ?", vec![key.name().into()])
    }

    /// Returns whether a value is set.
    pub fn contains<T>(&self, key: Key<T>) -> Result<bool> {
        Ok(self.meta(key.name())?.is_some())
    }

    /// Returns whether anything is known about the subject.
    pub fn is_known(&self) -> Result<bool> {
        self.contains(PROFILE)
    }

    fn meta(&self, name: &str) -> Result<Option<Versioned>> {
        self.sql.row("SELECT version, value AS json FROM meta WHERE name = ?", vec![name.into()])
    }
}
