//! The record of an event: a row of the journal.

use serde::{Deserialize, Serialize};
use throughline::{Event, EventKind, Value};

/// An event with everything that its profile stores about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The sender. Message ids are unique within a source.
    pub source: String,
    /// A hash of the call, without the members that SDKs change when they send it again.
    pub hash: String,
    /// When it was received, in milliseconds since the Unix epoch.
    pub received: i64,
    /// The device that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The person that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// In the profile of an account: the profile of the member whose event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The event.
    pub event: Event,
    /// A remark for the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Returns the event with the traits of a group call moved to its properties, because they do not describe the person.
pub fn about_person(mut event: Event, group: &Value) -> Event {
    if event.kind == EventKind::Group {
        let traits = core::mem::take(&mut event.traits);
        event.properties.insert("groupId", group.clone());
        event.properties.insert("traits", Value::Object(traits));
    }
    event
}
