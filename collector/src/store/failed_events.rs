//! The table `failed_event` in D1: rejected events and given-up deliveries, with the reason. Nothing that was sent
//! vanishes.

use serde::{Deserialize, Serialize};
use worker::{D1Database, D1PreparedStatement, D1Type, Env, Result};

use crate::platform::clock;
use crate::platform::hash::digest;

/// An event or a delivery that was permanently rejected.
#[derive(Debug)]
pub struct FailedEvent {
    /// The sender.
    pub source: String,
    /// The message id, or whatever else names it.
    pub message_id: String,
    /// Why it was rejected.
    pub reason: String,
    /// The event as received, possibly truncated.
    pub payload: String,
}

/// A failed event as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListedEvent {
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
const INSERT: &str =
    "INSERT OR IGNORE INTO failed_event (name, at, source, message_id, reason, payload) VALUES (?, ?, ?, ?, ?, ?)";
const LIST: &str = "SELECT number, at, source, message_id, reason, payload FROM failed_event WHERE number < ? \
    ORDER BY number DESC LIMIT ?";

/// Stores failed events. Each is stored once, however often it is sent.
pub async fn put(env: &Env, failed: &[FailedEvent]) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let database = database(env).await?;
    let statements: Result<Vec<D1PreparedStatement>> = failed.iter().map(|event| insert(&database, event)).collect();
    let failure = database.batch(statements?).await?.iter().find_map(worker::D1Result::error);
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Returns the latest failed events, or those before a number.
pub async fn list(env: &Env, before: Option<u32>, limit: u32) -> Result<Vec<ListedEvent>> {
    let before = f64::from(before.unwrap_or(u32::MAX));
    let values = [D1Type::Real(before), D1Type::Real(f64::from(limit))];
    database(env).await?.prepare(LIST).bind_refs(&values)?.all().await?.results()
}

fn insert(database: &D1Database, event: &FailedEvent) -> Result<D1PreparedStatement> {
    // The hash of the content is unique, so a repetition is ignored.
    let name = digest([event.source.as_str(), &event.message_id, &event.payload]);
    let at = clock::now().to_string();
    let values = [&name, &at, &event.source, &event.message_id, &event.reason, &event.payload];
    database.prepare(INSERT).bind_refs(&values.map(|text| D1Type::Text(text)))
}

async fn database(env: &Env) -> Result<D1Database> {
    let database = env.d1("MEASURES")?;
    database.prepare(TABLE).run().await?;
    Ok(database)
}
