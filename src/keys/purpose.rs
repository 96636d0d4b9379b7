//! The purpose of a key.

use core::fmt;

/// The purpose of a key, in the JWK member `tl`. A key of one purpose is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Profile tokens.
    Token,
    /// Plans.
    Plan,
    /// Preview tokens.
    Preview,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Purpose; 3] = [Purpose::Token, Purpose::Plan, Purpose::Preview];

    /// Returns the value of the JWK member `tl`.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Token => "token",
            Purpose::Plan => "plan",
            Purpose::Preview => "preview",
        }
    }

    /// Returns the purpose with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
