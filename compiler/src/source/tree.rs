//! Trees of values that know their positions in the source.

use throughline::Value;

/// A range of bytes in a source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The index of the file among all sources.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The first byte after the range.
    pub end: u32,
}

/// A value with its position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The position.
    pub span: Span,
    /// The value itself.
    pub kind: Kind,
}

/// The kinds of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Kind {
    /// No value.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map, whose members are in source order.
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Creates a value without a position, for rules that another program supplies.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => Kind::Number(*number),
            Value::String(text) => Kind::String(text.clone()),
            Value::Array(items) => Kind::List(items.iter().map(Self::from_value).collect()),
            Value::Object(members) => Kind::Map(members.iter().map(Entry::from_member).collect()),
        };
        Self { span: Span::default(), kind }
    }

    /// Returns the value without its position.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(*number),
            Kind::String(text) => Value::from(text.as_str()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.as_str(), entry.value.to_value())).collect())
            }
        }
    }

    /// Returns the member with a name, or `None` if this is not a map or has no such member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Returns the members of a map; empty for other kinds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the name of the kind, for messages.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

impl Entry {
    fn from_member((key, value): (&str, &Value)) -> Self {
        Self { key: key.to_owned(), key_span: Span::default(), value: Node::from_value(value) }
    }
}
