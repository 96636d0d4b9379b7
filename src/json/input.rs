//! JSON that is to be read into a type: a text, which becomes that type without being anything else before, or a value.

use core::fmt;

use crate::json::Value;
use crate::json::codec::ShapeError;
use crate::json::reader::{JsonError, Reader};

/// Where the JSON is.
pub(crate) enum JsonSource<'r, 'a> {
    /// What comes next in a text.
    Text(&'r mut Reader<'a>),
    /// A value that somebody has read already.
    Value(Value),
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is not JSON.
    Json(JsonError),
    /// It is JSON of another shape.
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

/// Why reading ended; a text's reader knows where.
pub(crate) enum DecodeFault {
    /// Something else should have been there for this to be JSON.
    Json(&'static str),
    /// It has another shape.
    Shape(ShapeError),
}

impl DecodeFault {
    pub(crate) const fn expected(expected: &'static str) -> Self {
        Self::Shape(ShapeError::new(expected))
    }

    /// The fault as one of the member `name`.
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
    /// Whether this is `null`.
    pub(crate) fn is_null(&mut self) -> bool {
        match self {
            Self::Text(reader) => reader.peek() == Some(b'n'),
            Self::Value(value) => *value == Value::Null,
        }
    }

    /// All of it, as a value.
    pub(crate) fn value(self) -> Result<Value, DecodeFault> {
        match self {
            Self::Text(reader) => Ok(reader.value()?),
            Self::Value(value) => Ok(value),
        }
    }

    /// The members of an object, each with its name, which `read` has to read.
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

    /// The items of a list, each of which `read` has to read; `expected` says what is not there if this is none.
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
