//! The tables of failed events in D1: rejected events and given-up deliveries, with the reason. Nothing that was sent
//! vanishes.
//!
//! | table | rows |
//! |---|---|
//! | `failed_event` | the failed events |
//! | `failed_event_identifier` | whom they are about: digests of identifiers, so that an erasure finds them |
//! | `erased_identifier` | digests of the identifiers of erased people: what fails later is not kept |

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use worker::{D1Database, D1PreparedStatement, D1Type, Env, Result};

use crate::platform::clock;
use crate::platform::hash::digest;
use crate::platform::plan_cache;
use crate::store::schema::{FAILED_EVENTS, SCHEMA_VERSION};

/// The greatest number of identifiers that are stored with an event.
const MAX_IDENTIFIERS: usize = 64;
/// The number of outdated events that are deleted when others are stored.
const MAX_OUTDATED: u32 = 200;
/// The members of an event that name whom it is about.
const NAMES: [(&str, &str); 4] =
    [("userId", "user_id"), ("anonymousId", "anonymous_id"), ("previousId", "anonymous_id"), ("subject", "subject")];

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
    /// Whom it is about, in addition to those that the payload names: identifiers such as `user_id:42`.
    pub identifiers: Vec<String>,
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
    /// The schema version that the row was written under.
    version: u32,
}

const INSERT: &str = "INSERT OR IGNORE INTO failed_event (name, at, source, message_id, reason, payload, version) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS \
    (SELECT 1 FROM erased_identifier WHERE identifier IN (SELECT value FROM json_each(?8)))";
const INSERT_IDENTIFIERS: &str = "INSERT OR IGNORE INTO failed_event_identifier (identifier, name) \
    SELECT value, ?1 FROM json_each(?2) WHERE EXISTS (SELECT 1 FROM failed_event WHERE name = ?1)";
const LIST: &str = "SELECT number, at, source, message_id, reason, payload, version FROM failed_event \
    WHERE number < ? ORDER BY number DESC LIMIT ?";
/// The names of the events about one of these people.
const ABOUT: &str = "SELECT name FROM failed_event_identifier WHERE identifier IN (SELECT value FROM json_each(?1))";

thread_local! {
    /// Whether this isolate has brought the tables to the current version.
    static IS_PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Stores failed events. Each is stored once, however often it is sent; those of erased people are not stored.
///
/// Events older than `policies.retention.events` are deleted on this occasion.
pub async fn put(env: &Env, failed: &[FailedEvent]) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let database = database(env).await?;
    let mut statements = Vec::new();
    for event in failed {
        statements.extend(insert(&database, event)?);
    }
    statements.extend(delete_outdated(env, &database).await?);
    run(&database, statements).await.map(|_| ())
}

/// Returns the latest failed events, or those before a number.
pub async fn list(env: &Env, before: Option<u32>, limit: u32) -> Result<Vec<ListedEvent>> {
    let before = f64::from(before.unwrap_or(u32::MAX));
    let values = [D1Type::Real(before), D1Type::Real(f64::from(limit))];
    database(env).await?.prepare(LIST).bind_refs(&values)?.all().await?.results()
}

/// Deletes the failed events about somebody, by the [`identifier_digest`]s of their identifiers. If `suppress`, later
/// ones are not stored. Returns how many were deleted.
pub async fn erase(env: &Env, identifiers: &[String], suppress: bool) -> Result<u64> {
    let database = database(env).await?;
    let json = serde_json::to_string(identifiers)?;
    let statements = [
        if suppress {
            "INSERT OR IGNORE INTO erased_identifier (identifier) SELECT value FROM json_each(?1)".to_owned()
        } else {
            "DELETE FROM erased_identifier WHERE identifier IN (SELECT value FROM json_each(?1))".to_owned()
        },
        format!("DELETE FROM failed_event WHERE name IN ({ABOUT})"),
        format!("DELETE FROM failed_event_identifier WHERE name IN ({ABOUT})"),
    ];
    let bound: Result<Vec<_>> = statements.iter().map(|statement| bind(&database, statement, &[&json])).collect();
    let changes = run(&database, bound?).await?;
    Ok(changes.get(1).copied().unwrap_or(0))
}

/// Returns the digest under which the failed events about an identifier, such as `user_id:42`, are found.
pub fn identifier_digest(identifier: &str) -> String {
    digest(["failed event", identifier])
}

fn insert(database: &D1Database, event: &FailedEvent) -> Result<[D1PreparedStatement; 2]> {
    // The hash of the content is unique, so a repetition is ignored.
    let name = digest([event.source.as_str(), &event.message_id, &event.payload]);
    let (at, version) = (clock::now().to_string(), SCHEMA_VERSION.to_string());
    let identifiers = serde_json::to_string(&identifiers(event))?;
    let values = [&name, &at, &event.source, &event.message_id, &event.reason, &event.payload, &version, &identifiers];
    Ok([bind(database, INSERT, &values)?, bind(database, INSERT_IDENTIFIERS, &[&name, &identifiers])?])
}

/// Returns the digests of all identifiers that an event names.
fn identifiers(event: &FailedEvent) -> Vec<String> {
    let mut found = event.identifiers.clone();
    let payload: Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let calls = payload.get("events").and_then(Value::as_array).into_iter().flatten().chain([&payload]);
    for call in calls {
        collect_identifiers(call, &mut found);
    }
    found.sort();
    found.dedup();
    found.truncate(MAX_IDENTIFIERS);
    found.iter().map(|identifier| identifier_digest(identifier)).collect()
}

fn collect_identifiers(call: &Value, found: &mut Vec<String>) {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut add = |kind: &str, value: Option<&Value>| {
        found.extend(value.and_then(scalar).map(|value| format!("{kind}:{value}")));
    };
    for (member, kind) in NAMES {
        add(kind, call.get(member));
    }
    add("device", call.pointer("/device/id"));
    for list in ["/context/externalIds", "/externalIds"] {
        for external in call.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            add(external.get("type").and_then(Value::as_str).unwrap_or_default(), external.get("id"));
        }
    }
}

/// Returns the statements that delete what is older than the rules allow.
async fn delete_outdated(env: &Env, database: &D1Database) -> Result<Vec<D1PreparedStatement>> {
    let plan = plan_cache::current(env).await;
    let Some(longest) = plan.and_then(|plan| plan.retention().events) else { return Ok(Vec::new()) };
    let cutoff = clock::now().saturating_sub(longest.0).to_string();
    let tables = ["failed_event_identifier", "failed_event"];
    let statement = |table: &str| {
        format!(
            "DELETE FROM {table} WHERE name IN (SELECT name FROM failed_event WHERE at < ?1 ORDER BY at LIMIT {MAX_OUTDATED})"
        )
    };
    tables.iter().map(|table| bind(database, &statement(table), &[&cutoff])).collect()
}

fn bind(database: &D1Database, statement: &str, values: &[&String]) -> Result<D1PreparedStatement> {
    let values: Vec<D1Type<'_>> = values.iter().map(|text| D1Type::Text(text)).collect();
    database.prepare(statement).bind_refs(&values)
}

/// Runs statements in one transaction. Returns the number of rows that each has changed.
async fn run(database: &D1Database, statements: Vec<D1PreparedStatement>) -> Result<Vec<u64>> {
    let results = database.batch(statements).await?;
    if let Some(error) = results.iter().find_map(worker::D1Result::error) {
        return Err(error.into());
    }
    let changes = |result: &worker::D1Result| Ok(result.meta()?.and_then(|meta| meta.changes).unwrap_or(0) as u64);
    results.iter().map(changes).collect()
}

/// Returns the database. The first use in an isolate brings its tables to the current version.
async fn database(env: &Env) -> Result<D1Database> {
    let database = env.d1("MEASURES")?;
    if !IS_PREPARED.get() {
        prepare(&database).await?;
        IS_PREPARED.set(true);
    }
    Ok(database)
}

async fn prepare(database: &D1Database) -> Result<()> {
    let create = "CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)";
    database.prepare(create).run().await?;
    let found = version(database).await?;
    if found == Some(SCHEMA_VERSION) {
        return Ok(());
    }
    let mut statements = FAILED_EVENTS.statements_since(found)?;
    let store_version = format!("INSERT OR REPLACE INTO schema (id, version) VALUES (1, {SCHEMA_VERSION})");
    statements.push(&store_version);
    let statements = statements.into_iter().map(|statement| database.prepare(statement)).collect();
    match run(database, statements).await {
        Ok(_) => Ok(()),
        // Another isolate may have done it meanwhile. Both use transactions, so one of them has done it all.
        Err(error) if version(database).await? != Some(SCHEMA_VERSION) => Err(error),
        Err(_) => Ok(()),
    }
}

/// Returns the version of the tables, or `None` if there are none.
async fn version(database: &D1Database) -> Result<Option<u32>> {
    let stored: Option<u32> = database.prepare("SELECT version FROM schema").first(Some("version")).await?;
    let table = "SELECT name FROM sqlite_master WHERE name = 'failed_event'";
    let table: Option<String> = database.prepare(table).first(Some("name")).await?;
    Ok(stored.or(table.map(|_| 1)))
}
