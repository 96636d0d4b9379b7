//! The state of consent for one purpose.

use crate::json::codec::string_enum;

/// The consent of a person for a purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// Not stated yet.
    #[default]
    Pending,
    /// Refused.
    Denied,
    /// Given.
    Granted,
}

string_enum!(Consent, "one of: granted, denied, pending");

impl Consent {
    /// Returns the state with this number in plans.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Pending),
            1 => Some(Self::Denied),
            2 => Some(Self::Granted),
            _ => None,
        }
    }

    /// Returns the number of this state in a plan.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Denied => 1,
            Self::Granted => 2,
        }
    }

    /// Returns the name of this state.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Denied => "denied",
            Self::Granted => "granted",
        }
    }

    /// Returns the state with this name.
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
