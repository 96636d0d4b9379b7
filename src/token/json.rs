//! JSON that can mean only one thing: no duplicate members, bounded depth, an object at the top.
//!
//! RFC 7515 section 4 and RFC 7519 section 4 leave duplicate members to the parser, so two parsers
//! can read two different tokens in the same bytes. Here they are an error.

use super::reader;
use crate::prelude::*;
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use core::fmt;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Objects and arrays may nest this deep in a header, a payload or a key set.
pub(super) const MAX_DEPTH: usize = 16;

/// Why bytes are not JSON that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not JSON or not UTF-8.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
    /// An object names the same member twice.
    Duplicate,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// Checks that `json` is one object without duplicate members at any level.
pub(super) fn check(json: &[u8]) -> Result<(), Fault> {
    walk(json, &mut |_, _| {})
}

/// Checks as [`check`] does and shows every string to `visit`, with the nearest member name.
///
/// Member names are shown too, as their own value.
pub(super) fn walk(json: &[u8], visit: &mut dyn FnMut(&str, &str)) -> Result<(), Fault> {
    let mut walk = Walk { fault: None, visit };
    let outcome = reader::read_seed(json, Node { walk: &mut walk, depth: 0, member: "" });
    match (walk.fault, outcome) {
        (Some(fault), _) => Err(fault),
        (None, Err(_)) => Err(Fault::Syntax),
        (None, Ok(())) => Ok(()),
    }
}

struct Walk<'v> {
    fault: Option<Fault>,
    visit: &'v mut dyn FnMut(&str, &str),
}

impl Walk<'_> {
    // serde's errors are only text, so the fault is kept beside them.
    fn fail<E: Error>(&mut self, fault: Fault) -> E {
        self.fault = Some(fault);
        E::custom("refused")
    }
}

struct Node<'n, 'v> {
    walk: &'n mut Walk<'v>,
    depth: usize,
    member: &'n str,
}

impl Node<'_, '_> {
    fn leaf<E: Error>(self) -> Result<(), E> {
        if self.depth == 0 {
            return Err(self.walk.fail(Fault::NotAnObject));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(self.walk.fail(Fault::TooDeep));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.leaf()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.leaf()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.leaf()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.leaf()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.leaf()
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        (self.walk.visit)(self.member, text);
        self.leaf()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.depth == 0 {
            return Err(self.walk.fail(Fault::NotAnObject));
        }
        loop {
            let element = Node { walk: &mut *self.walk, depth: self.depth.saturating_add(1), member: self.member };
            if elements.next_element_seed(element)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(Name(name)) = members.next_key()? {
            (self.walk.visit)(&name, &name);
            members.next_value_seed(Node {
                walk: &mut *self.walk,
                depth: self.depth.saturating_add(1),
                member: &name,
            })?;
            if !seen.insert(name) {
                return Err(self.walk.fail(Fault::Duplicate));
            }
        }
        Ok(())
    }
}

/// A member name, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The value of a member whose type is checked by its reader, so that a wrong one has a name in the error.
#[derive(Debug, Default)]
pub(super) enum Scalar<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Integer(u64),
    Bool(bool),
    /// Anything else: null, negative or fractional number, array, object.
    Other,
}

impl Scalar<'_> {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Scalar::Absent)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(truth))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Scalar<'de>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Scalar<'de>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_distinct_members_passes() {
        assert_eq!(check(br#"{"a":1,"b":[{"a":null},{"a":-1.5}],"c":{"a":true}}"#), Ok(()));
    }

    #[test]
    fn duplicates_are_found_at_any_depth_and_through_escapes() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[1,{"y":{"a":1,"b":2,"a":3}}]}"#] {
            assert_eq!(check(json.as_bytes()), Err(Fault::Duplicate), "{json}");
        }
    }

    #[test]
    fn only_objects_pass() {
        for json in ["[]", "[{}]", "1", "-1", "1.5", "null", "true", "\"{}\""] {
            assert_eq!(check(json.as_bytes()), Err(Fault::NotAnObject), "{json}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_refused() {
        for json in ["", "{", "{}x", "{}{}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1e999}", "\u{feff}{}"] {
            assert_eq!(check(json.as_bytes()), Err(Fault::Syntax), "{json}");
        }
        assert_eq!(check(b"{\"a\":\"\xff\"}"), Err(Fault::Syntax));
        assert_eq!(check(br#"{"a":"\ud800"}"#), Err(Fault::Syntax));
    }

    #[test]
    fn depth_is_bounded_long_before_the_stack_is() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(check(nested(MAX_DEPTH + 1).as_bytes()), Err(Fault::TooDeep));
        assert_eq!(check(nested(100_000).as_bytes()), Err(Fault::TooDeep));
        assert_eq!(check("[".repeat(100_000).as_bytes()), Err(Fault::NotAnObject));
    }

    #[test]
    fn every_string_is_shown_with_its_member() {
        let mut seen = Vec::new();
        let json = br#"{"a":"x","b":["y",{"c":"z"}]}"#;
        walk(json, &mut |member, text| seen.push(format!("{member}={text}"))).ok();
        assert_eq!(seen, ["a=a", "a=x", "b=b", "b=y", "c=c", "c=z"]);
    }
}
