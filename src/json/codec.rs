//! The shape of what hosts send and get as JSON: one small conversion for each type, and errors that name the member.

use core::fmt;

use crate::json::input::{DecodeError, DecodeFault, JsonSource};
use crate::json::reader::Reader;
use crate::json::{Object, Value};
use crate::prelude::*;

/// Why JSON does not have the shape that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    path: String,
    expected: &'static str,
}

impl ShapeError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { path: String::new(), expected }
    }

    /// The error as one of the member (or element) `name`.
    pub(crate) fn at(mut self, name: &str) -> Self {
        if !self.path.is_empty() {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, name);
        self
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str("`")?;
            f.write_str(&self.path)?;
            f.write_str("`: ")?;
        }
        f.write_str("expected ")?;
        f.write_str(self.expected)
    }
}

impl core::error::Error for ShapeError {}

/// A type with a shape in JSON.
///
/// Reading fills in a default, so that what does not depend on the type works on `dyn JsonCodec` and is there once.
pub(crate) trait JsonCodec: Reset {
    /// Reads it into a default; after an error nothing is known of it.
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault>;
    /// Writes it.
    fn to_value(&self) -> Value;
    /// Whether it may be left out where it is a member.
    fn is_omitted(&self) -> bool {
        false
    }
}

/// What can be its default again.
pub(crate) trait Reset {
    fn reset(&mut self);
}

impl<T: Default> Reset for T {
    fn reset(&mut self) {
        *self = T::default();
    }
}

/// Whether a member must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    /// What is not there, or null, keeps its default.
    Optional,
}

/// A member of an object, and the place that it is read into.
pub(crate) struct Member<'p> {
    need: Need,
    name: &'static str,
    place: &'p mut dyn JsonCodec,
    /// Whether it was there.
    is_met: bool,
}

impl<'p> Member<'p> {
    pub(crate) fn new(need: Need, name: &'static str, place: &'p mut dyn JsonCodec) -> Self {
        Self { need, name, place, is_met: false }
    }

    /// Reads it; of several with this name the last one counts.
    fn read(&mut self, mut input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        if self.is_met {
            self.place.reset();
        }
        self.is_met = true;
        if self.need == Need::Optional && input.is_null() {
            return input.value().map(drop);
        }
        self.place.read(input).map_err(|fault| fault.at(self.name))
    }
}

/// Reads the members of an object, each into its place; others are passed over.
pub(crate) fn read_members(input: JsonSource<'_, '_>, members: &mut [Member<'_>]) -> Result<(), DecodeFault> {
    input.members(&mut |name, input| match members.iter_mut().find(|member| member.name == name) {
        Some(member) => member.read(input),
        None => input.value().map(drop),
    })?;
    let mut missing = members.iter_mut().filter(|member| member.need == Need::Required && !member.is_met);
    missing.try_for_each(|member| member.read(JsonSource::Value(Value::Null)))
}

/// Adds a member unless it may be left out.
pub(crate) fn put(out: &mut Object, name: &str, value: &dyn JsonCodec) {
    if !value.is_omitted() {
        out.insert(name, value.to_value());
    }
}

/// Reads a list of so many items, each into its place; the last ones may be missing, but not more than `optional`.
pub(crate) fn read_tuple(
    input: JsonSource<'_, '_>,
    expected: &'static str,
    optional: usize,
    places: &mut [&mut dyn JsonCodec],
) -> Result<(), DecodeFault> {
    let mut places = places.iter_mut();
    input.items(expected, &mut |item| match places.next() {
        Some(place) => place.read(item),
        None => Err(DecodeFault::expected(expected)),
    })?;
    if places.len() > optional { Err(DecodeFault::expected(expected)) } else { Ok(()) }
}

/// Reads a shape from a value.
pub(crate) fn read_value(place: &mut dyn JsonCodec, value: Value) -> Result<(), ShapeError> {
    place.read(JsonSource::Value(value)).map_err(|fault| match fault {
        DecodeFault::Shape(error) => error,
        DecodeFault::Json(expected) => ShapeError::new(expected),
    })
}

/// Reads a shape from JSON.
pub(crate) fn read_text(place: &mut dyn JsonCodec, text: &str) -> Result<(), DecodeError> {
    let mut reader = Reader::new(text);
    let read = place.read(JsonSource::Text(&mut reader)).and_then(|()| Ok(reader.end()?));
    read.map_err(|fault| match fault {
        DecodeFault::Shape(error) => DecodeError::Shape(error),
        DecodeFault::Json(expected) => DecodeError::Json(reader.error(expected)),
    })
}

/// Declares the shape of a struct: for each field its name in JSON, and whether it must be there.
macro_rules! json_codec {
    ($name:ident { $($field:ident: $need:ident $key:literal,)* }) => {
        impl $crate::json::codec::JsonCodec for $name {
            fn read(&mut self, input: $crate::json::input::JsonSource<'_, '_>) -> Result<(), $crate::json::input::DecodeFault> {
                $crate::json::codec::read_members(
                    input,
                    &mut [$($crate::json::codec::Member::new($crate::json::codec::Need::$need, $key, &mut self.$field),)*],
                )
            }
            fn to_value(&self) -> $crate::Value {
                let mut out = $crate::Object::new();
                let members: &[(&str, &dyn $crate::json::codec::JsonCodec)] = &[$(($key, &self.$field),)*];
                for (name, value) in members {
                    $crate::json::codec::put(&mut out, name, *value);
                }
                $crate::Value::Object(out)
            }
        }
        $crate::json::codec::via_value!($name);
    };
}
pub(crate) use json_codec;

/// Makes a shape readable and writable for serde's formats, and convertible in public.
macro_rules! via_value {
    ($name:ident) => {
        impl $name {
            /// Reads it from a JSON value.
            ///
            /// # Errors
            /// Names the member that is not as expected.
            pub fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                let mut read = Self::default();
                $crate::json::codec::read_value(&mut read, value)?;
                Ok(read)
            }
            /// Reads it from JSON; of members with equal names the last one counts, and each must be as expected.
            ///
            /// # Errors
            /// Names the first place where the text is not JSON, or the member that is not as expected.
            pub fn from_json(text: &str) -> Result<Self, $crate::DecodeError> {
                let mut read = Self::default();
                $crate::json::codec::read_text(&mut read, text)?;
                Ok(read)
            }
            /// Writes it as a JSON value; what is empty is left out.
            #[must_use]
            pub fn to_value(&self) -> $crate::Value {
                $crate::json::codec::JsonCodec::to_value(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::Value::deserialize(deserializer)?;
                Self::from_value(value).map_err(serde::de::Error::custom)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_value().serialize(serializer)
            }
        }
    };
}
pub(crate) use via_value;

/// Declares the shape of an enum that is a word in JSON.
macro_rules! string_enum {
    ($name:ident, $expected:literal) => {
        impl $crate::json::codec::JsonCodec for $name {
            fn read(
                &mut self,
                input: $crate::json::input::JsonSource<'_, '_>,
            ) -> Result<(), $crate::json::input::DecodeFault> {
                let word = input.value()?;
                *self = word
                    .as_str()
                    .and_then(Self::from_name)
                    .ok_or($crate::json::input::DecodeFault::expected($expected))?;
                Ok(())
            }
            fn to_value(&self) -> $crate::Value {
                $crate::Value::from(self.name())
            }
        }
        $crate::json::codec::via_value!($name);
    };
}
pub(crate) use string_enum;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::json::{self, canonical};
    use crate::{Facts, Profile};
    use proptest::prelude::*;

    #[test]
    fn of_members_with_equal_names_the_last_one_counts() {
        let facts = Facts::from_json(
            r#"{"now":1,"profile":{"subject":"a","segments":["x"],"traits":{"t":[1,1,1],"s":[1,1,1],"t":[2,2,2]}},"now":2,
                "profile":{"traits":{"t":[3,3,3]},"traits":{"u":[4,4,4],"t":[5,5,5],"u":[6,6,6]}},"other":[{"now":3}]}"#,
        )
        .unwrap();
        let expected = r#"{"now":2,"profile":{"traits":{"t":[5,5,5],"u":[6,6,6]}}}"#;
        assert_eq!(facts, Facts::from_json(expected).unwrap());
    }

    #[test]
    fn an_error_says_where_the_text_is_no_json_or_which_member_is_wrong() {
        let message = |text: &str| Facts::from_json(text).unwrap_err().to_string();
        assert_eq!(message(r#"{"now":1,"#), "byte 9: expected a string");
        assert_eq!(message(r#"{"now":1} x"#), "byte 10: expected the end");
        assert_eq!(message("{}"), "`now`: expected whole milliseconds");
        assert_eq!(message(r#"{"now":null}"#), "`now`: expected whole milliseconds");
        assert_eq!(message("[]"), "expected an object");
        let stamp = |stamp: &str| message(&format!(r#"{{"now":1,"profile":{{"offers":{{"a":{stamp}}}}}}}"#));
        for wrong in ["1", "[1]", "[1,2,3]", "[1,2,]"] {
            assert!(stamp(wrong).contains("expected"), "{wrong}");
        }
        assert_eq!(stamp("[1]"), "`profile.offers.a`: expected a stamp: [time, id]");
        let deep = format!(r#"{{"now":1,"request":{{"attributes":{{"a":{}"#, "[".repeat(1_000));
        assert!(message(&deep).ends_with("expected less nesting"));
    }

    proptest! {
        /// A text that is read at once is what it would be as a value that is read then.
        #[test]
        fn a_text_and_its_value_are_the_same(text in text()) {
            let value = json::parse(&text).unwrap();
            let of_value = Facts::from_value(value.clone()).ok();
            if let Ok(facts) = Facts::from_json(&text) {
                prop_assert_eq!(Some(facts), of_value.clone(), "{}", text);
            }
            // Each name once: a value that does not count may be wrong.
            prop_assert_eq!(Facts::from_json(&canonical::to_json_text(&value)).ok(), of_value, "{}", text);
        }

        #[test]
        fn what_is_written_is_read_as_it_was(text in text()) {
            if let Ok(facts) = Facts::from_json(&text) {
                let written = canonical::to_string(&facts.to_value());
                prop_assert_eq!(canonical::to_string(&Facts::from_json(&written).unwrap().to_value()), written);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}",:\\ntrufalse0-9]{0,40}"#) {
            let _ = (Facts::from_json(&text), Profile::from_json(&text));
        }
    }

    /// Facts, nearly: some members stand twice, are null, or are not as they should be.
    fn text() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            Just("null".to_owned()),
            Just("1".to_owned()),
            Just("[]".to_owned()),
            Just(r#""granted""#.to_owned()),
            Just(r#"["a","b"]"#.to_owned()),
            Just("[5,1,2]".to_owned()),
            Just("[1,2]".to_owned()),
            Just("true".to_owned()),
            Just(r#"{"b":[1,2,3],"a":[4,5,6]}"#.to_owned()),
        ];
        let name = proptest::sample::select(vec![
            "now",
            "profile",
            "request",
            "events",
            "subject",
            "traits",
            "consent",
            "counters",
            "segments",
            "attributes",
            "slots",
            "channel",
            "a",
            "b",
        ]);
        value.prop_recursive(4, 40, 6, move |inner| {
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members = members.iter().map(|(name, value)| format!(",{name:?} : {value}"));
                format!(r#"{{"now": 1{}}}"#, members.collect::<String>())
            })
        })
    }
}
