//! The shapes of texts, numbers, times, lists and maps.

use super::codec::Shape;
use crate::collections::{Map, Set};
use crate::json::input::{Fault, Input};
use crate::json::{Object, Value};
use crate::prelude::*;
use crate::time::Millis;

impl Shape for Value {
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        *self = input.value()?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl Shape for Object {
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        match input.value()? {
            Value::Object(object) => *self = object,
            _ => return Err(Fault::expected("an object")),
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
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        match input.value()? {
            Value::String(text) => *self = text,
            _ => return Err(Fault::expected("a text")),
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
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        match input.value()? {
            Value::Bool(value) => *self = value,
            _ => return Err(Fault::expected("true or false")),
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
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        self.0 = input.value()?.as_whole().ok_or(Fault::expected("whole milliseconds"))?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

impl Shape for u32 {
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        let whole = input.value()?.as_whole().and_then(|whole| Self::try_from(whole).ok());
        *self = whole.ok_or(Fault::expected("a whole number from 0 to 4294967295"))?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }
}

impl<T: Shape + Default> Shape for Option<T> {
    fn read(&mut self, mut input: Input<'_, '_>) -> Result<(), Fault> {
        if input.is_null() {
            *self = None;
            return input.value().map(drop);
        }
        self.insert(T::default()).read(input)
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape + Default> Shape for Vec<T> {
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        input.items("a list", &mut |item| {
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
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        input.items("a list", &mut |item| {
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
    fn read(&mut self, input: Input<'_, '_>) -> Result<(), Fault> {
        read_entries(self, input)
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

/// A map, whatever its values are.
trait Entries {
    /// Where the value of one more name is to be read.
    fn add(&mut self, name: &str) -> &mut dyn Shape;
    /// There are no more.
    fn end(&mut self);
}

impl<T: Shape + Default> Entries for Map<T> {
    fn add(&mut self, name: &str) -> &mut dyn Shape {
        self.push(name)
    }
    fn end(&mut self) {
        self.sort();
    }
}

fn read_entries(entries: &mut dyn Entries, input: Input<'_, '_>) -> Result<(), Fault> {
    input.members(&mut |name, value| entries.add(name).read(value).map_err(|fault| fault.at(name)))?;
    entries.end();
    Ok(())
}

fn list(items: &mut dyn Iterator<Item = &dyn Shape>) -> Value {
    Value::Array(items.map(Shape::to_value).collect())
}
