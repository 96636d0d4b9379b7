//! Messages of the edge: one for each request of a visitor, with its events.

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Arrival, Event, EventKind, Millis, Value};

use crate::event::identifier::{Identifier, USER, is_alias};
use crate::event::{EDGE, Record, about_person};
use crate::identity::rules::IdentityRules;
use crate::identity::user_hash::is_user_hash;
use crate::ingest::Incoming;
use crate::ingest::identifiers::{IdentifierReader, Members};
use crate::ingest::named::{Device, Named, Person};
use crate::platform::clock;
use crate::platform::hash::digest;
use crate::platform::settings::Settings;
use crate::store::failed_events::FailedEvent;

/// The longest event, in bytes.
const MAX_EVENT: usize = 32 * 1024;
/// The longest name or id of an event, in bytes.
const MAX_NAME: usize = 200;
/// The number of ids of other libraries that are read.
const MAX_SHOWN: usize = 4;

/// A message of the edge.
#[derive(Deserialize)]
pub struct EdgeMessage<'a> {
    #[serde(default)]
    device: Option<EdgeDevice>,
    #[serde(default)]
    proof: Option<Proof>,
    #[serde(default, rename = "anonymousIds")]
    anonymous_ids: Vec<String>,
    #[serde(default, rename = "signOut")]
    signs_out: bool,
    #[serde(default, borrow)]
    events: Vec<&'a RawValue>,
    /// The calls that the edge could not read as events.
    #[serde(default)]
    rejected: Vec<RejectedCall>,
    #[serde(default)]
    edge: Option<SentBy>,
}

/// A call that is not an event.
#[derive(Deserialize)]
struct RejectedCall {
    #[serde(default, rename = "messageId")]
    message_id: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    payload: String,
}

/// The edge's remarks about its message.
#[derive(Deserialize)]
struct SentBy {
    /// When the visitor's request came, in milliseconds since the Unix epoch.
    #[serde(default)]
    at: i64,
}

/// A device, as the edge sees it.
#[derive(Deserialize)]
struct EdgeDevice {
    id: String,
    /// Whether the browser has shown the credential of the id.
    #[serde(default)]
    signed: bool,
    /// A fresh id that the browser would take instead.
    #[serde(default)]
    next: Option<String>,
}

/// A token in force that this collector has made, as the edge has verified it.
#[derive(Deserialize)]
struct Proof {
    sub: String,
    ver: u64,
    /// Seconds since the Unix epoch.
    exp: i64,
}

/// The events of a message.
#[derive(Default)]
pub struct EdgeEvents {
    /// The events, or the message itself if it has none.
    pub incoming: Vec<Incoming>,
    /// The items that are not events.
    pub rejected: Vec<FailedEvent>,
}

/// The reader of messages.
pub struct EdgeReader<'a> {
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The rules of identity.
    pub rules: &'a IdentityRules,
}

impl EdgeMessage<'_> {
    /// Returns the device that the message is of.
    pub fn device(&self) -> Option<Device> {
        let device = self.device.as_ref().filter(|device| is_alias(&device.id))?;
        Some(Device { id: Identifier::device(&device.id), is_signed: device.signed })
    }

    /// Returns the id that the browser would take instead of its own.
    pub fn next(&self) -> Option<&str> {
        self.device.as_ref().and_then(|device| device.next.as_deref()).filter(|next| is_alias(next))
    }

    /// Returns whether the visitor signs out.
    pub const fn signs_out(&self) -> bool {
        self.signs_out
    }

    /// Returns the profile of the token in force that the visitor has shown.
    ///
    /// The edge has verified it. The message may have waited in the outbox since; the token was in force when the visitor
    /// showed it. A token without a version was made by the edge, and proves nothing.
    pub fn token(&self) -> Option<String> {
        let at = self.edge.as_ref().map(|edge| edge.at).filter(|at| *at > 0).unwrap_or_else(clock::now);
        let proof = self.proof.as_ref().filter(|proof| proof.ver > 0 && proof.exp.saturating_mul(1000) > at)?;
        Some(proof.sub.clone())
    }
}

impl EdgeReader<'_> {
    /// Reads the events of a message. Each is valid or rejected on its own.
    pub fn read(&self, message: &EdgeMessage<'_>) -> EdgeEvents {
        let mut events = EdgeEvents::default();
        let of_edge = message.rejected.iter().map(|call| rejected(&call.reason, &call.payload, &call.message_id));
        events.rejected.extend(of_edge);
        for raw in &message.events {
            match self.incoming(message, raw.get()) {
                Ok(incoming) => events.incoming.push(incoming),
                Err(reason) => events.rejected.push(rejected(&reason, raw.get(), &id_of(raw.get()))),
            }
        }
        // The edge has ordered them. Its clock may be ahead of this one.
        let arrival = Arrival { received: Millis(clock::now()), sent_at: Value::Null };
        let records = events.incoming.iter_mut().filter_map(|incoming| incoming.record.as_mut());
        arrival.order_as_sent(records.map(|record| &mut record.event));
        let is_bare = events.incoming.is_empty() && (message.device.is_some() || message.proof.is_some());
        if is_bare && (message.signs_out || message.token().is_some()) {
            let named = self.named(message, Person::Nobody);
            events.incoming.push(Incoming { named, record: None, signs_out: false, shows_claim: false });
        }
        if let Some(last) = events.incoming.last_mut() {
            last.signs_out = message.signs_out;
        }
        events
    }

    /// Returns the call that links the device of a message to the profile that a hand-over token names.
    pub fn hand_over(&self, message: &EdgeMessage<'_>, profile: &str) -> Vec<Incoming> {
        let named = Named { token: Some(profile.to_owned()), ..self.named(message, Person::Nobody) };
        if named.device.as_ref().is_none_or(|device| !device.is_signed) {
            return Vec::new();
        }
        vec![Incoming { named, record: None, signs_out: false, shows_claim: false }]
    }

    fn incoming(&self, message: &EdgeMessage<'_>, raw: &str) -> Result<Incoming, String> {
        if raw.len() > MAX_EVENT {
            return Err(format!("the event has {} bytes, expected at most {MAX_EVENT}", raw.len()));
        }
        let event: Event = serde_json::from_str(raw).map_err(|error| error.to_string())?;
        if event.id.is_empty() || event.id.len() > MAX_NAME || event.name.len() > MAX_NAME {
            return Err(format!("`id` and `event` must be strings of at most {MAX_NAME} bytes"));
        }
        let (call, mut warnings) = (Value::from_lenient_json(raw).unwrap_or_default(), Vec::new());
        let members = Members::of(&call);
        let person = self.person(members, &mut warnings);
        let named = self.named(message, person);
        if named.device.is_none() && named.token.is_none() && named.person == Person::Nobody {
            return Err("no device, no token in force, and no usable `userId`".to_owned());
        }
        let account = match event.kind {
            EventKind::Group => IdentifierReader::new(self.rules, false, &mut warnings).account(members, "groupId"),
            _ => None,
        };
        let stated_time = members.text("stated");
        let record = Record { stated_time, ..record(event, account, &named, warnings) };
        let shows_claim = self.rules.shows_claims(None);
        Ok(Incoming { named, record: Some(record), signs_out: false, shows_claim })
    }

    fn named(&self, message: &EdgeMessage<'_>, person: Person) -> Named {
        let shown = message.anonymous_ids.iter().take(MAX_SHOWN).filter(|id| !is_alias(id));
        let shown = shown.filter_map(|id| self.rules.identifier("anonymous_id", &Value::from(id.as_str())).ok());
        Named {
            device: message.device(),
            shown: shown.collect(),
            token: message.token(),
            person,
            source: EDGE.to_owned(),
        }
    }

    fn person(&self, members: Members<'_>, warnings: &mut Vec<String>) -> Person {
        let user = IdentifierReader::new(self.rules, false, warnings).user(members, "userId");
        let Some(user) = user else { return Person::Nobody };
        match members.text("userHash") {
            Some(shown) if is_user_hash(&self.settings.user_hash_secrets, &user.value, &shown) => {
                Person::Proven(vec![user])
            }
            Some(_) => {
                warnings.push("`userHash` is wrong, so the user id is not proven".to_owned());
                Person::Claimed(user)
            }
            None => Person::Claimed(user),
        }
    }
}

fn record(event: Event, account: Option<String>, named: &Named, warnings: Vec<String>) -> Record {
    let received = clock::now();
    let mut event = about_person(event, account);
    event.claimed_by = None;
    let user = match &named.person {
        Person::Nobody => None,
        Person::Claimed(id) => Some(id),
        Person::Proven(ids) => ids.iter().find(|id| id.kind == USER),
    };
    Record {
        source: EDGE.to_owned(),
        hash: hash(&event),
        received,
        stated_time: None,
        anonymous_id: named.device.as_ref().map(|device| device.id.value.clone()),
        user_id: user.map(|id| id.value.clone()),
        external_ids: Vec::new(),
        member: None,
        origin: None,
        unproven: None,
        is_copy: false,
        event,
        warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
    }
}

/// Returns the failed event of something that the edge sent.
pub fn rejected(reason: &str, payload: &str, id: &str) -> FailedEvent {
    let payload = payload.chars().take(MAX_EVENT.saturating_mul(2)).collect();
    FailedEvent {
        source: EDGE.to_owned(),
        message_id: id.to_owned(),
        reason: reason.to_owned(),
        payload,
        identifiers: Vec::new(),
    }
}

/// Returns a hash of the event without its time, which the edge sets anew in each attempt if the sender has not set it.
fn hash(event: &Event) -> String {
    let timeless = Event { at: Millis(0), trusted: false, ..event.clone() };
    digest([canonical::to_string(&timeless.to_value()).as_str()])
}

fn id_of(raw: &str) -> String {
    let value = serde_json::from_str::<Value>(raw).unwrap_or_default();
    value.at(["id"]).as_str().unwrap_or_default().chars().take(MAX_NAME).collect()
}
