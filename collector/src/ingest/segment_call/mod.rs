//! Calls of the Segment specification, as SDKs send them.

mod call_time;
mod limits;

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Event, EventKind, Millis, Object, Value};

use crate::event::identifier::{Identifier, USER};
use crate::event::{Record, about_person};
use crate::identity::rules::IdentityRules;
use crate::identity::user_hash::is_user_hash;
use crate::ingest::Incoming;
use crate::ingest::identifiers::{IdentifierReader, Members};
use crate::ingest::named::{Device, Named, Person};
use crate::platform::hash::digest;
use crate::platform::settings::{Settings, Source};
use call_time::millis_of;
use limits::{MAX_CALL, MAX_CALLS};

/// The members that SDKs change when they send a call again. The others identify the call.
const CHANGES: [&str; 5] = ["sentAt", "receivedAt", "writeKey", "_metadata", "originalTimestamp"];

/// The body of a request: one call, or several in `batch`.
#[derive(Deserialize)]
pub struct Body<'a> {
    /// The write key, if no header has it.
    #[serde(default, rename = "writeKey")]
    pub write_key: Option<String>,
    #[serde(default, rename = "sentAt", borrow)]
    sent_at: Option<&'a RawValue>,
    #[serde(default, borrow)]
    batch: Option<Vec<&'a RawValue>>,
}

/// A call that is not an event.
#[derive(Debug)]
pub struct Rejected {
    /// Its message id; a random one if it has none.
    pub message_id: String,
    /// Why it is not an event.
    pub reason: String,
    /// The call as received, truncated.
    pub payload: String,
}

/// A reader of the calls in one request.
pub struct Calls<'a> {
    settings: &'a Settings,
    rules: &'a IdentityRules,
    source: &'a Source,
    received: i64,
    sent_at: Option<&'a str>,
    random_id: &'a dyn Fn() -> String,
}

impl<'a> Calls<'a> {
    /// Returns a reader of calls from `source` received at `received`. `random_id` names calls without a message id.
    pub fn new(
        settings: &'a Settings,
        rules: &'a IdentityRules,
        source: &'a Source,
        received: i64,
        random_id: &'a dyn Fn() -> String,
    ) -> Self {
        Self { settings, rules, source, received, sent_at: None, random_id }
    }

    /// Reads the calls of a body. Each is valid or rejected on its own.
    ///
    /// `kind` is the kind that the address names. It is `None` for a batch, whose calls name their kinds themselves.
    pub fn read(mut self, text: &'a str, body: &Body<'a>, kind: Option<EventKind>) -> Vec<Result<Incoming, Rejected>> {
        self.sent_at = body.sent_at.map(RawValue::get);
        match (&body.batch, kind) {
            (Some(batch), None) => {
                batch.iter().enumerate().map(|(index, raw)| self.call(raw.get(), None, index >= MAX_CALLS)).collect()
            }
            (None, None) => Vec::new(),
            (_, kind) => vec![self.call(text, kind, false)],
        }
    }

    fn call(&self, raw: &str, kind: Option<EventKind>, is_beyond: bool) -> Result<Incoming, Rejected> {
        let mut message_id = String::new();
        self.incoming(raw, kind, is_beyond, &mut message_id).map_err(|reason| {
            let payload = raw.chars().take(MAX_CALL.saturating_mul(2)).collect();
            let message_id = if message_id.is_empty() { (self.random_id)() } else { message_id };
            Rejected { message_id, reason, payload }
        })
    }

    /// Reads a call. `message_id` is set even if the call is rejected.
    fn incoming(
        &self,
        raw: &str,
        kind: Option<EventKind>,
        is_beyond: bool,
        message_id: &mut String,
    ) -> Result<Incoming, String> {
        let mut call = limits::parse(raw, is_beyond, message_id)?;
        let mut warnings = Vec::new();
        let hash = self.hash(&call);
        self.complete(&mut call, kind, message_id, &mut warnings);
        self.correct_time(&mut call);
        let members = Members::of(raw);
        let call = Value::Object(call);
        let mut event = Event::from_segment(&call, Millis(self.received), self.source.trusted)
            .map_err(|error| error.to_string())?;
        let named = self.named(&members, event.kind, &mut warnings)?;
        if event.kind == EventKind::Group {
            let account = self.reader(&mut warnings).account(&members, "groupId");
            event = about_person(event, account);
        }
        let shows_claim = self.rules.shows_claims(Some(self.source));
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        let record = self.record(event, hash, &named, warning);
        Ok(Incoming { named, record: Some(record), signs_out: false, shows_claim })
    }

    fn record(&self, event: Event, hash: String, named: &Named, warning: Option<String>) -> Record {
        let people: &[Identifier] = match &named.person {
            Person::Proven(people) => people,
            Person::Claimed(_) | Person::Nobody => &[],
        };
        let claimed = match &named.person {
            Person::Claimed(id) => Some(id),
            Person::Proven(_) | Person::Nobody => None,
        };
        let (users, external_ids): (Vec<_>, Vec<_>) =
            people.iter().chain(claimed).cloned().partition(|id| id.kind == USER);
        Record {
            source: self.source.name.clone(),
            hash,
            received: self.received,
            anonymous_id: named.device.as_ref().map(|device| device.id.value.clone()),
            user_id: users.into_iter().next().map(|id| id.value),
            external_ids,
            member: None,
            origin: None,
            unproven: None,
            is_copy: false,
            event,
            warning,
        }
    }

    const fn reader<'w>(&'w self, warnings: &'w mut Vec<String>) -> IdentifierReader<'w> {
        IdentifierReader::new(self.rules, self.source.trusted, warnings)
    }

    /// Returns whom a call is about. An alias names its device in `previousId`.
    fn named(&self, members: &Members<'_>, kind: EventKind, warnings: &mut Vec<String>) -> Result<Named, String> {
        let context = members.object("context");
        let mut reader = self.reader(warnings);
        let mut device = reader.device(members, "anonymousId");
        if device.is_none() && kind == EventKind::Alias {
            device = reader.device(members, "previousId");
        }
        let user = reader.user(members, "userId");
        let traits = if kind == EventKind::Identify { members.object("traits") } else { Members::default() };
        let external = reader.external(&context, &traits);
        let user_hash = context.text("userHash").or_else(|| members.text("userHash"));
        let person = match user {
            user if self.source.trusted => self.proven(user, external),
            None => Person::Nobody,
            Some(user) => self.claimed(user, user_hash.as_deref(), warnings),
        };
        if device.is_none() && person == Person::Nobody {
            return Err("no usable `anonymousId` or `userId`, expected at least one".to_owned());
        }
        let device = device.map(|id| Device { id, is_signed: false });
        Ok(Named { device, shown: Vec::new(), token: None, person, source: self.source.name.clone() })
    }

    fn proven(&self, user: Option<Identifier>, external: Vec<Identifier>) -> Person {
        let mut people: Vec<Identifier> = user.into_iter().chain(external).collect();
        self.rules.sort(&mut people);
        if people.is_empty() { Person::Nobody } else { Person::Proven(people) }
    }

    fn claimed(&self, user: Identifier, user_hash: Option<&str>, warnings: &mut Vec<String>) -> Person {
        match user_hash {
            Some(shown) if is_user_hash(&self.settings.user_hash_secrets, &user.value, shown) => {
                Person::Proven(vec![user])
            }
            Some(_) => {
                warnings.push("`userHash` is wrong, so the user id is not proven".to_owned());
                Person::Claimed(user)
            }
            None => Person::Claimed(user),
        }
    }

    /// Adds the members that the core's events require: a message id, a type and a timestamp.
    fn complete(&self, call: &mut Object, kind: Option<EventKind>, id: &mut String, warnings: &mut Vec<String>) {
        if id.is_empty() {
            *id = (self.random_id)();
            warnings.push("`messageId` is missing, so the call counts again if it is sent again".to_owned());
            call.insert("messageId", id.as_str());
        }
        if let Some(kind) = kind {
            call.insert("type", kind.name());
        }
        if matches!(call.get("timestamp"), None | Some(Value::Null)) {
            let original = call.get("originalTimestamp").cloned().unwrap_or_default();
            call.insert("timestamp", original);
        }
    }

    /// Corrects the timestamp of a sender whose clock is ahead, which shows because the call was sent after it was
    /// received.
    ///
    /// A clock that is behind cannot be account_event from a call that was under way for long, so it is left alone.
    fn correct_time(&self, call: &mut Object) {
        let time = |name: &str| call.get(name).and_then(Value::as_str).and_then(millis_of);
        let of_batch = self.sent_at.and_then(|raw| serde_json::from_str::<&str>(raw).ok()).and_then(millis_of);
        let ahead = time("sentAt").or(of_batch).map_or(0, |sent| sent.saturating_sub(self.received));
        if let (true, Some(at)) = (ahead > call_time::MAX_SKEW, time("timestamp")) {
            call.insert("timestamp", Millis(at.saturating_sub(ahead)));
        }
    }

    /// Returns a hash of the members that stay the same when the call is sent again.
    fn hash(&self, call: &Object) -> String {
        let has_time = call.get("timestamp").is_some();
        let is_stable = |name: &str| !CHANGES.contains(&name) || (name == "originalTimestamp" && !has_time);
        let stable: Object =
            call.iter().filter(|(name, _)| is_stable(name)).map(|(name, value)| (name, value.clone())).collect();
        digest([canonical::to_string(&Value::Object(stable)).as_str()])
    }
}
