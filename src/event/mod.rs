//! Events, modelled on the Segment specification.

pub(crate) mod arrival;
pub(crate) mod batch;
pub(crate) mod call;
pub(crate) mod consent;
pub(crate) mod message_sent;
pub mod names;

use crate::collections::SortedMap;
use crate::event::consent::Consent;
use crate::identity::identifier_text;
use crate::json::codec::Need::{Optional, Required};
use crate::json::codec::{JsonCodec, Member, put, read_members, string_enum, via_value};
use crate::json::input::{DecodeFault, JsonSource};
use crate::json::{Object, Value};
use crate::prelude::*;
use crate::time::Millis;
use core::fmt;

pub use arrival::Arrival;

/// The longest event name and event id that are accepted, in bytes.
const MAX_NAME: usize = 200;

/// Something that happened, as the core sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// The event's id. An event counts once, however often it arrives.
    pub id: String,
    /// The call of the Segment specification.
    pub kind: EventKind,
    /// The event's name: `Page Viewed` for a page, `Screen Viewed` for a screen, empty for calls that only carry facts.
    pub name: String,
    /// When it happened.
    pub at: Millis,
    /// The details of the event.
    pub properties: Object,
    /// Facts about the subject.
    pub traits: Object,
    /// The subject's consent, by purpose.
    pub consent: SortedMap<Consent>,
    /// Whether the sender is trusted. Hosts set it; a payload cannot.
    pub trusted: bool,
    /// The id whose unproven word this is, if the event is about somebody else. Hosts set it; a payload cannot.
    ///
    /// Its traits and its consent become claims of the profile: see [`ClaimedFacts`](crate::ClaimedFacts).
    pub claimed_by: Option<String>,
}

/// The calls of the Segment specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventKind {
    /// The subject did something.
    #[default]
    Track,
    /// The subject is identified and has traits.
    Identify,
    /// The subject viewed a page.
    Page,
    /// The subject viewed a screen of an app.
    Screen,
    /// The subject belongs to an account.
    Group,
    /// Two ids belong to one person.
    Alias,
}

/// The reason why JSON is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventError {
    /// `type` is missing or unknown.
    Type(String),
    /// A member is missing, empty, too long, or of the wrong type.
    Member {
        /// The member's name.
        name: &'static str,
        /// The expected value.
        expected: &'static str,
    },
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(found) => {
                write!(f, "unknown type `{found}`, expected one of: track, identify, page, screen, group, alias")
            }
            Self::Member { name, expected } => write!(f, "`{name}` is not as expected: {expected}"),
        }
    }
}

impl core::error::Error for EventError {}

impl Event {
    /// Converts a call of the Segment specification that happened at a time; see
    /// [`Call::event`](crate::Call::event).
    ///
    /// - Traits are taken from `traits`, else from `context.traits`.
    /// - Consent is taken from `context.consent.categoryPreferences` (booleans), and from the properties of
    ///   `Consent Preference Updated` (booleans or states).
    pub(crate) fn from_segment(call: &Value, at: Millis, trusted: bool) -> Result<Self, EventError> {
        let kind = kind(call)?;
        let name = match kind {
            EventKind::Track => text(call, "event", "a text of 1 to 200 bytes")?.to_owned(),
            EventKind::Page => "Page Viewed".to_owned(),
            EventKind::Screen => "Screen Viewed".to_owned(),
            EventKind::Identify | EventKind::Group | EventKind::Alias => String::new(),
        };
        let mut properties = object(call, "properties")?;
        if matches!(kind, EventKind::Page | EventKind::Screen) {
            name_page(call, &mut properties);
        }
        let mut traits = object(call, "traits")?;
        if traits.is_empty() {
            traits = call.at(["context", "traits"]).as_object().cloned().unwrap_or_default();
        }
        Ok(Self {
            id: id(call)?,
            kind,
            at,
            consent: consent(call, &name, &properties),
            name,
            properties,
            traits,
            trusted,
            claimed_by: None,
        })
    }
}

impl JsonCodec for Event {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        let (mut at, mut received) = (None::<Millis>, None::<Millis>);
        let mut timestamp = Value::Null;
        read_members(
            input,
            &mut [
                Member::new(Required, "id", &mut self.id),
                Member::new(Optional, "type", &mut self.kind),
                Member::new(Optional, "event", &mut self.name),
                Member::new(Optional, "at", &mut at),
                Member::new(Optional, "timestamp", &mut timestamp),
                Member::new(Optional, "receivedAt", &mut received),
                Member::new(Optional, "properties", &mut self.properties),
                Member::new(Optional, "traits", &mut self.traits),
                Member::new(Optional, "consent", &mut self.consent),
                Member::new(Optional, "trusted", &mut self.trusted),
                Member::new(Optional, "claimedBy", &mut self.claimed_by),
            ],
        )?;
        // Pages state the time of a call as it is, because only the core reads times.
        let stated = |received| {
            let call = Value::Object([("timestamp", timestamp)].into_iter().collect());
            Arrival { received, sent_at: Value::Null }.time_of(&call).0
        };
        let expected = || DecodeFault::expected("whole milliseconds").at("at");
        self.at = at.or_else(|| received.map(stated)).ok_or_else(expected)?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("id", self.id.as_str());
        out.insert("type", self.kind.name());
        out.insert("at", self.at);
        out.insert("trusted", Value::Bool(self.trusted));
        put(&mut out, "event", &self.name);
        put(&mut out, "properties", &self.properties);
        put(&mut out, "traits", &self.traits);
        put(&mut out, "consent", &self.consent);
        put(&mut out, "claimedBy", &self.claimed_by);
        Value::Object(out)
    }
}
via_value!(Event);
string_enum!(EventKind, "one of: track, identify, page, screen, group, alias");

impl EventKind {
    /// Returns the call's name in the Segment specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// Returns the call with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Track, Self::Identify, Self::Page, Self::Screen, Self::Group, Self::Alias];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

fn kind(call: &Value) -> Result<EventKind, EventError> {
    let found = call.at(["type"]).as_str().unwrap_or_default();
    EventKind::from_name(found).ok_or_else(|| EventError::Type(found.chars().take(40).collect()))
}

fn text<'a>(call: &'a Value, name: &'static str, expected: &'static str) -> Result<&'a str, EventError> {
    let found = call.at([name]).as_str().filter(|text| !text.is_empty() && text.len() <= MAX_NAME);
    found.ok_or(EventError::Member { name, expected })
}

/// Returns the call's id, which some senders write as a number.
fn id(call: &Value) -> Result<String, EventError> {
    let expected = EventError::Member { name: "messageId", expected: "a text of 1 to 200 bytes" };
    identifier_text(call.at(["messageId"])).filter(|id| (1..=MAX_NAME).contains(&id.len())).ok_or(expected)
}

fn object(call: &Value, name: &'static str) -> Result<Object, EventError> {
    match call.at([name]) {
        Value::Object(object) => Ok(object.clone()),
        Value::Null => Ok(Object::new()),
        _ => Err(EventError::Member { name, expected: "an object" }),
    }
}

/// Copies a page's name and category, and `context.page`, into the properties, where conditions read them.
fn name_page(call: &Value, properties: &mut Object) {
    for name in ["name", "category"] {
        if let (Value::String(found), None) = (call.at([name]), properties.get(name)) {
            properties.insert(name, found.as_str());
        }
    }
    for name in ["path", "url", "title", "referrer", "search"] {
        if let (Value::String(found), None) = (call.at(["context", "page", name]), properties.get(name)) {
            properties.insert(name, found.as_str());
        }
    }
}

fn consent(call: &Value, name: &str, properties: &Object) -> SortedMap<Consent> {
    let preferences = call.at(["context", "consent", "categoryPreferences"]).as_object();
    let updated = Some(properties).filter(|_| name == names::CONSENT_UPDATED);
    let members = preferences.into_iter().chain(updated).flat_map(Object::iter);
    members.filter_map(|(purpose, state)| Some((purpose.to_owned(), state_of(state)?))).collect()
}

fn state_of(value: &Value) -> Option<Consent> {
    match value {
        Value::Bool(true) => Some(Consent::Granted),
        Value::Bool(false) => Some(Consent::Denied),
        Value::String(name) => Consent::from_name(name),
        _ => None,
    }
}
