//! The table `identity`: the identifiers of the subject.

use worker::Result;

use crate::event::identifier::Namespace;
use crate::store::ProfileStore;

impl ProfileStore {
    /// Adds an identifier of the subject.
    pub fn add_identifier(&self, namespace: Namespace, value: &str) -> Result<()> {
        let values = vec![namespace.name().into(), value.into()];
        self.sql.execute("INSERT OR IGNORE INTO identity (namespace, value) VALUES (?, ?)", values)
    }

    /// Returns the subject's identifiers in a namespace.
    pub fn identifiers(&self, namespace: Namespace) -> Result<Vec<String>> {
        self.sql.column("SELECT value FROM identity WHERE namespace = ?", vec![namespace.name().into()])
    }

    /// Returns whether the profile belongs to a person other than `user`.
    pub fn belongs_to_another(&self, user: &str) -> Result<bool> {
        let users = self.identifiers(Namespace::User)?;
        Ok(!users.is_empty() && !users.iter().any(|known| known == user))
    }
}
