//! A call of the Segment specification: its text, read on its own.

use core::fmt;

use crate::event::{Arrival, Event, EventError};
use crate::identity::identifier_text;
use crate::json::lenient::{parse_leniently, readable_member};
use crate::json::{Object, Value};
use crate::prelude::*;

/// The longest call, in bytes.
const MAX_CALL: usize = 32 * 1024;
/// The deepest nesting of objects and arrays in a call.
const MAX_DEPTH: usize = 32;
/// The longest message id that is read from a call that is not an event, in characters.
const MAX_MESSAGE_ID: usize = 200;

/// A call that was parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// Its members.
    pub members: Object,
    /// Remarks for the sender about what was changed to read it.
    pub warnings: Vec<String>,
}

/// The reason why a text is not a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The call's own message id; empty if it has none.
    pub message_id: String,
    /// The reason: what was found, and what was expected.
    pub reason: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl core::error::Error for CallError {}

impl Call {
    /// Parses the text of a call, as leniently as its meaning is clear.
    ///
    /// Whole numbers that no double holds become the text of their digits. `NaN`, infinities and numbers beyond the range
    /// of doubles become `null`, with a warning.
    ///
    /// # Errors
    /// Returns why the text is not a call: it is longer than 32 KB, nested deeper than 32 levels, not JSON, or not an
    /// object.
    pub fn read(raw: &str) -> Result<Self, CallError> {
        Self::parse(raw).map_err(|reason| CallError { message_id: message_id(raw), reason })
    }

    fn parse(raw: &str) -> Result<Self, String> {
        if raw.len() > MAX_CALL {
            return Err(format!("the call has {} bytes, expected at most {MAX_CALL}", raw.len()));
        }
        let (value, repairs) = parse_leniently(raw, MAX_DEPTH).map_err(|error| format!("invalid JSON: {error}"))?;
        let Value::Object(members) = value else { return Err("expected an object".to_owned()) };
        if repairs.depth {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let warning = "a number is `NaN`, infinite or too large, and became `null`";
        let warnings = repairs.number.then(|| warning.to_owned()).into_iter().collect();
        Ok(Self { members, warnings })
    }

    /// Returns the event of the call, and the time that the call states if it cannot be right.
    ///
    /// # Errors
    /// Names the member that violates the specification.
    pub fn event(&mut self, arrival: &Arrival, trusted: bool) -> Result<(Event, Option<String>), EventError> {
        let call = Value::Object(core::mem::take(&mut self.members));
        let (at, stated) = arrival.time_of(&call);
        let event = Event::from_segment(&call, at, trusted);
        if let Some(stated) = &stated {
            let warning =
                format!("`timestamp` is `{stated}`, which cannot be right; the time of receipt counts instead");
            self.warnings.push(warning);
        }
        if let Value::Object(members) = call {
            self.members = members;
        }
        event.map(|event| (event, stated))
    }
}

/// Returns the message id of a text that is not a call, as far as it can be read.
fn message_id(raw: &str) -> String {
    let id = readable_member(raw, "messageId", MAX_DEPTH).as_ref().and_then(identifier_text).unwrap_or_default();
    id.chars().take(MAX_MESSAGE_ID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Millis;
    use proptest::prelude::*;

    fn arrival() -> Arrival {
        Arrival { received: Millis(1_795_336_200_000), sent_at: Value::Null }
    }

    fn warnings(raw: &str) -> Vec<String> {
        let mut call = Call::read(raw).unwrap();
        call.event(&arrival(), false).unwrap();
        call.warnings
    }

    #[test]
    fn odd_values_are_read_with_a_warning() {
        let track = |members: &str| format!(r#"{{"type":"track","event":"E","messageId":"m",{members}}}"#);
        assert_eq!(warnings(&track(r#""properties":{"a":"half \ud83d"}"#)), [""; 0]);
        assert_eq!(warnings(&track(r#""properties":{"a":NaN}"#)).len(), 1);
        let twice = warnings(&track(r#""properties":{"a":1e999},"timestamp":"soon""#));
        assert!(twice[0].contains("`null`") && twice[1].contains("`soon`"), "{twice:?}");
    }

    #[test]
    fn numbers_are_ids_by_their_digits() {
        let raw = r#"{"type":"track","event":"E","messageId":1234567890123456789,"userId":9007199254740993,"properties":{"id":90071992547409931,"n":7}}"#;
        let mut call = Call::read(raw).unwrap();
        let (event, _) = call.event(&arrival(), false).unwrap();
        assert_eq!(event.id, "1234567890123456789");
        assert_eq!(call.members.get("userId"), Some(&Value::from("9007199254740993")));
        assert_eq!(event.properties.get("id"), Some(&Value::from("90071992547409931")));
        assert_eq!(event.properties.get("n"), Some(&Value::Number(7.0)));
    }

    #[test]
    fn what_is_no_call_keeps_its_message_id() {
        let deep = format!(r#"{{"properties":{}1{},"messageId":"deep"}}"#, "[".repeat(200), "]".repeat(200));
        let long = format!(r#"{{"messageId":"long","a":"{}"}}"#, "x".repeat(MAX_CALL));
        for (raw, id, reason) in [
            (deep.as_str(), "deep", "nested deeper than 32 levels"),
            (long.as_str(), "long", "the call has 32795 bytes, expected at most 32768"),
            (r#"{"messageId":"bad","a":nul}"#, "bad", "invalid JSON: byte 23: expected a value"),
            (r#"{"a":[1},"messageId":7}"#, "", "invalid JSON: byte 7: expected `,` or `]`"),
            ("[]", "", "expected an object"),
            ("5", "", "expected an object"),
        ] {
            let error = Call::read(raw).unwrap_err();
            assert_eq!((error.message_id.as_str(), error.reason.as_str()), (id, reason), "{raw:.40}");
        }
        assert!(Call::read(&format!(r#"{{"a":{}1{}}}"#, "[".repeat(31), "]".repeat(31))).is_ok());
        assert!(Call::read(&format!(r#"{{"a":{}1{}}}"#, "[".repeat(32), "]".repeat(32))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(any in any::<String>(), odd in r#"\{("[a-z]{1,3}":[0-9a-zN\[\]{}",. -]{0,9},?){0,5}\}"#) {
            for text in [any, odd] {
                if let Ok(mut call) = Call::read(&text) {
                    let _ = call.event(&arrival(), false);
                }
            }
        }
    }
}
