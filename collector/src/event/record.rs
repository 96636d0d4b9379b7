//! The record of an event: a row of the journal.

use serde::{Deserialize, Serialize};
use throughline::{Event, EventKind, Value};

use crate::event::identifier::Identifier;

/// The source of events from the edge.
pub const EDGE: &str = "edge";

/// An event with everything that its profile stores about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The sender. Message ids are unique within a source.
    pub source: String,
    /// A hash of the call, without the members that SDKs change when they send it again.
    pub hash: String,
    /// When it was received, in milliseconds since the Unix epoch.
    pub received: i64,
    /// The time that the sender has stated, if it cannot be right and that of receipt counts instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_time: Option<String>,
    /// The device that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The person that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The other identifiers that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_ids: Vec<Identifier>,
    /// In the profile of an account: the profile of the member whose event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The profile that it was merged from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The identifier of a sender that has proven nothing. In the profile of a person the event is claimed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
    /// Whether this is a copy for people who read the profile. It has no effect on decisions, journeys or tokens.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub is_copy: bool,
    /// The event.
    pub event: Event,
    /// A remark for the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl Record {
    /// Returns the identifiers that it names: of its device and of its person.
    pub fn identifiers(&self) -> impl Iterator<Item = Identifier> {
        let device = self.anonymous_id.as_deref().map(Identifier::device);
        let user = self.user_id.as_deref().map(Identifier::user);
        device.into_iter().chain(user).chain(self.external_ids.iter().cloned())
    }

    /// Returns whether the audit counts it as a record of its source: what a trusted sender knows about a person.
    pub fn is_counted(&self) -> bool {
        self.event.trusted && self.event.kind == EventKind::Identify && self.unproven.is_none() && !self.is_copy
    }

    /// Returns whether it is the word of a sender that had proven nothing.
    ///
    /// A server of the shop proves what it says, also of a device that it knows nothing else about.
    pub fn is_unproven(&self) -> bool {
        !self.event.trusted || (self.unproven.is_some() && self.source == EDGE)
    }

    /// Adds a remark for the sender.
    pub fn warn(&mut self, remark: &str) {
        self.warning = Some(match self.warning.take() {
            Some(earlier) => format!("{earlier}; {remark}"),
            None => remark.to_owned(),
        });
    }
}

/// Returns the event with the traits of a group call moved to its properties, because they do not describe the person.
pub fn about_person(mut event: Event, account: Option<String>) -> Event {
    if event.kind == EventKind::Group {
        let traits = core::mem::take(&mut event.traits);
        event.properties.insert("groupId", account.map_or(Value::Null, Value::String));
        event.properties.insert("traits", Value::Object(traits));
    }
    event
}
