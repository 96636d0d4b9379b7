//! The JSON codec of all types that hosts exchange. Its errors name the member.
//!
//! A type lists its members once, with `json_codec!`; reading, writing, serde and the public conversions follow from
//! that list.
//!
//! why: serde's derived code is generic, so every type that is read and every format it is read from get code of their
//! own. Here the generic part of a type is a list of `&mut dyn JsonCodec` slots. All that walks JSON works on trait
//! objects and is compiled once. Together with sorted vectors this saves every browser 14 KB (gzip, see
//! ARCHITECTURE.md, "Bytes").

use core::fmt;

use crate::json::input::{DecodeError, DecodeFault, JsonSource};
use crate::json::reader::Reader;
use crate::json::{Object, Value};
use crate::prelude::*;

/// A mismatch between JSON and the expected type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    path: Vec<String>,
    expected: &'static str,
}

impl ShapeError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { path: Vec::new(), expected }
    }

    /// Adds the name of the enclosing member or element to the path.
    pub(crate) fn at(mut self, name: &str) -> Self {
        self.path.insert(0, name.to_owned());
        self
    }

    /// Returns the names of the members and the indices that lead to the value.
    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str("`")?;
            f.write_str(&self.path.join("."))?;
            f.write_str("`: ")?;
        }
        f.write_str("expected ")?;
        f.write_str(self.expected)
    }
}

impl core::error::Error for ShapeError {}

/// A type that can be read from JSON and written as JSON.
///
/// Values are read in place: the caller makes a default and passes it as `&mut dyn JsonCodec`. A method that returned
/// `Self` could not be called on a trait object, and would have to be compiled for each type.
pub(crate) trait JsonCodec: Reset {
    /// Reads JSON into `self`, which is a default before the call.
    // INVARIANT: after an error `self` holds any mixture of default and read members, so callers must drop it.
    // `from_value` and `from_json` do: they own the value and return only the error.
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault>;
    /// Returns the value as JSON.
    fn to_value(&self) -> Value;
    /// Checks whether the value may be left out where it is a member of an object.
    fn is_omitted(&self) -> bool {
        false
    }
}

/// A type that can be set to its default through a trait object.
pub(crate) trait Reset {
    fn reset(&mut self);
}

impl<T: Default> Reset for T {
    fn reset(&mut self) {
        *self = T::default();
    }
}

/// The rule for a member that is absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// An absent member is an error, reported as what its type expects instead of `null`.
    Required,
    /// A member that is absent or `null` keeps its default.
    Optional,
}

/// A member of an object, and the slot that it is read into.
pub(crate) struct Member<'p> {
    need: Need,
    name: &'static str,
    slot: &'p mut dyn JsonCodec,
    /// Whether the object had it.
    is_present: bool,
}

impl<'p> Member<'p> {
    pub(crate) fn new(need: Need, name: &'static str, slot: &'p mut dyn JsonCodec) -> Self {
        Self { need, name, slot, is_present: false }
    }

    /// Reads the member; the last of members with equal names counts.
    fn read(&mut self, mut input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        // why: `read` expects a default, and a second member of this name replaces the first one completely.
        if self.is_present {
            self.slot.reset();
        }
        self.is_present = true;
        if self.need == Need::Optional && input.is_null() {
            return input.value().map(drop);
        }
        self.slot.read(input).map_err(|fault| fault.at(self.name))
    }
}

/// Reads the members of an object, each into its slot; unknown members are skipped.
pub(crate) fn read_members(input: JsonSource<'_, '_>, members: &mut [Member<'_>]) -> Result<(), DecodeFault> {
    input.members(&mut |name, input| match members.iter_mut().find(|member| member.name == name) {
        Some(member) => member.read(input),
        None => input.value().map(drop),
    })?;
    let mut missing = members.iter_mut().filter(|member| member.need == Need::Required && !member.is_present);
    missing.try_for_each(|member| member.read(JsonSource::Value(Value::Null)))
}

/// Adds a member unless it may be left out.
pub(crate) fn put(out: &mut Object, name: &str, value: &dyn JsonCodec) {
    if !value.is_omitted() {
        out.insert(name, value.to_value());
    }
}

/// Reads an array with one item for each slot; at most `optional` items may be missing at its end.
pub(crate) fn read_tuple(
    input: JsonSource<'_, '_>,
    expected: &'static str,
    optional: usize,
    slots: &mut [&mut dyn JsonCodec],
) -> Result<(), DecodeFault> {
    let mut slots = slots.iter_mut();
    input.items(expected, &mut |item| match slots.next() {
        Some(slot) => slot.read(item),
        None => Err(DecodeFault::expected(expected)),
    })?;
    if slots.len() > optional { Err(DecodeFault::expected(expected)) } else { Ok(()) }
}

/// Reads a parsed value into a slot.
pub(crate) fn read_value(slot: &mut dyn JsonCodec, value: Value) -> Result<(), ShapeError> {
    slot.read(JsonSource::Value(value)).map_err(|fault| match fault {
        DecodeFault::Shape(error) => error,
        DecodeFault::Json(expected) => ShapeError::new(expected),
    })
}

/// Reads a JSON string into a slot.
pub(crate) fn read_text(slot: &mut dyn JsonCodec, text: &str) -> Result<(), DecodeError> {
    let mut reader = Reader::new(text);
    let read = slot.read(JsonSource::Text(&mut reader)).and_then(|()| Ok(reader.end()?));
    read.map_err(|fault| match fault {
        DecodeFault::Shape(error) => DecodeError::Shape(error),
        DecodeFault::Json(expected) => DecodeError::Json(reader.error(expected)),
    })
}

/// Implements the codec of a struct: for each field its JSON name, and whether it is required.
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

/// Adds the public conversions of a type with a codec, and serde's traits by way of [`Value`].
macro_rules! via_value {
    ($name:ident) => {
        impl $name {
            /// Converts a JSON value.
            ///
            /// # Errors
            /// Names the first member that is not as expected.
            pub fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                let mut read = Self::default();
                $crate::json::codec::read_value(&mut read, value)?;
                Ok(read)
            }
            /// Parses JSON. The last of members with equal names counts, but each of them must be as expected.
            ///
            /// # Errors
            /// Returns the first position where the string is not JSON, or the member that is not as expected.
            pub fn from_json(text: &str) -> Result<Self, $crate::DecodeError> {
                let mut read = Self::default();
                $crate::json::codec::read_text(&mut read, text)?;
                Ok(read)
            }
            /// Returns the value as JSON; empty members are left out.
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

/// Implements the codec of an enum that is a string in JSON.
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
        /// Decoding a string gives the same as parsing it and decoding the value.
        #[test]
        fn a_text_and_its_value_are_the_same(text in text()) {
            let value = json::parse(&text).unwrap();
            let of_value = Facts::from_value(value.clone()).ok();
            if let Ok(facts) = Facts::from_json(&text) {
                prop_assert_eq!(Some(facts), of_value.clone(), "{}", text);
            }
            // Each name is kept once, because the value of a repeated name may be invalid.
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

    /// Almost valid facts: some members are repeated, null or of the wrong type.
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
