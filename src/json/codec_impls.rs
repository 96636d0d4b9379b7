//! The codecs of strings, numbers, times, lists and maps.

use super::codec::JsonCodec;
use crate::collections::{SortedMap, SortedSet};
use crate::json::input::{DecodeFault, JsonSource};
use crate::json::{Object, Value};
use crate::prelude::*;
use crate::time::Millis;

impl JsonCodec for Value {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        *self = input.value()?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl JsonCodec for Object {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        match input.value()? {
            Value::Object(object) => *self = object,
            _ => return Err(DecodeFault::expected("an object")),
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Object(self.clone())
    }
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}

impl JsonCodec for String {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        match input.value()? {
            Value::String(text) => *self = text,
            _ => return Err(DecodeFault::expected("a text")),
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::from(self.as_str())
    }
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}

impl JsonCodec for bool {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        match input.value()? {
            Value::Bool(value) => *self = value,
            _ => return Err(DecodeFault::expected("true or false")),
        }
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
    fn is_omitted(&self) -> bool {
        !self
    }
}

impl JsonCodec for Millis {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        self.0 = input.value()?.as_whole().ok_or(DecodeFault::expected("whole milliseconds"))?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

impl JsonCodec for u32 {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        let whole = input.value()?.as_whole().and_then(|whole| Self::try_from(whole).ok());
        *self = whole.ok_or(DecodeFault::expected("a whole number from 0 to 4294967295"))?;
        Ok(())
    }
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }
}

impl<T: JsonCodec + Default> JsonCodec for Option<T> {
    fn read(&mut self, mut input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        if input.is_null() {
            *self = None;
            return input.value().map(drop);
        }
        self.insert(T::default()).read(input)
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
    fn is_omitted(&self) -> bool {
        self.is_none()
    }
}

impl<T: JsonCodec + Default> JsonCodec for Vec<T> {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        input.items("a list", &mut |item| {
            let mut read = T::default();
            read.read(item).map_err(|fault| fault.at(&self.len().to_string()))?;
            self.push(read);
            Ok(())
        })
    }
    fn to_value(&self) -> Value {
        list(&mut self.iter().map(|item| item as &dyn JsonCodec))
    }
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}

impl<T: JsonCodec + Default + Ord> JsonCodec for SortedSet<T> {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        input.items("a list", &mut |item| {
            let mut read = T::default();
            read.read(item)?;
            self.insert(read);
            Ok(())
        })
    }
    fn to_value(&self) -> Value {
        list(&mut self.iter().map(|item| item as &dyn JsonCodec))
    }
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}

impl<T: JsonCodec + Default> JsonCodec for SortedMap<T> {
    fn read(&mut self, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
        read_entries(self, input)
    }
    fn to_value(&self) -> Value {
        let members: &mut dyn Iterator<Item = (&str, Value)> =
            &mut self.iter().map(|(name, value)| (name, value.to_value()));
        Value::Object(members.collect())
    }
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }
}

/// A map with its value type erased, so that reading its entries is compiled once.
trait Entries {
    /// Adds a name, and returns the slot that its value is read into.
    fn add(&mut self, name: &str) -> &mut dyn JsonCodec;
    /// Finishes after the last entry.
    fn end(&mut self);
}

impl<T: JsonCodec + Default> Entries for SortedMap<T> {
    fn add(&mut self, name: &str) -> &mut dyn JsonCodec {
        self.push(name)
    }
    fn end(&mut self) {
        self.sort();
    }
}

fn read_entries(entries: &mut dyn Entries, input: JsonSource<'_, '_>) -> Result<(), DecodeFault> {
    input.members(&mut |name, value| entries.add(name).read(value).map_err(|fault| fault.at(name)))?;
    entries.end();
    Ok(())
}

fn list(items: &mut dyn Iterator<Item = &dyn JsonCodec>) -> Value {
    Value::Array(items.map(JsonCodec::to_value).collect())
}
