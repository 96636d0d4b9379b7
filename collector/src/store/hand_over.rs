//! The table `hand_over`: the hand-over tokens that were used, until they expire.

use worker::Result;

use crate::store::ProfileStore;

/// The table, new in version 2.
pub const TABLE: &str = "CREATE TABLE hand_over (jti TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID";

impl ProfileStore {
    /// Stores that a hand-over token is used. Returns whether it was not used before. Expired ones are forgotten.
    pub fn use_hand_over(&self, jti: &str, expires: i64, now: i64) -> Result<bool> {
        self.sql.execute("DELETE FROM hand_over WHERE expires < ?", vec![now.into()])?;
        let known: Option<i64> =
            self.sql.value("SELECT expires AS value FROM hand_over WHERE jti = ?", vec![jti.into()])?;
        if known.is_some() {
            return Ok(false);
        }
        self.sql.execute("INSERT INTO hand_over (jti, expires) VALUES (?, ?)", vec![jti.into(), expires.into()])?;
        Ok(true)
    }
}
