//! The result of ingesting an event.

use serde::{Deserialize, Serialize};

/// The result of ingesting one event, as senders receive it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", content = "details", rename_all = "lowercase")]
pub enum IngestResult {
    /// Stored; the profile has changed.
    Ok,
    /// Stored before; nothing has changed.
    Duplicate,
    /// Stored, with a remark.
    Warning(String),
    /// Not stored, because a rule forbids it: the reason.
    Ignored(String),
    /// Not an event. It is stored among the failed events, with this reason.
    Drop(String),
    /// Not stored. The sender must send it again.
    Retry(String),
}

impl IngestResult {
    /// Returns whether the sender has to send the event again.
    pub const fn is_retry(&self) -> bool {
        matches!(self, Self::Retry(_))
    }
}
