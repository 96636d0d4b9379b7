//! The body of a request, cut into calls before any of them is parsed.

use crate::json::lenient::parse_leniently;
use crate::json::raw::RawMembers;
use crate::json::reader::Reader;
use crate::json::{JsonError, Value};
use crate::prelude::*;

/// The greatest number of calls that are cut apart.
const MAX_CALLS: usize = 20_000;
/// The deepest nesting of the members beside the calls.
const MAX_DEPTH: usize = 8;

/// The body of a request: a list of calls, or an object with one.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// The text of each call, or `None` if the body has no such list.
    pub calls: Option<Vec<&'a str>>,
    /// Whether the body itself is the list.
    pub is_list: bool,
    members: RawMembers<'a>,
}

impl<'a> Batch<'a> {
    /// Cuts a body into calls, in linear time. `list` is the member that holds the calls of an object.
    ///
    /// Only the quotes and brackets of a call must be in order here. [`Call::read`](crate::Call::read) parses each call,
    /// so that one which cannot be read costs no other.
    ///
    /// # Errors
    /// Returns the first position from which the calls cannot be told apart: the body is neither an object nor a list, it
    /// is incomplete, the list is something else, or has more than 20,000 items.
    ///
    /// # Examples
    ///
    /// ```
    /// let batch = throughline::Batch::split(r#"{"batch":[{"a":nul},{"b":2}],"sentAt":"2026-11-22"}"#, "batch")?;
    /// assert_eq!(batch.calls.as_deref(), Some([r#"{"a":nul}"#, r#"{"b":2}"#].as_slice()));
    /// assert_eq!(batch.member("sentAt").as_str(), Some("2026-11-22"));
    /// # Ok::<(), throughline::JsonError>(())
    /// ```
    pub fn split(text: &'a str, list: &str) -> Result<Self, JsonError> {
        let mut reader = Reader::lenient(text, MAX_DEPTH);
        let found = match reader.peek() {
            Some(b'[') => {
                reader.raw_items(MAX_CALLS).map(|calls| Self { calls: Some(calls), is_list: true, members: Vec::new() })
            }
            _ => Self::of_object(&mut reader, list),
        };
        found.and_then(|batch| reader.end().map(|()| batch)).map_err(|expected| reader.error(expected))
    }

    fn of_object(reader: &mut Reader<'a>, list: &str) -> Result<Self, &'static str> {
        let (members, error) = reader.raw_members();
        if let Some(error) = error {
            return Err(error);
        }
        let raw = members.iter().rev().find(|(name, _)| name == list).map(|(_, raw)| *raw);
        let calls = raw.map(|raw| Reader::lenient(raw, MAX_DEPTH).raw_items(MAX_CALLS)).transpose()?;
        Ok(Self { calls, is_list: false, members })
    }

    /// Returns a member of the body; `null` if it is absent or cannot be read.
    #[must_use]
    pub fn member(&self, name: &str) -> Value {
        let raw = self.members.iter().rev().find(|(known, _)| known == name).map(|(_, raw)| *raw);
        raw.and_then(|raw| parse_leniently(raw, MAX_DEPTH).ok()).map(|(value, _)| value).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calls(text: &str) -> Option<Vec<&str>> {
        Batch::split(text, "batch").unwrap().calls
    }

    #[test]
    fn a_body_is_an_object_or_a_list() {
        assert_eq!(calls(r#"{"batch":[1,{"a":2}],"x":[3]}"#), Some(vec!["1", r#"{"a":2}"#]));
        assert_eq!(calls("\u{feff} [1,2]"), Some(vec!["1", "2"]));
        assert_eq!(calls(r#"{"event":"x"}"#), None);
        assert_eq!(calls(r#"{"batch":[1],"batch":[2]}"#), Some(vec!["2"]), "the last of equal names counts");
    }

    #[test]
    fn members_beside_the_calls_are_read() {
        let text = r#"{"sentAt":1795336200000000000,"batch":[],"writeKey":"k","deep":[[[[[[[[[1]]]]]]]]],"bad":nul}"#;
        let batch = Batch::split(text, "batch").unwrap();
        assert_eq!(batch.member("sentAt"), Value::from("1795336200000000000"));
        assert_eq!(batch.member("writeKey"), Value::from("k"));
        assert_eq!(batch.member("bad"), Value::Null);
        assert_eq!(batch.member("absent"), Value::Null);
    }

    #[test]
    fn what_cannot_be_cut_apart_is_an_error_with_its_position() {
        for (text, message) in [
            ("", "byte 0: expected an object"),
            ("5", "byte 0: expected an object"),
            (r#"{"batch":[1"#, "byte 11: expected the rest of a value"),
            (r#"{"batch":[]} x"#, "byte 13: expected the end"),
            ("[1,", "byte 3: expected a value"),
        ] {
            assert_eq!(Batch::split(text, "batch").unwrap_err().to_string(), message, "{text}");
        }
        assert!(Batch::split(r#"{"batch":5}"#, "batch").is_err());
        assert!(Batch::split(&format!("[{}1]", "1,".repeat(MAX_CALLS)), "batch").is_err());
    }

    proptest! {
        /// Each call is cut out as it was sent, whatever the others are.
        #[test]
        fn no_call_costs_another(odd in prop::collection::vec(r#"\{"[a-z\\"]{0,3}:[0-9tnul\[\]{}]{0,6}\}|nul|-|"[a-z]{0,4}""#, 0..6)) {
            // What has all quotes in pairs stays within itself.
            let odd: Vec<String> = odd.into_iter().filter(|call| !call.contains('\\') && call.matches('"').count() % 2 == 0).collect();
            let good = r#"{"event":"good, {[\" ]}"}"#;
            let list: Vec<&str> = odd.iter().flat_map(|odd| [odd.as_str(), good]).collect();
            if let Ok(batch) = Batch::split(&format!(r#"{{"batch":[{}]}}"#, list.join(",")), "batch") {
                let found = batch.calls.unwrap();
                prop_assert_eq!(found.iter().filter(|call| **call == good).count(), odd.len(), "{:?}", list);
            }
        }

        #[test]
        fn any_text_is_cut_without_a_panic(text in any::<String>()) {
            let _ = Batch::split(&text, "batch");
        }
    }
}
