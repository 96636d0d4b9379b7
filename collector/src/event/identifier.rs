//! Identifiers: the names that senders give to devices, people and accounts.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::hash::digest;

/// The longest identifier, in bytes.
pub const MAX_ID: usize = 200;
/// The type of the edge's aliases of devices.
pub const DEVICE: &str = "device";
/// The type of ids that Segment's libraries give to devices.
pub const ANONYMOUS: &str = "anonymous_id";
/// The type of the shop's ids of people.
pub const USER: &str = "user_id";
/// The type of the shop's ids of accounts.
pub const ACCOUNT: &str = "account_id";
/// The prefix of profile ids of people. A device's alias never begins with it.
const PERSON: &str = "p-";
/// The number of hexadecimal digits of an alias, after its `v`.
const ALIAS_DIGITS: usize = 32;
/// The number of Identity objects that all identifiers are distributed over.
const SHARDS: u32 = 256;

/// A type and a value that name a device, a person or an account. The value is in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    /// The type, such as `user_id` or `email`.
    pub kind: String,
    /// The value.
    pub value: String,
}

impl Identifier {
    /// Returns the identifier of a type.
    pub fn new(kind: &str, value: &str) -> Self {
        Self { kind: kind.to_owned(), value: value.to_owned() }
    }

    /// Returns the identifier of a device: an alias of the edge, or an id that another library made.
    pub fn device(id: &str) -> Self {
        Self::new(if is_alias(id) { DEVICE } else { ANONYMOUS }, id)
    }

    /// Returns the identifier of a person with the shop's own id.
    pub fn user(value: &str) -> Self {
        Self::new(USER, value)
    }

    /// Returns the identifier of an account.
    pub fn account(value: &str) -> Self {
        Self::new(ACCOUNT, value)
    }

    /// Returns the identifier whose [`Display`](fmt::Display) form is `text`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, value) = text.split_once(':')?;
        (!kind.is_empty() && !value.is_empty()).then(|| Self::new(kind, value))
    }

    /// Returns whether this names a device.
    pub fn is_device(&self) -> bool {
        is_device_type(&self.kind)
    }

    /// Returns the id of the profile that this identifier creates.
    ///
    /// A device's profile has its alias as id, so that the edge and the collector name the visitor alike. Every other id
    /// is a hash of the identifier alone, so concurrent callers agree.
    pub fn profile(&self) -> String {
        match self.kind.as_str() {
            DEVICE => self.value.clone(),
            // Ids with a colon are refused for devices, so no visitor can take over an account.
            ACCOUNT => format!("account:{}", self.digest()),
            _ => format!("{PERSON}{}", self.digest()),
        }
    }

    /// Returns the id of the profile of claims to be this person that came without a device.
    pub fn claimed_profile(&self) -> String {
        format!("{PERSON}{}", digest(["claimed", &self.kind, &self.value]))
    }

    /// Returns the id of a device's profile for what it says while it claims to be `claim`, apart from what is proven.
    pub fn profile_while_claiming(&self, claim: &str) -> String {
        format!("{PERSON}{}", digest(["device", &self.to_string(), claim]))
    }

    /// Returns the name of the Identity object that stores this identifier.
    pub fn shard(&self) -> String {
        shard_name(&self.to_string())
    }

    fn digest(&self) -> String {
        digest([self.kind.as_str(), &self.value])
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// Returns whether identifiers of this type name devices.
pub fn is_device_type(kind: &str) -> bool {
    matches!(kind, DEVICE | ANONYMOUS)
}

/// Returns whether identifiers of this type name people.
pub fn is_person_type(kind: &str) -> bool {
    !is_device_type(kind) && kind != ACCOUNT
}

/// Returns whether this has the form of an alias of the edge, which only the edge and trusted senders may name.
pub fn is_alias(id: &str) -> bool {
    id.strip_prefix('v').is_some_and(|digits| {
        digits.len() == ALIAS_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Returns the name of the Identity object that a key belongs to.
pub fn shard_name(key: &str) -> String {
    let digits: String = digest([key]).chars().take(8).collect();
    shard_at(u32::from_str_radix(&digits, 16).unwrap_or(0).checked_rem(SHARDS).unwrap_or(0))
}

/// Returns the names of all Identity objects.
pub fn shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(shard_at)
}

fn shard_at(number: u32) -> String {
    format!("shard-{number:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_an_alias() {
        let alias = format!("v{}", "0123456789abcdef".repeat(2));
        assert!(is_alias(&alias));
        for other in [alias.to_uppercase(), format!("{alias}0"), alias.replace('v', "w"), alias.replace('0', "g")] {
            assert!(!is_alias(&other), "{other}");
        }
    }

    #[test]
    fn an_identifier_is_read_back_from_its_text() {
        let id = Identifier::new("email", "a:b@example.com");
        assert_eq!(Identifier::parse(&id.to_string()), Some(id));
        assert_eq!(Identifier::parse("user_id:"), None);
        assert_eq!(Identifier::parse("user_id"), None);
    }

    #[test]
    fn no_two_uses_of_an_identifier_share_a_profile() {
        let (user, device) = (Identifier::user("1"), Identifier::device("1"));
        let ids =
            [user.profile(), user.claimed_profile(), device.profile(), device.profile_while_claiming("user_id:1")];
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
