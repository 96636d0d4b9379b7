//! The SQLite database of a Durable Object.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use worker::{Result, SqlStorage, SqlStorageValue};

/// A handle to the database. Clones share it.
#[derive(Clone)]
pub struct Sql(SqlStorage);

#[derive(Deserialize)]
struct Column<T> {
    value: T,
}

impl Sql {
    /// Wraps the platform's handle.
    pub const fn new(sql: SqlStorage) -> Self {
        Self(sql)
    }

    /// Runs statements. Values bind to the last one.
    pub fn execute(&self, statements: &str, values: Vec<SqlStorageValue>) -> Result<()> {
        self.0.exec(statements, values).map(|_| ())
    }

    /// Returns the rows of a query.
    pub fn rows<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        self.0.exec(query, values)?.to_array()
    }

    /// Returns the first row of a query.
    pub fn row<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Option<T>> {
        Ok(self.rows(query, values)?.into_iter().next())
    }

    /// Returns the column `value` of every row.
    pub fn column<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Vec<T>> {
        let rows: Vec<Column<T>> = self.rows(query, values)?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Returns the column `value` of the first row, or `None` for no row or a null.
    pub fn value<T: DeserializeOwned>(&self, query: &str, values: Vec<SqlStorageValue>) -> Result<Option<T>> {
        let row: Option<Column<Option<T>>> = self.row(query, values)?;
        Ok(row.and_then(|row| row.value))
    }
}
