//! Facts of which some cannot be read.

use crate::event::Event;
use crate::facts::Facts;
use crate::json::{DecodeError, ShapeError, Value};
use crate::prelude::*;

/// The greatest number of facts that are left out one by one.
const MAX_OMITTED: usize = 20;

impl Facts {
    /// Parses facts and leaves out what cannot be read, with a warning for each.
    ///
    /// why: one odd title of a page must not cost the page its decision.
    ///
    /// # Errors
    /// Returns the first position where the string has no clear meaning as JSON. `now` and `profile` are never left out:
    /// a member of them that is not as expected is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use throughline::Facts;
    ///
    /// let text = r#"{ "now": 1, "request": { "attributes": { "path": "/\ud83d" }, "gpc": "maybe" } }"#;
    /// let (facts, warnings) = Facts::from_lenient_json(text)?;
    /// assert_eq!(facts.request.attributes.get("path").and_then(|path| path.as_str()), Some("/\u{fffd}"));
    /// assert_eq!(warnings, ["`request.gpc`: expected true or false"]);
    /// # Ok::<(), throughline::DecodeError>(())
    /// ```
    pub fn from_lenient_json(text: &str) -> Result<(Self, Vec<String>), DecodeError> {
        // Nearly all facts can be read, and strictly they are read without a tree of values.
        if let Ok(facts) = Self::from_json(text) {
            return Ok((facts, Vec::new()));
        }
        let value = Value::from_lenient_json(text).map_err(DecodeError::Json)?;
        Self::from_lenient_value(value).map_err(DecodeError::Shape)
    }

    /// Converts JSON to facts and leaves out what is not as expected, with a warning for each.
    ///
    /// # Errors
    /// Names the first member that is not as expected and cannot be left out.
    pub fn from_lenient_value(mut value: Value) -> Result<(Self, Vec<String>), ShapeError> {
        let mut warnings = Vec::new();
        loop {
            match Self::from_value(value.clone()) {
                Ok(facts) => return Ok((facts, warnings)),
                Err(error) => {
                    let part = error.path().first().map(String::as_str);
                    if !matches!(part, Some("request" | "events")) || warnings.len() >= MAX_OMITTED {
                        return Err(error);
                    }
                    value = without(value, error.path()).unwrap_or_default();
                    warnings.push(error.to_string());
                }
            }
        }
    }
}

/// Returns the value without what a path leads to; `None` if that is the value itself.
///
/// An item of a list goes as a whole, together with all others that are no events. So does an object that lacks a member.
fn without(value: Value, path: &[String]) -> Option<Value> {
    match (value, path) {
        (Value::Array(items), [_, rest @ ..]) if !rest.is_empty() => {
            Some(Value::Array(items.into_iter().filter(|item| Event::from_value(item.clone()).is_ok()).collect()))
        }
        (Value::Array(items), [index]) => {
            let others = items.into_iter().enumerate().filter(|(at, _)| at.to_string() != *index);
            Some(Value::Array(others.map(|(_, item)| item).collect()))
        }
        (Value::Object(object), [name, rest @ ..]) if object.get(name).is_some() => {
            let kept = object.into_members().into_iter().filter_map(|(found, value)| {
                let value = if found == *name { without(value, rest)? } else { value };
                Some((found, value))
            });
            Some(Value::Object(kept.collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;
    use crate::json::codec::put;
    use proptest::prelude::*;

    fn read(text: &str) -> (String, Vec<String>) {
        let (facts, warnings) = Facts::from_lenient_json(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut out = Object::new();
        put(&mut out, "events", &facts.events);
        put(&mut out, "consent", &facts.request.consent);
        put(&mut out, "slots", &facts.request.slots);
        put(&mut out, "locale", &facts.request.locale);
        (crate::canonical::to_string(&Value::Object(out)), warnings)
    }

    #[test]
    fn what_cannot_be_read_is_missing() {
        let cases = [
            (r#"{"now":1,"request":5}"#, "{}", "`request`: expected an object"),
            (
                r#"{"now":1,"request":{"consent":{"a.b":"maybe","c":"denied"}}}"#,
                r#"{"consent":{"c":"denied"}}"#,
                "`request.consent.a.b`: expected one of: granted, denied, pending",
            ),
            (
                r#"{"now":1,"request":{"slots":["a",5,"b"],"locale":"de"}}"#,
                r#"{"locale":"de","slots":["a","b"]}"#,
                "`request.slots.1`: expected a text",
            ),
            (
                r#"{"now":1,"events":[{"id":"a","at":5},{"id":1},{"id":"c","at":"x"}]}"#,
                r#"{"events":[{"at":5,"id":"a","trusted":false,"type":"track"}]}"#,
                "`events.1.id`: expected a text",
            ),
        ];
        for (text, facts, warning) in cases {
            assert_eq!(read(text), (facts.to_owned(), vec![warning.to_owned()]), "{text}");
        }
        let deep =
            format!(r#"{{"now":1,"request":{{"attributes":{{"a":{}1{},"b":2}}}}}}"#, "[".repeat(300), "]".repeat(300));
        let (facts, _) = Facts::from_lenient_json(&deep).unwrap();
        assert_eq!(facts.request.attributes.get("b"), Some(&Value::Number(2.0)));
    }

    #[test]
    fn a_time_is_read_in_any_form_when_it_says_when_it_was_received() {
        let event =
            |members: &str| format!(r#"{{"now":1,"events":[{{"id":"a","receivedAt":1795336200000,{members}}}]}}"#);
        for (timestamp, at) in [
            (r#""timestamp":"2026-11-22T10:00:00+0200""#, 1_795_334_400_000),
            (r#""timestamp":1795334400"#, 1_795_334_400_000),
            (r#""timestamp":"soon""#, 1_795_336_200_000),
            (r#""type":"track""#, 1_795_336_200_000),
        ] {
            let facts = Facts::from_json(&event(timestamp)).unwrap();
            assert_eq!(facts.events.first().map(|event| event.at.0), Some(at), "{timestamp}");
        }
    }

    #[test]
    fn time_and_profile_are_not_left_out() {
        for text in [r#"{"now":"x"}"#, r#"{"request":{}}"#, r#"{"now":1,"profile":5}"#, "[]", "{", "1"] {
            assert!(Facts::from_lenient_json(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_request_is_read(text in r#"\{"now":1,("(request|events)":[\[\]{}",:a-e0-9]{0,20},?){0,2}\}"#) {
            let _ = Facts::from_lenient_json(&text);
        }
    }
}
