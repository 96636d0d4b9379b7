//! The identifiers in a call. A number that no double holds was read as the text of its digits.

use throughline::Value;

use crate::event::identifier::{ANONYMOUS, DEVICE, Identifier, USER, is_alias};
use crate::identity::rules::IdentityRules;

/// The number of external ids of a call that are read.
const MAX_EXTERNAL_IDS: usize = 20;
/// The number of characters of an unusable value that a remark shows.
const SHOWN: usize = 40;

/// The members of an object; anything else has none.
#[derive(Clone, Copy)]
pub struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    /// Returns the members of an object, and none of anything else.
    pub const fn of(value: &'a Value) -> Self {
        Self(value)
    }

    /// Returns the members of a member that is an object.
    pub fn object(self, name: &str) -> Self {
        Self(self.0.at([name]))
    }

    /// Returns a member that is a string.
    pub fn text(self, name: &str) -> Option<String> {
        self.0.at([name]).as_str().map(str::to_owned)
    }

    /// Returns a member as the value of an identifier; `None` for absent ones and null.
    fn value(self, name: &str) -> Option<&'a Value> {
        Some(self.0.at([name])).filter(|value| **value != Value::Null)
    }

    fn items(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        let items: &[Value] = match self.0.at([name]) {
            Value::Array(items) => items,
            _ => &[],
        };
        items.iter().take(MAX_EXTERNAL_IDS).map(Self)
    }
}

/// A reader of the identifiers of one call. It collects remarks for the sender.
pub struct IdentifierReader<'a> {
    rules: &'a IdentityRules,
    is_trusted: bool,
    warnings: &'a mut Vec<String>,
}

impl<'a> IdentifierReader<'a> {
    /// Returns a reader.
    pub const fn new(rules: &'a IdentityRules, is_trusted: bool, warnings: &'a mut Vec<String>) -> Self {
        Self { rules, is_trusted, warnings }
    }

    /// Returns the device in a member. Only trusted senders may name one by an alias of the edge.
    pub fn device(&mut self, members: Members<'_>, name: &str) -> Option<Identifier> {
        let value = members.value(name)?;
        let is_alias = value.as_str().is_some_and(is_alias);
        if is_alias && !self.is_trusted {
            self.warnings.push(format!("`{name}` has the form of a device of the edge, and is ignored"));
            return None;
        }
        self.identifier(name, if is_alias { DEVICE } else { ANONYMOUS }, value)
    }

    /// Returns the shop's own id of a person in a member.
    pub fn user(&mut self, members: Members<'_>, name: &str) -> Option<Identifier> {
        let value = members.value(name)?;
        self.identifier(name, USER, value)
    }

    /// Returns the id of an account in a member.
    pub fn account(&mut self, members: Members<'_>, name: &str) -> Option<String> {
        let value = members.value(name)?;
        self.identifier(name, crate::event::identifier::ACCOUNT, value).map(|id| id.value)
    }

    /// Returns the identifiers in a list of `{id, type}`, and in traits that are named like a type.
    ///
    /// Only those of trusted senders are read: what others say is a trait, and names nobody.
    pub fn external(&mut self, list: Members<'_>, traits: Members<'_>) -> Vec<Identifier> {
        if !self.is_trusted {
            return Vec::new();
        }
        let types = self.rules.external_types();
        let mut found = Vec::new();
        for item in list.items("externalIds") {
            let kind = item.text("type").filter(|kind| types.contains(kind));
            let is_plain = matches!(item.text("encoding").as_deref(), None | Some("none"));
            let is_of_person = matches!(item.text("collection").as_deref(), None | Some("users"));
            if let (Some(kind), Some(value), true, true) = (kind, item.value("id"), is_plain, is_of_person) {
                found.extend(self.identifier("externalIds", &kind, value));
            }
        }
        for kind in &types {
            if let Some(value) = traits.value(kind) {
                found.extend(self.identifier(kind, kind, value));
            }
        }
        found
    }

    fn identifier(&mut self, name: &str, kind: &str, value: &Value) -> Option<Identifier> {
        match self.rules.identifier(kind, value) {
            Ok(id) => Some(id),
            Err(reason) => {
                let text = value.as_str().map_or_else(|| throughline::canonical::to_string(value), str::to_owned);
                let shown: String = text.chars().take(SHOWN).collect();
                self.warnings
                    .push(format!("`{name}` is `{shown}`, which is not a usable id, and is ignored: {reason}"));
                None
            }
        }
    }
}
