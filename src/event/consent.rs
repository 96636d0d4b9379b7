//! The state of consent for one purpose.

use crate::json::codec::string_enum;

/// What a person said about a purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// Nothing yet.
    #[default]
    Pending,
    /// No.
    Denied,
    /// Yes.
    Granted,
}

string_enum!(Consent, "one of: granted, denied, pending");

impl Consent {
    /// The state that a number in a plan stands for; `Pending` for an unknown one.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Denied,
            2 => Self::Granted,
            _ => Self::Pending,
        }
    }

    /// The number that stands for this state in a plan.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Denied => 1,
            Self::Granted => 2,
        }
    }

    /// The word for this state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Denied => "denied",
            Self::Granted => "granted",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "pending" => Some(Self::Pending),
            "denied" => Some(Self::Denied),
            "granted" => Some(Self::Granted),
            _ => None,
        }
    }
}
