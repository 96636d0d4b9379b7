//! Calls of the Segment specification, as SDKs send them, made into records.

use serde::Deserialize;
use serde_json::value::RawValue;
use throughline::canonical;
use throughline::{Event, EventKind, Millis, Object, Value};

use crate::identity::identifier::{MAX_ID, is_nobody};
use crate::ingest::record::{Record, about_person};
use crate::platform::hash::digest;
use crate::platform::settings::Source;

/// No more calls than this are taken from one request.
const MAX_CALLS: usize = 2_500;
/// A call is not longer than this, in bytes.
const MAX_CALL: usize = 32 * 1024;
/// A message id is not longer than this, in bytes.
const MAX_MESSAGE_ID: usize = 100;
/// Lists and objects are not nested deeper than this.
const MAX_DEPTH: usize = 32;
/// A clock that is further ahead than this is corrected, in milliseconds.
const MAX_SKEW: i64 = 60_000;
/// What SDKs change when they send a call again; the rest says whether it is the same call.
const CHANGES: [&str; 5] = ["sentAt", "receivedAt", "writeKey", "_metadata", "originalTimestamp"];

/// The body of a request: one call, or several in `batch`.
#[derive(Deserialize)]
pub struct Body<'a> {
    /// Who sends, if no header says it.
    #[serde(default, rename = "writeKey")]
    pub write_key: Option<String>,
    #[serde(default, rename = "sentAt", borrow)]
    sent_at: Option<&'a RawValue>,
    #[serde(default, borrow)]
    batch: Option<Vec<&'a RawValue>>,
}

/// A call that is no event, and why.
#[derive(Debug)]
pub struct Rejected {
    /// Its message id, if it has one.
    pub message_id: String,
    /// What is wrong with it.
    pub reason: String,
    /// What was sent.
    pub payload: String,
}

/// The calls of a request, each a record or rejected for itself.
pub struct Calls<'a> {
    source: &'a Source,
    received: i64,
    sent_at: Option<&'a str>,
    random: &'a dyn Fn() -> String,
}

impl<'a> Calls<'a> {
    /// Reads calls from `source` that arrived at `received`; `random` names calls without a message id.
    pub fn new(source: &'a Source, received: i64, random: &'a dyn Fn() -> String) -> Self {
        Self { source, received, sent_at: None, random }
    }

    /// Reads the calls of a body whose kind the address says; none for those of a batch, which say it themselves.
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

    fn call(&self, raw: &str, kind: Option<EventKind>, beyond: bool) -> Result<Record, Rejected> {
        let mut message_id = String::new();
        self.record(raw, kind, beyond, &mut message_id).map_err(|reason| {
            let payload = raw.chars().take(MAX_CALL.saturating_mul(2)).collect();
            Rejected { message_id: self.or_random(message_id), reason, payload }
        })
    }

    fn or_random(&self, message_id: String) -> String {
        if message_id.is_empty() { (self.random)() } else { message_id }
    }

    fn record(
        &self,
        raw: &str,
        kind: Option<EventKind>,
        beyond: bool,
        message_id: &mut String,
    ) -> Result<Record, String> {
        if raw.len() > MAX_CALL {
            *message_id = message_id_of(raw);
            return Err(format!("the call has {} bytes, expected at most {MAX_CALL}", raw.len()));
        }
        let value: Value = serde_json::from_str(raw).map_err(|error| format!("invalid JSON: {error}"))?;
        let Value::Object(mut call) = value else { return Err("expected an object".to_owned()) };
        let named = call.get("messageId").and_then(Value::as_str).unwrap_or_default();
        *message_id = named.chars().take(MAX_MESSAGE_ID).collect();
        if beyond {
            return Err(format!("the batch has more than {MAX_CALLS} calls"));
        }
        if named.len() > MAX_MESSAGE_ID {
            return Err(format!("`messageId` has {} bytes, expected at most {MAX_MESSAGE_ID}", named.len()));
        }
        if call.iter().any(|(_, value)| depth(value) >= MAX_DEPTH) {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let mut warnings = Vec::new();
        let hash = self.hash(&call);
        if message_id.is_empty() {
            *message_id = (self.random)();
            warnings.push("`messageId` is missing, so the call counts again if it is sent again".to_owned());
            call.insert("messageId", message_id.as_str());
        }
        if let Some(kind) = kind {
            call.insert("type", kind.name());
        }
        if matches!(call.get("timestamp"), None | Some(Value::Null)) {
            let original = call.get("originalTimestamp").cloned().unwrap_or_default();
            call.insert("timestamp", original);
        }
        self.correct(&mut call);
        let [anonymous_id, previous_id, user_id] =
            ["anonymousId", "previousId", "userId"].map(|name| identifier(&call, name, &mut warnings));
        let is_alias = call.get("type").and_then(Value::as_str) == Some(EventKind::Alias.name());
        let anonymous_id = anonymous_id.or(previous_id.filter(|_| is_alias));
        if anonymous_id.is_none() && user_id.is_none() {
            return Err("no usable `anonymousId` or `userId`, expected at least one".to_owned());
        }
        let event = self.event(call)?;
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        Ok(Record {
            source: self.source.name.clone(),
            hash,
            received: self.received,
            anonymous_id,
            user_id,
            member: None,
            event,
            warning,
        })
    }

    fn event(&self, call: Object) -> Result<Event, String> {
        let call = Value::Object(call);
        let event = Event::from_segment(&call, Millis(self.received), self.source.trusted)
            .map_err(|error| error.to_string())?;
        Ok(about_person(event, call.at(["groupId"])))
    }

    /// Sets the time to what our clock had, if the sender's clock is ahead: then it was sent after it arrived.
    ///
    /// A clock that is behind looks like a call that was long on its way, so that is left alone.
    fn correct(&self, call: &mut Object) {
        let text = |name: &str| call.get(name).and_then(Value::as_str).and_then(millis_of);
        let of_batch = self.sent_at.and_then(|raw| serde_json::from_str::<&str>(raw).ok()).and_then(millis_of);
        let ahead = text("sentAt").or(of_batch).map_or(0, |sent| sent.saturating_sub(self.received));
        if let (true, Some(at)) = (ahead > MAX_SKEW, text("timestamp")) {
            call.insert("timestamp", Millis(at.saturating_sub(ahead)));
        }
    }

    fn hash(&self, call: &Object) -> String {
        let has_time = call.get("timestamp").is_some();
        let lasting = |name: &str| !CHANGES.contains(&name) || (name == "originalTimestamp" && !has_time);
        let kept: Object =
            call.iter().filter(|(name, _)| lasting(name)).map(|(name, value)| (name, value.clone())).collect();
        digest([canonical::to_string(&Value::Object(kept)).as_str()])
    }
}

fn millis_of(text: &str) -> Option<i64> {
    // The event's own reader of times: an event that happens at the text, received at the end of time.
    let members =
        [("type", "page"), ("messageId", "-"), ("timestamp", text)].map(|(name, text)| (name, Value::from(text)));
    let call = Value::Object(members.into_iter().collect());
    Event::from_segment(&call, Millis::MAX, false).ok().map(|event| event.at.0)
}

/// The identifier in a member, unless it stands for nobody.
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
    if text.len() > MAX_ID || is_nobody(&text) {
        let shown: String = text.chars().take(40).collect();
        warnings.push(format!("`{name}` is `{shown}`, which is not a usable id, and is ignored"));
        return None;
    }
    Some(text)
}

/// The message id of a call that is too long to be read as a whole.
fn message_id_of(raw: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default, rename = "messageId")]
        message_id: String,
    }
    let named = serde_json::from_str::<Named>(raw).map(|named| named.message_id).unwrap_or_default();
    named.chars().take(MAX_MESSAGE_ID).collect()
}

/// How deep a value is nested; the reader of JSON has bounded it already.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    deepest.unwrap_or(0).saturating_add(1)
}
