//! Events that could not be taken, kept with the reason: nothing that was sent vanishes.

use serde::{Deserialize, Serialize};
use worker::{D1Database, D1Type, Env, Result};

use crate::platform::clock;
use crate::platform::hash::digest;

/// Something that could not be taken.
#[derive(Debug)]
pub struct Failed {
    /// Who sent it.
    pub source: String,
    /// Its message id, or what else names it.
    pub message_id: String,
    /// Why it could not be taken.
    pub reason: String,
    /// What was sent.
    pub payload: String,
}

/// A failed event as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listed {
    number: i64,
    at: i64,
    source: String,
    message_id: String,
    reason: String,
    payload: String,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS failed_event (number INTEGER PRIMARY KEY AUTOINCREMENT, \
    name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, source TEXT NOT NULL, message_id TEXT NOT NULL, \
    reason TEXT NOT NULL, payload TEXT NOT NULL)";

/// Keeps failed events; the same one is kept once, however often it is sent.
pub async fn keep(env: &Env, failed: &[Failed]) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let database = database(env).await?;
    let mut statements = Vec::with_capacity(failed.len());
    for one in failed {
        let name = digest([one.source.as_str(), &one.message_id, &one.payload]);
        let at = clock::now().to_string();
        let values =
            [&name, &at, &one.source, &one.message_id, &one.reason, &one.payload].map(|text| D1Type::Text(text));
        let insert = "INSERT OR IGNORE INTO failed_event (name, at, source, message_id, reason, payload) VALUES (?, ?, ?, ?, ?, ?)";
        statements.push(database.prepare(insert).bind_refs(&values)?);
    }
    for result in database.batch(statements).await? {
        if let Some(error) = result.error() {
            return Err(error.into());
        }
    }
    Ok(())
}

/// The last failed events, those before a number if one is given.
pub async fn list(env: &Env, before: Option<u32>, limit: u32) -> Result<Vec<Listed>> {
    let query = "SELECT number, at, source, message_id, reason, payload FROM failed_event WHERE number < ? ORDER BY number DESC LIMIT ?";
    let before = f64::from(before.unwrap_or(u32::MAX));
    let values = [D1Type::Real(before), D1Type::Real(f64::from(limit))];
    database(env).await?.prepare(query).bind_refs(&values)?.all().await?.results()
}

async fn database(env: &Env) -> Result<D1Database> {
    let database = env.d1("MEASURES")?;
    database.prepare(TABLE).run().await?;
    Ok(database)
}
