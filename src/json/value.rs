//! JSON values with JavaScript's meaning: numbers are doubles, and objects keep the order of their members.

use core::fmt;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::collections::sorted_indices;
use crate::prelude::*;
use crate::time::Millis;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`, and every absent value.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number. JSON has the numbers of JavaScript: doubles.
    Number(f64),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

/// A JSON object. Members keep their order, and the last of members with equal names counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(
    // INVARIANT: no two names are equal.
    Vec<(String, Value)>,
);

/// Up to this number of members, comparing all pairs of names costs less than sorting.
const MAX_SCANNED: usize = 10;
/// The value of every absent member.
static NULL: Value = Value::Null;

impl Value {
    /// Returns the string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if this is one.
    #[must_use]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the number, if this is an integer that doubles hold exactly.
    pub(crate) fn as_whole(&self) -> Option<i64> {
        // Adding 0 turns -0 into 0.
        self.as_f64().and_then(|number| whole(number + 0.0))
    }

    /// Returns the object, if this is one.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Returns the member at a path, or `null` if there is none.
    pub fn at<'a, 'p>(&'a self, path: impl IntoIterator<Item = &'p str>) -> &'a Self {
        path.into_iter().fold(self, |value, name| match value {
            Self::Object(object) => object.get(name).unwrap_or(&NULL),
            _ => &NULL,
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<Millis> for Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "times that matter are exact: doubles hold 285,000 years of milliseconds"
    )]
    fn from(time: Millis) -> Self {
        Self::Number(time.0 as f64)
    }
}

impl Object {
    /// Creates an object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Sets a member, which keeps its position if it is present already.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Returns the members.
    pub(crate) fn into_members(self) -> Vec<(String, Value)> {
        self.0
    }

    /// Returns the members in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Checks whether there are no members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of members.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        members.into_iter().map(|(name, value)| (name.into(), value)).collect::<Vec<_>>().into()
    }
}

impl From<Vec<(String, Value)>> for Object {
    fn from(members: Vec<(String, Value)>) -> Self {
        Self(if may_repeat(&members) { without_repeats(members) } else { members })
    }
}

/// Checks whether a name may occur twice: exactly for few members, and by ascending names for many.
fn may_repeat(members: &[(String, Value)]) -> bool {
    if members.len() > MAX_SCANNED {
        return !is_ascending(members);
    }
    members.iter().enumerate().any(|(at, (name, _))| members.iter().take(at).any(|(other, _)| other == name))
}

/// Checks whether each name is greater than the one before it, as in canonical JSON.
fn is_ascending(members: &[(String, Value)]) -> bool {
    members.is_sorted_by(|(a, _), (b, _)| a < b)
}

/// Merges members of equal names: the position of the first one, the value of the last.
///
/// A hostile object costs no more than sorting its names.
fn without_repeats(mut members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let order = indices_by_name(&members);
    let mut repeats = Vec::new();
    for pair in order.windows(2) {
        let [first, second] = *pair else { continue };
        let same = |a: &(String, Value), b: &(String, Value)| a.0 == b.0;
        if members.get(first).zip(members.get(second)).is_some_and(|(a, b)| same(a, b)) {
            repeats.push((first, second));
        }
    }
    // From the last repeat to the first, so that the last value moves up to the first member of its name.
    for (first, second) in repeats.iter().rev() {
        let value = members.get_mut(*second).map(|(_, value)| core::mem::take(value));
        if let (Some((_, old)), Some(value)) = (members.get_mut(*first), value) {
            *old = value;
        }
    }
    if !repeats.is_empty() {
        let mut is_repeat = vec![false; members.len()];
        for (_, second) in repeats {
            if let Some(mark) = is_repeat.get_mut(second) {
                *mark = true;
            }
        }
        let mut marks = is_repeat.into_iter();
        members.retain(|_| marks.next() == Some(false));
    }
    members
}

/// Returns the indices of the members in the order of their names; equal names keep their order.
fn indices_by_name(members: &[(String, Value)]) -> Vec<usize> {
    let name = |index: usize| members.get(index).map_or("", |(name, _)| name.as_str());
    sorted_indices(members.len(), &|a, b| name(a).cmp(name(b)))
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match whole(*number) {
                Some(whole) => serializer.serialize_i64(whole),
                None => serializer.serialize_f64(*number),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Returns the number as an integer if doubles hold it exactly; `None` for -0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "what a cast loses is compared"
)]
pub(crate) fn whole(number: f64) -> Option<i64> {
    const SAFE: i64 = 9_007_199_254_740_991;
    let whole = number as i64;
    let fits = (-SAFE..=SAFE).contains(&whole) && whole as f64 == number && (whole != 0 || number.is_sign_positive());
    fits.then_some(whole)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(object) => Ok(object),
            _ => Err(serde::de::Error::custom("expected an object")),
        }
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    #[expect(clippy::cast_precision_loss, reason = "JavaScript loses the same digits")]
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }
    #[expect(clippy::cast_precision_loss, reason = "JavaScript loses the same digits")]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }
    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }
    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found: Vec<(String, Value)> = Vec::new();
        while let Some(member) = members.next_entry()? {
            found.push(member);
        }
        Ok(Value::Object(found.into()))
    }
}
