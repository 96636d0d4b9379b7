//! The table `archive_file`: the names of the files that the profile has in the archive.
//!
//! A name is stored before its file is written, so every file of a person is found without listing the bucket. A
//! doomed file is to be deleted; its row stays until the bucket has confirmed that.

use serde::{Deserialize, Serialize};
use worker::Result;

use crate::store::ProfileStore;

/// A file of the archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArchiveFile {
    /// Its name in the bucket.
    pub name: String,
    /// The time of its newest event, in milliseconds since the Unix epoch.
    pub newest: i64,
}

impl ProfileStore {
    /// Adds a file. A repetition changes nothing.
    pub fn add_archive_file(&self, file: &ArchiveFile) -> Result<()> {
        let statement = "INSERT OR IGNORE INTO archive_file (name, newest, doomed) VALUES (?, ?, 0)";
        self.sql.execute(statement, vec![file.name.as_str().into(), file.newest.into()])
    }

    /// Returns up to `limit` files after a name, in the order of names.
    pub fn archive_files(&self, after: &str, limit: i64) -> Result<Vec<ArchiveFile>> {
        let query = "SELECT name, newest FROM archive_file WHERE name > ? ORDER BY name LIMIT ?";
        self.sql.rows(query, vec![after.into(), limit.into()])
    }

    /// Dooms the files whose events all happened before a time.
    pub fn doom_archive_files_before(&self, cutoff: i64) -> Result<()> {
        self.sql.execute("UPDATE archive_file SET doomed = 1 WHERE newest < ?", vec![cutoff.into()])
    }

    /// Dooms all files.
    pub fn doom_archive_files(&self) -> Result<()> {
        self.sql.execute("UPDATE archive_file SET doomed = 1", Vec::new())
    }

    /// Returns up to `limit` doomed files.
    pub fn doomed_archive_files(&self, limit: i64) -> Result<Vec<String>> {
        self.sql.column("SELECT name AS value FROM archive_file WHERE doomed = 1 LIMIT ?", vec![limit.into()])
    }

    /// Removes the name of a file that is deleted.
    pub fn remove_archive_file(&self, name: &str) -> Result<()> {
        self.sql.execute("DELETE FROM archive_file WHERE name = ?", vec![name.into()])
    }

    /// Returns the time of the oldest file's newest event.
    pub fn oldest_archive_file(&self) -> Result<Option<i64>> {
        self.sql.value("SELECT MIN(newest) AS value FROM archive_file WHERE doomed = 0", Vec::new())
    }
}
