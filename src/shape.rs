//! The shape of what hosts send and get as JSON: one small conversion for each type, over [`Value`].
//!
//! Everything goes through [`Value`], so that a browser has the code of one JSON reader, and errors name the member.

use core::fmt;

use crate::sorted::{Map, Set};
use crate::time::Millis;
use crate::value::{Object, Value};

/// The largest whole number that JSON carries exactly everywhere.
const MAX_WHOLE: f64 = 9_007_199_254_740_991.0;

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
pub(crate) trait Shape: Sized {
    /// Reads it.
    fn from_value(value: Value) -> Result<Self, ShapeError>;
    /// Writes it.
    fn to_value(&self) -> Value;
    /// Whether it may be left out where it is a member.
    fn is_nothing(&self) -> bool {
        false
    }
}

/// The members of an object, to be taken one after the other.
pub(crate) struct Members(Object);

impl Members {
    pub(crate) fn of(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(ShapeError::new("an object")),
        }
    }

    /// A member that must be there.
    pub(crate) fn required<T: Shape>(&mut self, name: &str) -> Result<T, ShapeError> {
        T::from_value(self.0.take(name)).map_err(|error| error.at(name))
    }

    /// A member, or what stands for its absence.
    pub(crate) fn optional<T: Shape + Default>(&mut self, name: &str) -> Result<T, ShapeError> {
        match self.0.take(name) {
            Value::Null => Ok(T::default()),
            found => T::from_value(found).map_err(|error| error.at(name)),
        }
    }
}

/// Adds a member unless it may be left out.
pub(crate) fn put<T: Shape>(out: &mut Object, name: &str, value: &T) {
    if !value.is_nothing() {
        out.insert(name, value.to_value());
    }
}

/// Declares the shape of a struct: for each field its name in JSON, and whether it must be there.
macro_rules! shape {
    ($name:ident { $($field:ident: $need:ident $key:literal,)* }) => {
        impl $crate::shape::Shape for $name {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                let mut members = $crate::shape::Members::of(value)?;
                Ok(Self { $($field: members.$need($key)?,)* })
            }
            fn to_value(&self) -> $crate::Value {
                let mut out = $crate::Object::new();
                $($crate::shape::put(&mut out, $key, &self.$field);)*
                $crate::Value::Object(out)
            }
        }
        $crate::shape::through_value!($name);
    };
}
pub(crate) use shape;

/// Makes a shape readable and writable for serde's formats, and convertible in public.
macro_rules! through_value {
    ($name:ident) => {
        impl $name {
            /// Reads it from a JSON value.
            ///
            /// # Errors
            /// Names the member that is not as expected.
            pub fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                $crate::shape::Shape::from_value(value)
            }
            /// Writes it as a JSON value; what is empty is left out.
            #[must_use]
            pub fn to_value(&self) -> $crate::Value {
                $crate::shape::Shape::to_value(self)
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
pub(crate) use through_value;

/// Declares the shape of an enum that is a word in JSON.
macro_rules! word_shape {
    ($name:ident, $expected:literal) => {
        impl $crate::shape::Shape for $name {
            fn from_value(value: $crate::Value) -> Result<Self, $crate::ShapeError> {
                value.as_str().and_then(Self::from_name).ok_or($crate::ShapeError::new($expected))
            }
            fn to_value(&self) -> $crate::Value {
                $crate::Value::from(self.name())
            }
        }
        $crate::shape::through_value!($name);
    };
}
pub(crate) use word_shape;

impl Shape for Value {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        Ok(value)
    }
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl Shape for Object {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        Members::of(value).map(|members| members.0)
    }
    fn to_value(&self) -> Value {
        Value::Object(self.clone())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Shape for String {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(ShapeError::new("a text")),
        }
    }
    fn to_value(&self) -> Value {
        Value::from(self.as_str())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Shape for bool {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        match value {
            Value::Bool(value) => Ok(value),
            _ => Err(ShapeError::new("true or false")),
        }
    }
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
    fn is_nothing(&self) -> bool {
        !self
    }
}

impl Shape for Millis {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        let whole = value.as_f64().filter(|ms| (-MAX_WHOLE..=MAX_WHOLE).contains(ms) && ms % 1.0 == 0.0);
        whole.map(|ms| Self(ms as i64)).ok_or(ShapeError::new("whole milliseconds"))
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

impl Shape for u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        let whole =
            value.as_f64().filter(|number| (0.0..=f64::from(Self::MAX)).contains(number) && number % 1.0 == 0.0);
        whole.map(|number| number as Self).ok_or(ShapeError::new("a whole number from 0 to 4294967295"))
    }
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }
}

impl<T: Shape> Shape for Option<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        let Value::Array(items) = value else { return Err(ShapeError::new("a list")) };
        items.into_iter().map(T::from_value).collect()
    }
    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(T::to_value).collect())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Shape + Ord> Shape for Set<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        Ok(Vec::<T>::from_value(value)?.into_iter().collect())
    }
    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(T::to_value).collect())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Shape> Shape for Map<T> {
    fn from_value(value: Value) -> Result<Self, ShapeError> {
        let members = Members::of(value)?.0.into_sorted();
        let read = |(name, value): (String, Value)| match T::from_value(value) {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(error.at(&name)),
        };
        members.into_iter().map(read).collect()
    }
    fn to_value(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name, value.to_value())).collect())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}
