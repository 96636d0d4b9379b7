//! The table `merge`: the profiles that are, or are being, merged into this one.

use serde::Deserialize;
use worker::Result;

use crate::store::ProfileStore;

/// A profile that is to be merged into this one.
#[derive(Clone, Debug, Deserialize)]
pub struct Merge {
    /// The profile that ends.
    pub loser: String,
    /// The person that both profiles belong to.
    pub user: String,
}

/// How far a merge is.
#[derive(Debug, Deserialize)]
pub struct MergeStatus {
    /// The profile that ends.
    pub loser: String,
    /// When the merge continues, or `None` if it is finished.
    pub due: Option<i64>,
}

impl ProfileStore {
    /// Adds a merge, due at once. A repetition changes nothing.
    pub fn add_merge(&self, merge: &Merge, now: i64) -> Result<()> {
        let values = vec![merge.loser.as_str().into(), merge.user.as_str().into(), now.into()];
        self.sql.execute("INSERT OR IGNORE INTO merge (loser, user, attempts, due) VALUES (?, ?, 0, ?)", values)
    }

    /// Returns up to ten merges that are due, the longest due first.
    pub fn due_merges(&self, now: i64) -> Result<Vec<Merge>> {
        self.sql.rows("SELECT loser, user FROM merge WHERE due <= ? ORDER BY due LIMIT 10", vec![now.into()])
    }

    /// Counts an attempt, and sets the next one to `now + retry * 2^attempts`. A finished merge stays finished.
    pub fn begin_merge_attempt(&self, loser: &str, now: i64, retry: i64) -> Result<()> {
        let statement = "UPDATE merge SET attempts = attempts + 1, due = ? + ? * (1 << MIN(attempts, 10)) \
            WHERE loser = ? AND due IS NOT NULL";
        self.sql.execute(statement, vec![now.into(), retry.into(), loser.into()])
    }

    /// Marks a merge as finished.
    pub fn finish_merge(&self, loser: &str) -> Result<()> {
        self.sql.execute("UPDATE merge SET due = NULL WHERE loser = ?", vec![loser.into()])
    }

    /// Returns all merges.
    pub fn merges(&self) -> Result<Vec<MergeStatus>> {
        self.sql.rows("SELECT loser, due FROM merge ORDER BY loser", Vec::new())
    }

    /// Returns when the next merge continues.
    pub(super) fn next_merge(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(due) AS value FROM merge", Vec::new())
    }
}
