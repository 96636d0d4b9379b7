//! The pull source of the codec: JSON that becomes a type directly, from a string or from a parsed value.

use core::fmt;

use crate::json::Value;
use crate::json::codec::ShapeError;
use crate::json::reader::{JsonError, Reader};

/// JSON that is read into a type.
pub(crate) enum JsonSource<'r, 'a> {
    /// The next value of a string, which is parsed without building a [`Value`] first.
    Text(&'r mut Reader<'a>),
    /// A value that was parsed before.
    Value(Value),
}

/// The reason why a string cannot be decoded into a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is not JSON.
    Json(JsonError),
    /// It is JSON, but not of the expected shape.
    Shape(ShapeError),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Shape(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A decoding error without a position; the reader of the string has that.
pub(crate) enum DecodeFault {
    /// A syntax error: what was expected instead.
    Json(&'static str),
    /// JSON of another shape.
    Shape(ShapeError),
}

impl DecodeFault {
    pub(crate) const fn expected(expected: &'static str) -> Self {
        Self::Shape(ShapeError::new(expected))
    }

    /// Adds the name of the enclosing member to the path of the error.
    pub(crate) fn at(self, name: &str) -> Self {
        match self {
            Self::Shape(error) => Self::Shape(error.at(name)),
            Self::Json(expected) => Self::Json(expected),
        }
    }
}

impl From<&'static str> for DecodeFault {
    fn from(expected: &'static str) -> Self {
        Self::Json(expected)
    }
}

impl<'a> JsonSource<'_, 'a> {
    /// Checks whether the next value is `null`.
    pub(crate) fn is_null(&mut self) -> bool {
        match self {
            Self::Text(reader) => reader.peek() == Some(b'n'),
            Self::Value(value) => *value == Value::Null,
        }
    }

    /// Reads all of it as a value.
    pub(crate) fn value(self) -> Result<Value, DecodeFault> {
        match self {
            Self::Text(reader) => Ok(reader.value()?),
            Self::Value(value) => Ok(value),
        }
    }

    /// Calls `read` for each member of an object. It gets the member's name, and must consume its value.
    pub(crate) fn members(
        self,
        read: &mut dyn FnMut(&str, JsonSource<'_, 'a>) -> Result<(), DecodeFault>,
    ) -> Result<(), DecodeFault> {
        match self {
            Self::Text(reader) => {
                check_next(reader, b'{', "an object")?;
                let mut more = reader.begins_list(b'}')?;
                while more {
                    let name = reader.name()?;
                    read(&name, JsonSource::Text(reader))?;
                    more = reader.continues_list(b'}', "`,` or `}`")?;
                }
                Ok(())
            }
            Self::Value(Value::Object(object)) => {
                object.into_members().into_iter().try_for_each(|(name, value)| read(&name, JsonSource::Value(value)))
            }
            Self::Value(_) => Err(DecodeFault::expected("an object")),
        }
    }

    /// Calls `read` for each item of an array, which it must consume; `expected` describes the array in errors.
    pub(crate) fn items(
        self,
        expected: &'static str,
        read: &mut dyn FnMut(JsonSource<'_, 'a>) -> Result<(), DecodeFault>,
    ) -> Result<(), DecodeFault> {
        match self {
            Self::Text(reader) => {
                check_next(reader, b'[', expected)?;
                let mut more = reader.begins_list(b']')?;
                while more {
                    read(JsonSource::Text(reader))?;
                    more = reader.continues_list(b']', "`,` or `]`")?;
                }
                Ok(())
            }
            Self::Value(Value::Array(items)) => items.into_iter().try_for_each(|item| read(JsonSource::Value(item))),
            Self::Value(_) => Err(DecodeFault::expected(expected)),
        }
    }
}

fn check_next(reader: &mut Reader<'_>, byte: u8, expected: &'static str) -> Result<(), DecodeFault> {
    if reader.peek() == Some(byte) { Ok(()) } else { Err(DecodeFault::expected(expected)) }
}
