//! Unambiguous JSON: no duplicate members, bounded depth, an object at the top.
//!
//! RFC 7515 section 4 and RFC 7519 section 4 leave duplicate members to the parser, so two parsers can read different
//! tokens from the same bytes. Here duplicates are an error.

use crate::collections::SortedMap;
use crate::json::reader::Reader;
use crate::prelude::*;
use alloc::borrow::Cow;

/// The greatest depth to which objects and arrays may nest in a header, a payload or a key set.
pub(crate) const MAX_DEPTH: usize = 16;

/// The reason why bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StrictJsonFault {
    /// Not JSON or not UTF-8.
    Syntax,
    /// JSON, but not an object.
    NotAnObject,
    /// An object repeats a member.
    Duplicate,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

impl From<&'static str> for StrictJsonFault {
    fn from(_: &'static str) -> Self {
        Self::Syntax
    }
}

/// The members of an object, each with the JSON of its value. They borrow from the string, so that secrets are not
/// copied.
pub(crate) struct Members<'a>(SortedMap<&'a str, Cow<'a, str>>);

impl<'a> Members<'a> {
    /// Parses `json` as one object without duplicate members at any level.
    pub(crate) fn read(json: &'a [u8]) -> Result<Self, StrictJsonFault> {
        walk(json, &mut |_, _| {})
    }

    /// Returns the value of a member, which may be absent.
    pub(crate) fn get(&self, name: &str) -> Scalar<'a> {
        self.json(name).map_or(Scalar::Absent, Scalar::read)
    }

    /// Returns the JSON of a member.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }
}

/// Parses like [`Members::read`], and calls `visit` for every string with the nearest member name.
///
/// Member names are visited too, as their own value.
pub(crate) fn walk<'a>(json: &'a [u8], visit: &mut dyn FnMut(&str, &str)) -> Result<Members<'a>, StrictJsonFault> {
    let mut walk = Walk::new(core::str::from_utf8(json).map_err(|_| StrictJsonFault::Syntax)?, visit);
    match walk.reader.peek() {
        Some(b'{') => {}
        Some(b'[') => return Err(StrictJsonFault::NotAnObject),
        _ => return Err(walk.value(0, "").err().unwrap_or(StrictJsonFault::NotAnObject)),
    }
    let members = walk.object(0)?;
    walk.reader.end()?;
    Ok(members)
}

/// Returns the JSON of each element of an array that was parsed as a part of an object; `None` for other JSON.
pub(crate) fn elements(json: &str) -> Option<Vec<&str>> {
    json.starts_with('[').then(|| Walk::new(json, &mut |_, _| {}).array(0, "").ok()).flatten()
}

struct Walk<'a, 'v> {
    reader: Reader<'a>,
    visit: &'v mut dyn FnMut(&str, &str),
}

impl<'a, 'v> Walk<'a, 'v> {
    fn new(json: &'a str, visit: &'v mut dyn FnMut(&str, &str)) -> Self {
        Self { reader: Reader::new(json), visit }
    }

    fn object(&mut self, depth: usize) -> Result<Members<'a>, StrictJsonFault> {
        let mut members = SortedMap::default();
        let mut more = self.reader.begins_list(b'}')?;
        while more {
            let name = self.reader.name()?;
            (self.visit)(&name, &name);
            let json = self.value(depth.saturating_add(1), &name)?;
            more = self.reader.continues_list(b'}', "`,` or `}`")?;
            if members.insert(name, json).is_some() {
                return Err(StrictJsonFault::Duplicate);
            }
        }
        Ok(Members(members))
    }

    fn array(&mut self, depth: usize, member: &str) -> Result<Vec<&'a str>, StrictJsonFault> {
        let mut elements = Vec::new();
        let mut more = self.reader.begins_list(b']')?;
        while more {
            elements.push(self.value(depth.saturating_add(1), member)?);
            more = self.reader.continues_list(b']', "`,` or `]`")?;
        }
        Ok(elements)
    }

    /// Returns the JSON of the next value.
    fn value(&mut self, depth: usize, member: &str) -> Result<&'a str, StrictJsonFault> {
        if depth > MAX_DEPTH {
            return Err(StrictJsonFault::TooDeep);
        }
        let first = self.reader.peek();
        let before = self.reader.rest();
        match first {
            Some(b'{') => self.object(depth).map(drop)?,
            Some(b'[') => self.array(depth, member).map(drop)?,
            Some(b'"') => (self.visit)(member, &self.reader.text()?),
            Some(b'-' | b'0'..=b'9') => self.reader.number_and_text().map(drop)?,
            _ => self.reader.word().map(drop)?,
        }
        let length = before.len().saturating_sub(self.reader.rest().len());
        Ok(before.get(..length).unwrap_or_default())
    }
}

/// The value of a member. Its reader checks the type, so that an error can name the member.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Absent,
    Text(Cow<'a, str>),
    Integer(u64),
    Bool(bool),
    /// Any other value: null, a negative or fractional number, an array, an object.
    Other,
}

impl<'a> Scalar<'a> {
    /// Returns the value of JSON that was parsed as a part of an object.
    pub(crate) fn read(json: &'a str) -> Self {
        match json {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ => match Reader::new(json).text() {
                Ok(text) => Self::Text(text),
                Err(_) => json.parse().map_or(Self::Other, Self::Integer),
            },
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Scalar::Absent)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &[u8]) -> Result<(), StrictJsonFault> {
        Members::read(json).map(drop)
    }

    #[test]
    fn an_object_with_distinct_members_passes() {
        assert_eq!(check(br#"{"a":1,"b":[{"a":null},{"a":-1.5}],"c":{"a":true}}"#), Ok(()));
    }

    #[test]
    fn duplicates_are_found_at_any_depth_and_through_escapes() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[1,{"y":{"a":1,"b":2,"a":3}}]}"#] {
            assert_eq!(check(json.as_bytes()), Err(StrictJsonFault::Duplicate), "{json}");
        }
    }

    #[test]
    fn only_objects_pass() {
        for json in ["[]", "[{}]", "1", "-1", "1.5", "null", "true", "\"{}\""] {
            assert_eq!(check(json.as_bytes()), Err(StrictJsonFault::NotAnObject), "{json}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_refused() {
        for json in ["", "{", "{}x", "{}{}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1e999}", "\u{feff}{}"] {
            assert_eq!(check(json.as_bytes()), Err(StrictJsonFault::Syntax), "{json}");
        }
        assert_eq!(check(b"{\"a\":\"\xff\"}"), Err(StrictJsonFault::Syntax));
        assert_eq!(check(br#"{"a":"\ud800"}"#), Err(StrictJsonFault::Syntax));
    }

    #[test]
    fn depth_is_bounded_long_before_the_stack_is() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(check(nested(MAX_DEPTH + 1).as_bytes()), Err(StrictJsonFault::TooDeep));
        assert_eq!(check(nested(100_000).as_bytes()), Err(StrictJsonFault::TooDeep));
        assert_eq!(check("[".repeat(100_000).as_bytes()), Err(StrictJsonFault::NotAnObject));
    }

    #[test]
    fn every_string_is_shown_with_its_member() {
        let mut seen = Vec::new();
        let json = br#"{"a":"x","b":["y",{"c":"z"}]}"#;
        walk(json, &mut |member, text| seen.push(format!("{member}={text}"))).ok();
        assert_eq!(seen, ["a=a", "a=x", "b=b", "b=y", "c=c", "c=z"]);
    }
}
