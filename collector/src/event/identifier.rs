//! Identifiers: the names that senders give to devices, people and accounts.

use crate::platform::hash::digest;

/// The longest accepted identifier, in bytes.
pub const MAX_ID: usize = 200;
/// The prefix of profile ids of people. A device id never begins with it.
const PERSON: &str = "p-";
/// The number of Identity objects that all identifiers are distributed over.
const SHARDS: u32 = 256;
/// Values that programs send when they know no id. Accepting them would merge all such visitors into one person.
const PLACEHOLDERS: [&str; 13] = [
    "",
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "anonymous",
    "guest",
    "unknown",
    "true",
    "false",
    "[object object]",
    "-1",
];

/// The kind of entity that an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// A device whose user is not known yet.
    Anonymous,
    /// A person, as the shop identifies them.
    User,
    /// A company or another group of people, as the shop identifies it.
    Account,
}

impl Namespace {
    /// Returns the name in addresses, responses and stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous_id",
            Self::User => "user_id",
            Self::Account => "account_id",
        }
    }
}

/// An identifier in its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    namespace: Namespace,
    value: String,
}

impl Identifier {
    /// Returns the identifier of a device.
    pub fn anonymous(value: &str) -> Self {
        Self { namespace: Namespace::Anonymous, value: value.to_owned() }
    }

    /// Returns the identifier of a person.
    pub fn user(value: &str) -> Self {
        Self { namespace: Namespace::User, value: value.to_owned() }
    }

    /// Returns the identifier of an account.
    pub fn account(value: &str) -> Self {
        Self { namespace: Namespace::Account, value: value.to_owned() }
    }

    /// Returns `namespace:value`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.namespace.name(), self.value)
    }

    /// Returns the id of the profile that this identifier creates. It is a pure hash, so concurrent callers agree.
    pub fn profile(&self) -> String {
        let digest = digest([self.namespace.name(), &self.value]);
        match self.namespace {
            Namespace::Anonymous | Namespace::User => format!("{PERSON}{digest}"),
            // Ids with a colon are refused for devices, so no visitor can take over an account.
            Namespace::Account => format!("account:{digest}"),
        }
    }

    /// Returns the name of the Identity object that stores this identifier.
    pub fn shard(&self) -> String {
        format!("shard-{:03}", shard_number(&self.key()))
    }
}

/// Returns whether a device id could be the id of a profile that another identifier created. Those ids can be computed
/// by anybody.
pub fn is_profile(id: &str) -> bool {
    id.starts_with(PERSON) || id.contains(':')
}

fn shard_number(key: &str) -> u32 {
    let digits: String = digest([key]).chars().take(8).collect();
    u32::from_str_radix(&digits, 16).unwrap_or(0).checked_rem(SHARDS).unwrap_or(0)
}

/// Returns whether a value is a placeholder that names no one.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    PLACEHOLDERS.contains(&lower.as_str()) || lower.chars().all(|c| c == '0' || c == '-')
}
