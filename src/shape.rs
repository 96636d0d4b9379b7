//! The shape of what hosts send and get as JSON: one small conversion for each type, over [`Value`].
//!
//! Everything goes through [`Value`], so that a browser has the code of one JSON reader, and errors name the member.

use core::fmt;

use crate::prelude::*;
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
///
/// Reading fills in a default, so that what does not depend on the type works on `dyn Shape` and is there once.
pub(crate) trait Shape {
    /// Reads it; after an error nothing is known of it.
    fn read(&mut self, value: Value) -> Result<(), ShapeError>;
    /// Writes it.
    fn to_value(&self) -> Value;
    /// Whether it may be left out where it is a member.
    fn is_nothing(&self) -> bool {
        false
    }
}

/// Whether a member must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    /// What is not there keeps its default.
    Optional,
}

/// Reads the members of an object, each into its place.
pub(crate) fn read_members(value: Value, places: &mut [(Need, &str, &mut dyn Shape)]) -> Result<(), ShapeError> {
    let Value::Object(mut object) = value else { return Err(ShapeError::new("an object")) };
    for (need, name, place) in places {
        match object.take(name) {
            Value::Null if *need == Need::Optional => {}
            found => place.read(found).map_err(|error| error.at(name))?,
        }
    }
    Ok(())
}

/// Adds a member unless it may be left out.
pub(crate) fn put(out: &mut Object, name: &str, value: &dyn Shape) {
    if !value.is_nothing() {
        out.insert(name, value.to_value());
    }
}

/// Reads a list of so many items, each into its place.
pub(crate) fn read_tuple(
    value: Value,
    expected: &'static str,
    places: &mut [&mut dyn Shape],
) -> Result<(), ShapeError> {
    match value {
        Value::Array(items) if items.len() == places.len() => {
            places.iter_mut().zip(items).try_for_each(|(place, item)| place.read(item))
        }
        _ => Err(ShapeError::new(expected)),
    }
}

fn read_list(value: Value, add: &mut dyn FnMut(Value) -> Result<(), ShapeError>) -> Result<(), ShapeError> {
    match value {
        Value::Array(items) => items.into_iter().try_for_each(add),
        _ => Err(ShapeError::new("a list")),
    }
}

fn list(items: &mut dyn Iterator<Item = &dyn Shape>) -> Value {
    Value::Array(items.map(Shape::to_value).collect())
}

/// Declares the shape of a struct: for each field its name in JSON, and whether it must be there.
macro_rules! shape {
    ($name:ident { $($field:ident: $need:ident $key:literal,)* }) => {
        impl $crate::shape::Shape for $name {
            fn read(&mut self, value: $crate::Value) -> Result<(), $crate::ShapeError> {
                $crate::shape::read_members(
                    value,
                    &mut [$(($crate::shape::Need::$need, $key, &mut self.$field),)*],
                )
            }
            fn to_value(&self) -> $crate::Value {
                let mut out = $crate::Object::new();
                let members: &[(&str, &dyn $crate::shape::Shape)] = &[$(($key, &self.$field),)*];
                for (name, value) in members {
                    $crate::shape::put(&mut out, name, *value);
                }
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
                let mut read = Self::default();
                $crate::shape::Shape::read(&mut read, value)?;
                Ok(read)
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
            fn read(&mut self, value: $crate::Value) -> Result<(), $crate::ShapeError> {
                *self = value.as_str().and_then(Self::from_name).ok_or($crate::ShapeError::new($expected))?;
                Ok(())
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
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        *self = value;
        Ok(())
    }
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl Shape for Object {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        match value {
            Value::Object(object) => *self = object,
            _ => return Err(ShapeError::new("an object")),
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Object(self.clone())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Shape for String {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        match value {
            Value::String(text) => *self = text,
            _ => return Err(ShapeError::new("a text")),
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::from(self.as_str())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Shape for bool {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        match value {
            Value::Bool(value) => *self = value,
            _ => return Err(ShapeError::new("true or false")),
        }
        Ok(())
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
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        let whole = value.as_f64().filter(|ms| (-MAX_WHOLE..=MAX_WHOLE).contains(ms) && ms % 1.0 == 0.0);
        self.0 = whole.ok_or(ShapeError::new("whole milliseconds"))? as i64;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

impl Shape for u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before the cast")]
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        let whole =
            value.as_f64().filter(|number| (0.0..=f64::from(Self::MAX)).contains(number) && number % 1.0 == 0.0);
        *self = whole.ok_or(ShapeError::new("a whole number from 0 to 4294967295"))? as Self;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }
}

impl<T: Shape + Default> Shape for Option<T> {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        if value == Value::Null { Ok(()) } else { self.insert(T::default()).read(value) }
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape + Default> Shape for Vec<T> {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        read_list(value, &mut |item| {
            let mut read = T::default();
            read.read(item)?;
            self.push(read);
            Ok(())
        })
    }
    fn to_value(&self) -> Value {
        list(&mut self.iter().map(|item| item as &dyn Shape))
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Shape + Default + Ord> Shape for Set<T> {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        read_list(value, &mut |item| {
            let mut read = T::default();
            read.read(item)?;
            self.insert(read);
            Ok(())
        })
    }
    fn to_value(&self) -> Value {
        list(&mut self.iter().map(|item| item as &dyn Shape))
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Shape + Default> Shape for Map<T> {
    fn read(&mut self, value: Value) -> Result<(), ShapeError> {
        let Value::Object(members) = value else { return Err(ShapeError::new("an object")) };
        for (name, value) in members.into_sorted() {
            let mut read = T::default();
            read.read(value).map_err(|error| error.at(&name))?;
            self.insert(name, read);
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        let members: &mut dyn Iterator<Item = (&str, Value)> =
            &mut self.iter().map(|(name, value)| (name, value.to_value()));
        Value::Object(members.collect())
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}
