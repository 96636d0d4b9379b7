//! The languages of other vendors' clients. Each of their events becomes a call of the Segment specification.

mod posthog;
mod snowplow;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use throughline::{Batch, Call, EventKind, Object, Value};

/// The language of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Segment's: one call of this kind, or a batch of any kinds.
    Segment(Option<EventKind>),
    /// That of PostHog's clients.
    PostHog,
    /// That of Snowplow's trackers.
    Snowplow,
}

impl Dialect {
    /// Returns the member of a body that lists the events.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Segment(_) | Self::PostHog => "batch",
            Self::Snowplow => "data",
        }
    }

    /// Returns the parameter of an address that has the write key, besides `writeKey`.
    pub const fn key_parameter(self) -> Option<&'static str> {
        match self {
            Self::Segment(_) => None,
            Self::PostHog => Some("api_key"),
            Self::Snowplow => Some("aid"),
        }
    }

    /// Returns when the sender says to have sent the batch, for events that do not say it themselves.
    pub fn sent_at(self, batch: &Batch<'_>) -> Value {
        batch.member(if self == Self::PostHog { "sent_at" } else { "sentAt" })
    }

    /// Returns the write key in a body, of which `first` is the first event. Every client has a place of its own for it.
    pub fn write_key(self, batch: &Batch<'_>, first: Option<&str>) -> Option<String> {
        let text = |value: &Value| value.as_str().filter(|key| !key.is_empty()).map(str::to_owned);
        let event = || Value::Object(first.and_then(|raw| Call::read(raw).ok()).unwrap_or_default().members);
        match self {
            Self::Segment(_) => text(&batch.member("writeKey")),
            Self::PostHog => text(&batch.member("api_key")).or_else(|| {
                let event = event();
                let places = [event.at(["api_key"]), event.at(["token"]), event.at(["properties", "token"])];
                places.into_iter().find_map(text)
            }),
            Self::Snowplow => text(event().at(["aid"])),
        }
    }

    /// Returns the call of the Segment specification that an event means.
    pub fn to_call(self, event: Object) -> Object {
        match self {
            Self::Segment(_) => event,
            Self::PostHog => posthog::to_call(&Value::Object(event)),
            Self::Snowplow => snowplow::to_call(&Value::Object(event)),
        }
    }
}

/// Returns a text in base64, with or without padding, of either alphabet.
pub fn from_base64(text: &str) -> Option<String> {
    let text = text.trim();
    let decoded = Base64::decode_vec(text).or_else(|_| Base64Unpadded::decode_vec(text));
    let decoded = decoded.or_else(|_| Base64UrlUnpadded::decode_vec(text.trim_end_matches('='))).ok()?;
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

/// Inserts a value unless it is absent.
fn insert(out: &mut Object, name: &str, value: &Value) {
    if *value != Value::Null {
        out.insert(name, value.clone());
    }
}

/// Returns the first of several values that is there.
fn first<const N: usize>(values: [&Value; N]) -> &Value {
    static NULL: Value = Value::Null;
    values.into_iter().find(|value| **value != Value::Null).unwrap_or(&NULL)
}
