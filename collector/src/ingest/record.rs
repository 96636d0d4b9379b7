//! One event on its way into a profile, and what became of it.

use serde::{Deserialize, Serialize};
use throughline::{Event, EventKind, Value};

/// An event with all that its profile keeps of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Who sent it: message ids are unique within a source.
    pub source: String,
    /// A hash of what was sent, without what SDKs change when they send it again.
    pub hash: String,
    /// When it arrived.
    pub received: i64,
    /// The device that it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The person that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// In the profile of an account: the profile of the member who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The event.
    pub event: Event,
    /// What was odd about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The event, with what a group call says about its group among the properties: it is not said of the person.
pub fn about_person(mut event: Event, group: &Value) -> Event {
    if event.kind == EventKind::Group {
        let traits = core::mem::take(&mut event.traits);
        event.properties.insert("groupId", group.clone());
        event.properties.insert("traits", Value::Object(traits));
    }
    event
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", content = "details", rename_all = "lowercase")]
pub enum Outcome {
    /// It is kept, and has changed its profile.
    Ok,
    /// It was here before.
    Duplicate,
    /// It is kept, but something about it was odd.
    Warning(String),
    /// It is no event; it is kept among the failed events.
    Drop(String),
    /// It is not kept: send it again.
    Retry(String),
}

impl Outcome {
    /// Whether the sender has to send the event again.
    pub const fn is_retry(&self) -> bool {
        matches!(self, Self::Retry(_))
    }
}
