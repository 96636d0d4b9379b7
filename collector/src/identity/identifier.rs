//! Identifiers: what a sender calls a device or a person.

use crate::platform::hash::digest;

/// The longest identifier that is believed, in bytes.
pub const MAX_ID: usize = 200;
/// What ids of profiles of people begin with. No device is called so.
const PERSON: &str = "p-";
/// How many Identity objects share all identifiers.
const SHARDS: u32 = 256;

/// Where an identifier comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// A device, before anybody says who uses it.
    Anonymous,
    /// A person, in the words of the shop.
    User,
    /// A company or another group of people, in the words of the shop.
    Account,
}

impl Namespace {
    /// The word in addresses and answers.
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
    /// A device.
    pub fn anonymous(value: &str) -> Self {
        Self { namespace: Namespace::Anonymous, value: value.to_owned() }
    }

    /// A person.
    pub fn user(value: &str) -> Self {
        Self { namespace: Namespace::User, value: value.to_owned() }
    }

    /// An account.
    pub fn account(value: &str) -> Self {
        Self { namespace: Namespace::Account, value: value.to_owned() }
    }

    /// `namespace:value`.
    pub fn key(&self) -> String {
        format!("{}:{}", self.namespace.name(), self.value)
    }

    /// The id of the profile that begins with this identifier: the same for everybody who asks.
    pub fn profile(&self) -> String {
        let digest = digest([self.namespace.name(), &self.value]);
        match self.namespace {
            Namespace::Anonymous | Namespace::User => format!("{PERSON}{digest}"),
            // No visitor can bring an id with a colon, so nobody becomes an account.
            Namespace::Account => format!("account:{digest}"),
        }
    }

    /// The name of the Identity object that knows this identifier.
    pub fn shard(&self) -> String {
        let hash = shard_number(&self.key());
        format!("shard-{hash:03}")
    }
}

/// Whether what a device calls itself could be the id of a profile that began with another identifier: those can be worked out.
pub fn is_profile(id: &str) -> bool {
    id.starts_with(PERSON) || id.contains(':')
}

fn shard_number(key: &str) -> u32 {
    let digits: String = digest([key]).chars().take(8).collect();
    u32::from_str_radix(&digits, 16).unwrap_or(0).checked_rem(SHARDS).unwrap_or(0)
}

/// Whether a value stands for nobody: programs send these when they know no id, and everybody would become one person.
pub fn is_nobody(value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    let words = [
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
    words.contains(&lower.as_str()) || lower.chars().all(|c| c == '0' || c == '-')
}
