//! Calls of the Segment specification, as SDKs send them.

mod call_time;
mod limits;

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Event, EventKind, Millis, Object, Value};

use crate::event::identifier::{MAX_ID, is_placeholder};
use crate::event::{Record, about_person};
use crate::platform::hash::digest;
use crate::platform::settings::Source;
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
    source: &'a Source,
    received: i64,
    sent_at: Option<&'a str>,
    random_id: &'a dyn Fn() -> String,
}

/// The device and the person that a call names.
struct Sender {
    anonymous_id: Option<String>,
    user_id: Option<String>,
}

impl<'a> Calls<'a> {
    /// Returns a reader of calls from `source` received at `received`. `random_id` names calls without a message id.
    pub fn new(source: &'a Source, received: i64, random_id: &'a dyn Fn() -> String) -> Self {
        Self { source, received, sent_at: None, random_id }
    }

    /// Reads the calls of a body. Each is valid or rejected on its own.
    ///
    /// `kind` is the kind that the address names. It is `None` for a batch, whose calls name their kinds themselves.
    pub fn read(mut self, text: &'a str, body: &Body<'a>, kind: Option<EventKind>) -> Vec<Result<Record, Rejected>> {
        self.sent_at = body.sent_at.map(RawValue::get);
        match (&body.batch, kind) {
            (Some(batch), None) => {
                batch.iter().enumerate().map(|(index, raw)| self.call(raw.get(), None, index >= MAX_CALLS)).collect()
            }
            (None, None) => Vec::new(),
            (_, kind) => vec![self.call(text, kind, false)],
        }
    }

    fn call(&self, raw: &str, kind: Option<EventKind>, is_beyond: bool) -> Result<Record, Rejected> {
        let mut message_id = String::new();
        self.record(raw, kind, is_beyond, &mut message_id).map_err(|reason| {
            let payload = raw.chars().take(MAX_CALL.saturating_mul(2)).collect();
            let message_id = if message_id.is_empty() { (self.random_id)() } else { message_id };
            Rejected { message_id, reason, payload }
        })
    }

    /// Reads a call. `message_id` is set even if the call is rejected.
    fn record(
        &self,
        raw: &str,
        kind: Option<EventKind>,
        is_beyond: bool,
        message_id: &mut String,
    ) -> Result<Record, String> {
        let mut call = limits::parse(raw, is_beyond, message_id)?;
        let mut warnings = Vec::new();
        let hash = self.hash(&call);
        self.complete(&mut call, kind, message_id, &mut warnings);
        self.correct_time(&mut call);
        let sender = sender(&call, &mut warnings)?;
        let event = self.event(call)?;
        Ok(Record {
            source: self.source.name.clone(),
            hash,
            received: self.received,
            anonymous_id: sender.anonymous_id,
            user_id: sender.user_id,
            member: None,
            event,
            warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        })
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

    fn event(&self, call: Object) -> Result<Event, String> {
        let call = Value::Object(call);
        let event = Event::from_segment(&call, Millis(self.received), self.source.trusted)
            .map_err(|error| error.to_string())?;
        Ok(about_person(event, call.at(["groupId"])))
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

/// Returns the device and the person that a call names. An alias names its device in `previousId`.
fn sender(call: &Object, warnings: &mut Vec<String>) -> Result<Sender, String> {
    let [anonymous_id, previous_id, user_id] =
        ["anonymousId", "previousId", "userId"].map(|name| identifier(call, name, warnings));
    let is_alias = call.get("type").and_then(Value::as_str) == Some(EventKind::Alias.name());
    let anonymous_id = anonymous_id.or(previous_id.filter(|_| is_alias));
    if anonymous_id.is_none() && user_id.is_none() {
        return Err("no usable `anonymousId` or `userId`, expected at least one".to_owned());
    }
    Ok(Sender { anonymous_id, user_id })
}

/// Returns the identifier in a member, unless it is too long or a placeholder.
fn identifier(call: &Object, name: &str, warnings: &mut Vec<String>) -> Option<String> {
    let text = match call.get(name) {
        None | Some(Value::Null) => return None,
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => canonical::to_string(number),
        Some(_) => {
            warnings.push(format!("`{name}` is not a string and is ignored"));
            return None;
        }
    };
    if text.len() > MAX_ID || is_placeholder(&text) {
        let shown: String = text.chars().take(40).collect();
        warnings.push(format!("`{name}` is `{shown}`, which is not a usable id, and is ignored"));
        return None;
    }
    Some(text)
}
