//! Limits of calls, checked while they are parsed.

use serde::Deserialize;
use throughline::{Object, Value};

/// The number of calls in one request beyond which calls are rejected.
pub const MAX_CALLS: usize = 2_500;
/// The longest call, in bytes.
pub const MAX_CALL: usize = 32 * 1024;
/// The longest message id, in bytes.
pub const MAX_MESSAGE_ID: usize = 100;
/// The deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 32;

/// Parses a call within the limits. `is_beyond` says that the batch has too many calls before it. `message_id` is set
/// even if the call is rejected.
pub fn parse(raw: &str, is_beyond: bool, message_id: &mut String) -> Result<Object, String> {
    if raw.len() > MAX_CALL {
        *message_id = message_id_of(raw);
        return Err(format!("the call has {} bytes, expected at most {MAX_CALL}", raw.len()));
    }
    let value: Value = serde_json::from_str(raw).map_err(|error| format!("invalid JSON: {error}"))?;
    let Value::Object(call) = value else { return Err("expected an object".to_owned()) };
    let named = call.get("messageId").and_then(Value::as_str).unwrap_or_default();
    *message_id = named.chars().take(MAX_MESSAGE_ID).collect();
    if is_beyond {
        return Err(format!("the batch has more than {MAX_CALLS} calls"));
    }
    if named.len() > MAX_MESSAGE_ID {
        return Err(format!("`messageId` has {} bytes, expected at most {MAX_MESSAGE_ID}", named.len()));
    }
    if call.iter().any(|(_, value)| depth(value) >= MAX_DEPTH) {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    Ok(call)
}

/// Returns the message id of a call that is too long to be parsed as a whole.
fn message_id_of(raw: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default, rename = "messageId")]
        message_id: String,
    }
    let named = serde_json::from_str::<Named>(raw).map(|named| named.message_id).unwrap_or_default();
    named.chars().take(MAX_MESSAGE_ID).collect()
}

/// Returns the depth of a value. The recursion is bounded, because the JSON parser has bounded it already.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    deepest.unwrap_or(0).saturating_add(1)
}
