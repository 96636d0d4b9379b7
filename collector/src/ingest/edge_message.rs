//! Messages of the edge: one for each request of a visitor, with its events.

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Event, EventKind, Millis, Value};

use crate::event::identifier::{MAX_ID, is_placeholder};
use crate::event::{Record, about_person};
use crate::ingest::Incoming;
use crate::platform::clock;
use crate::platform::hash::digest;
use crate::store::failed_events::FailedEvent;

/// The source of events from the edge.
const SOURCE: &str = "edge";
/// The longest event, in bytes.
const MAX_EVENT: usize = 32 * 1024;
/// The longest name or id of an event, in bytes.
const MAX_NAME: usize = 200;

/// A message of the edge.
#[derive(Deserialize)]
pub struct EdgeMessage<'a> {
    #[serde(default)]
    subject: Option<String>,
    #[serde(default, rename = "anonymousId")]
    anonymous_id: Option<String>,
    #[serde(default, rename = "userId")]
    user_id: Option<String>,
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// The members that an event of the edge may have besides those of the core's events.
#[derive(Deserialize)]
struct Extra {
    #[serde(default, rename = "userId")]
    user_id: Option<String>,
    #[serde(default, rename = "previousId")]
    previous_id: Option<String>,
    #[serde(default, rename = "groupId")]
    group_id: Value,
}

/// The events of a message.
#[derive(Default)]
pub struct EdgeEvents {
    /// The events.
    pub incoming: Vec<Incoming>,
    /// The items that are not events.
    pub rejected: Vec<FailedEvent>,
}

impl EdgeMessage<'_> {
    /// Reads the events. Each is valid or rejected on its own.
    pub fn read(&self) -> EdgeEvents {
        let mut events = EdgeEvents::default();
        for raw in &self.events {
            match self.record(raw.get()) {
                Ok(record) => {
                    let subject = identifier(self.subject.as_deref());
                    events.incoming.push(Incoming { record, subject });
                }
                Err(reason) => events.rejected.push(rejected(&reason, raw.get(), &id_of(raw.get()))),
            }
        }
        events
    }

    fn record(&self, raw: &str) -> Result<Record, String> {
        if raw.len() > MAX_EVENT {
            return Err(format!("the event has {} bytes, expected at most {MAX_EVENT}", raw.len()));
        }
        let (event, extra) = parse(raw).map_err(|error| error.to_string())?;
        if event.id.is_empty() || event.id.len() > MAX_NAME || event.name.len() > MAX_NAME {
            return Err(format!("`id` and `event` must be strings of at most {MAX_NAME} bytes"));
        }
        Ok(self.with_identifiers(event, &extra))
    }

    fn with_identifiers(&self, event: Event, extra: &Extra) -> Record {
        let received = clock::now();
        let mut event = about_person(event, &extra.group_id);
        event.at = event.at.min(Millis(received));
        let previous_id = extra.previous_id.as_deref().filter(|_| event.kind == EventKind::Alias);
        Record {
            source: SOURCE.to_owned(),
            hash: hash(&event),
            received,
            anonymous_id: identifier(self.anonymous_id.as_deref()).or_else(|| identifier(previous_id)),
            user_id: identifier(extra.user_id.as_deref().or(self.user_id.as_deref())),
            member: None,
            event,
            warning: None,
        }
    }
}

/// Returns the failed event of something that the edge sent.
pub fn rejected(reason: &str, payload: &str, id: &str) -> FailedEvent {
    let payload = payload.chars().take(MAX_EVENT.saturating_mul(2)).collect();
    FailedEvent {
        source: SOURCE.to_owned(),
        message_id: id.to_owned(),
        reason: reason.to_owned(),
        payload,
        identifiers: Vec::new(),
    }
}

fn parse(raw: &str) -> Result<(Event, Extra), serde_json::Error> {
    Ok((serde_json::from_str(raw)?, serde_json::from_str(raw)?))
}

/// Returns a hash of the event without its time, which the edge sets anew in each attempt if the sender has not set it.
fn hash(event: &Event) -> String {
    let timeless = Event { at: Millis(0), trusted: false, ..event.clone() };
    digest([canonical::to_string(&timeless.to_value()).as_str()])
}

fn identifier(value: Option<&str>) -> Option<String> {
    value.filter(|value| value.len() <= MAX_ID && !is_placeholder(value)).map(str::to_owned)
}

fn id_of(raw: &str) -> String {
    let value = serde_json::from_str::<Value>(raw).unwrap_or_default();
    value.at(["id"]).as_str().unwrap_or_default().chars().take(MAX_NAME).collect()
}
