//! Stored JSON: encoded with the schema version that it is written under, migrated when it is read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Error, Result, SqlStorageValue};

use crate::store::schema::{SCHEMA_VERSION, newer};

/// A row with only stored JSON: the columns `version` and `json`.
#[derive(Deserialize)]
pub struct Versioned {
    version: u32,
    json: String,
}

/// A change of the JSON of one kind of value, applied when a value of an earlier version is read.
struct JsonMigration {
    /// The version that it leads to.
    to: u32,
    /// The kind of value: the name of a key, or of a table.
    kind: &'static str,
    /// The change.
    apply: fn(serde_json::Value) -> serde_json::Value,
}

/// All changes since version 1, in their order.
const MIGRATIONS: &[JsonMigration] = &[];

/// Encodes a value for the columns `version` and `json` of a row.
pub fn encode(value: &impl Serialize) -> Result<[SqlStorageValue; 2]> {
    Ok([i64::from(SCHEMA_VERSION).into(), serde_json::to_string(value)?.into()])
}

/// Decodes JSON of a kind that was written under `version`.
///
/// # Errors
/// When a later version has written it, or it cannot be read. The message names the kind of value and the position of
/// the fault, never the content, which may be personal.
pub fn decode<T: DeserializeOwned>(kind: &str, version: u32, json: &str) -> Result<T> {
    decode_with(MIGRATIONS, SCHEMA_VERSION, kind, version, json).map_err(Error::from)
}

impl Versioned {
    /// Decodes the value; see [`decode`].
    pub fn decode<T: DeserializeOwned>(&self, kind: &str) -> Result<T> {
        decode(kind, self.version, &self.json)
    }
}

fn decode_with<T: DeserializeOwned>(
    migrations: &[JsonMigration],
    current: u32,
    kind: &str,
    version: u32,
    json: &str,
) -> core::result::Result<T, String> {
    let migrated = migrate(migrations, current, kind, version, json)?;
    serde_json::from_str(migrated.as_deref().unwrap_or(json)).map_err(|error| unreadable(kind, &error))
}

/// Returns the JSON as the current version writes it, or `None` if it is written that way already.
fn migrate(
    migrations: &[JsonMigration],
    current: u32,
    kind: &str,
    version: u32,
    json: &str,
) -> core::result::Result<Option<String>, String> {
    if version > current {
        return Err(newer(&format!("stored value `{kind}`"), version, current));
    }
    let mut steps = migrations.iter().filter(|step| step.kind == kind && step.to > version).peekable();
    if steps.peek().is_none() {
        return Ok(None);
    }
    let value = serde_json::from_str(json).map_err(|error| unreadable(kind, &error))?;
    Ok(Some(steps.fold(value, |value, step| (step.apply)(value)).to_string()))
}

/// Returns the message for JSON that cannot be decoded. `error` itself may quote the content, so only its position is
/// shown.
fn unreadable(kind: &str, error: &serde_json::Error) -> String {
    let fault = if error.is_data() { "has an unexpected form" } else { "is not valid JSON" };
    format!("stored value `{kind}` {fault} at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn doubled(value: Value) -> Value {
        json!(value.as_i64().unwrap_or_default().saturating_mul(2))
    }

    fn listed(value: Value) -> Value {
        json!([value])
    }

    const STEPS: [JsonMigration; 3] = [
        JsonMigration { to: 2, kind: "count", apply: doubled },
        JsonMigration { to: 2, kind: "other", apply: listed },
        JsonMigration { to: 3, kind: "count", apply: listed },
    ];

    fn migrated<T: DeserializeOwned>(kind: &str, version: u32, json: &str) -> Result<T, String> {
        decode_with(&STEPS, 3, kind, version, json)
    }

    #[test]
    fn a_value_of_the_current_version_is_decoded_as_it_is() {
        assert_eq!(migrated("count", 3, "[4]"), Ok(vec![4]));
    }

    #[test]
    fn an_old_value_takes_the_steps_of_its_kind_since_its_version() {
        assert_eq!(migrated("count", 1, "4"), Ok(vec![8]));
        assert_eq!(migrated("count", 2, "4"), Ok(vec![4]));
        assert_eq!(migrated("other", 1, "4"), Ok(vec![4]));
        assert_eq!(migrated("third", 1, "4"), Ok(4));
    }

    #[test]
    fn a_newer_value_is_refused_by_name() {
        let error = migrated::<i64>("count", 4, "4").err().unwrap_or_default();
        assert!(error.contains("stored value `count` has schema version 4"), "{error}");
    }

    #[test]
    fn an_unreadable_value_is_an_error_that_does_not_quote_it() {
        for json in ["\"jane@example.com\"", "{\"jane@example.com\":", "jane@example.com"] {
            let error = migrated::<i64>("count", 3, json).err().unwrap_or_default();
            assert!(error.contains("stored value `count`") && !error.contains("jane"), "{error}");
        }
    }
}
