//! Calls of the Segment specification, as SDKs send them, and events of other clients that are read as such.

use throughline::canonical;
use throughline::{Arrival, Call, Event, EventKind, Object, Value, identifier_text};

use crate::event::identifier::{Identifier, USER};
use crate::event::{Record, about_person};
use crate::identity::rules::IdentityRules;
use crate::identity::user_hash::is_user_hash;
use crate::ingest::Incoming;
use crate::ingest::dialect::Dialect;
use crate::ingest::identifiers::{IdentifierReader, Members};
use crate::ingest::named::{Device, Named, Person};
use crate::platform::hash::digest;
use crate::platform::settings::{Settings, Source};

/// The number of calls in one request beyond which calls are rejected.
const MAX_CALLS: usize = 2_500;
/// The longest message id, in bytes.
const MAX_MESSAGE_ID: usize = 100;
/// The longest text of a rejected call that is kept, in characters.
const MAX_PAYLOAD: usize = 64 * 1024;
/// The members that SDKs change when they send a call again. The others identify the call.
const CHANGES: [&str; 5] = ["sentAt", "receivedAt", "writeKey", "_metadata", "originalTimestamp"];

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
    arrival: Arrival,
    random_id: &'a dyn Fn() -> String,
}

impl<'a> Calls<'a> {
    /// Returns a reader of calls from `source`. `random_id` names calls without a message id.
    pub const fn new(
        settings: &'a Settings,
        rules: &'a IdentityRules,
        source: &'a Source,
        arrival: Arrival,
        random_id: &'a dyn Fn() -> String,
    ) -> Self {
        Self { settings, rules, source, arrival, random_id }
    }

    /// Reads calls. Each is valid or rejected on its own; those of one time keep their order.
    pub fn read(&self, calls: &[&str], dialect: Dialect) -> Vec<Result<Incoming, Rejected>> {
        let mut read: Vec<_> =
            calls.iter().enumerate().map(|(index, raw)| self.call(raw, dialect, index >= MAX_CALLS)).collect();
        let records = read.iter_mut().flatten().filter_map(|incoming| incoming.record.as_mut());
        self.arrival.order_as_sent(records.map(|record| &mut record.event));
        read
    }

    fn call(&self, raw: &str, dialect: Dialect, is_beyond: bool) -> Result<Incoming, Rejected> {
        let mut message_id = String::new();
        self.incoming(raw, dialect, is_beyond, &mut message_id).map_err(|reason| {
            let payload = raw.chars().take(MAX_PAYLOAD).collect();
            let message_id = if message_id.is_empty() { (self.random_id)() } else { message_id };
            Rejected { message_id, reason, payload }
        })
    }

    /// Reads a call. `message_id` is set even if the call is rejected.
    fn incoming(
        &self,
        raw: &str,
        dialect: Dialect,
        is_beyond: bool,
        message_id: &mut String,
    ) -> Result<Incoming, String> {
        let mut call = Call::read(raw).map_err(|error| {
            *message_id = error.message_id.chars().take(MAX_MESSAGE_ID).collect();
            error.reason
        })?;
        call.members = dialect.to_call(call.members);
        let named = call.members.get("messageId").and_then(identifier_text).unwrap_or_default();
        *message_id = named.chars().take(MAX_MESSAGE_ID).collect();
        if is_beyond {
            return Err(format!("the batch has more than {MAX_CALLS} calls"));
        }
        if named.len() > MAX_MESSAGE_ID {
            return Err(format!("`messageId` has {} bytes, expected at most {MAX_MESSAGE_ID}", named.len()));
        }
        let hash = hash(&call.members);
        self.complete(&mut call, dialect, message_id);
        let (event, stated) = call.event(&self.arrival, self.source.trusted).map_err(|error| error.to_string())?;
        self.of_event(call, event, stated, hash)
    }

    fn of_event(
        &self,
        call: Call,
        mut event: Event,
        stated_time: Option<String>,
        hash: String,
    ) -> Result<Incoming, String> {
        let Call { members, mut warnings } = call;
        let members = Value::Object(members);
        let members = Members::of(&members);
        let named = self.named(members, event.kind, &mut warnings)?;
        if event.kind == EventKind::Group {
            let account = self.reader(&mut warnings).account(members, "groupId");
            event = about_person(event, account);
        }
        let shows_claim = self.rules.shows_claims(Some(self.source));
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        let record = Record { stated_time, ..self.record(event, hash, &named, warning) };
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
            received: self.arrival.received.0,
            stated_time: None,
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
    fn named(&self, members: Members<'_>, kind: EventKind, warnings: &mut Vec<String>) -> Result<Named, String> {
        let context = members.object("context");
        let mut reader = self.reader(warnings);
        let mut device = reader.device(members, "anonymousId");
        if device.is_none() && kind == EventKind::Alias {
            device = reader.device(members, "previousId");
        }
        let user = reader.user(members, "userId");
        let traits = if kind == EventKind::Identify { members.object("traits") } else { Members::of(&Value::Null) };
        let external = reader.external(context, traits);
        let user_hash = context.text("userHash").or_else(|| members.text("userHash"));
        let person = match user {
            user if self.source.trusted => self.proven(user, external),
            None => Person::Nobody,
            Some(user) => self.claimed(user, user_hash.as_deref(), warnings),
        };
        if device.is_none() && person == Person::Nobody {
            warnings.push("no usable `anonymousId` or `userId`, expected at least one".to_owned());
            return Err(warnings.join("; "));
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

    /// Adds the members that the core's events require: a message id and a type.
    fn complete(&self, call: &mut Call, dialect: Dialect, id: &mut String) {
        if id.is_empty() {
            *id = (self.random_id)();
            call.warnings.push("`messageId` is missing, so the call counts again if it is sent again".to_owned());
            call.members.insert("messageId", id.as_str());
        }
        if let Dialect::Segment(Some(kind)) = dialect {
            call.members.insert("type", kind.name());
        }
    }
}

/// Returns a hash of the members that stay the same when the call is sent again.
fn hash(call: &Object) -> String {
    let has_time = call.get("timestamp").is_some();
    let is_stable = |name: &str| !CHANGES.contains(&name) || (name == "originalTimestamp" && !has_time);
    let stable: Object =
        call.iter().filter(|(name, _)| is_stable(name)).map(|(name, value)| (name, value.clone())).collect();
    digest([canonical::to_string(&Value::Object(stable)).as_str()])
}
