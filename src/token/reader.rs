//! The core's JSON reader for serde: texts are borrowed, and an error says no more than that there is one.

use crate::json::Reader;
use crate::value::Value;
use core::fmt;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// What the JSON describes. Whoever calls bounds its depth, as [`super::json::walk`] does.
pub(super) fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Refused> {
    read_seed(json, core::marker::PhantomData)
}

/// What the seed makes of the JSON.
pub(super) fn read_seed<'de, S: DeserializeSeed<'de>>(json: &'de [u8], seed: S) -> Result<S::Value, Refused> {
    let mut reader = Reader::new(core::str::from_utf8(json).map_err(|_| Refused)?);
    let value = seed.deserialize(Source(&mut reader))?;
    reader.end()?;
    Ok(value)
}

/// The bytes are no JSON, or not what the type asks for.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl core::error::Error for Refused {}

impl Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl From<&'static str> for Refused {
    fn from(_: &'static str) -> Self {
        Self
    }
}

struct Source<'r, 'de>(&'r mut Reader<'de>);

impl<'de> Deserializer<'de> for Source<'_, 'de> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.0.peek() {
            Some(b'{') => {
                let more = self.0.begins_list(b'}')?;
                visitor.visit_map(List { reader: self.0, more })
            }
            Some(b'[') => {
                let more = self.0.begins_list(b']')?;
                visitor.visit_seq(List { reader: self.0, more })
            }
            Some(b'"') => match self.0.plain_string() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => visitor.visit_string(self.0.string()?),
            },
            Some(b'-' | b'0'..=b'9') => {
                let (text, number) = self.0.number_and_text()?;
                match (text.parse(), text.parse()) {
                    (Ok(whole), _) => visitor.visit_u64(whole),
                    (_, Ok(whole)) if whole != 0_i64 => visitor.visit_i64(whole),
                    _ => visitor.visit_f64(number),
                }
            }
            _ => match self.0.word()? {
                Value::Bool(truth) => visitor.visit_bool(truth),
                _ => visitor.visit_unit(),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.0.peek() == Some(b'n') {
            self.0.word()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The members or elements that are still to come.
struct List<'r, 'de> {
    reader: &'r mut Reader<'de>,
    more: bool,
}

impl<'de> SeqAccess<'de> for List<'_, 'de> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if !self.more {
            return Ok(None);
        }
        let element = seed.deserialize(Source(self.reader))?;
        self.more = self.reader.continues_list(b']', "`,` or `]`")?;
        Ok(Some(element))
    }
}

impl<'de> MapAccess<'de> for List<'_, 'de> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if !self.more {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(Refused);
        }
        seed.deserialize(Source(self.reader)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        self.reader.colon()?;
        let value = seed.deserialize(Source(self.reader))?;
        self.more = self.reader.continues_list(b'}', "`,` or `}`")?;
        Ok(value)
    }
}
