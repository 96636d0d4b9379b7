//! Time as the core sees it: milliseconds that a host has read from its clock.

/// An instant in milliseconds since 1970-01-01T00:00:00Z, or a duration in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// The least instant, before every event.
    pub const MIN: Self = Self(i64::MIN);
    /// The greatest instant, after every event.
    pub const MAX: Self = Self(i64::MAX);

    /// Adds a duration; saturates at [`Millis::MAX`].
    #[must_use]
    pub const fn plus(self, length: Self) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// Subtracts a duration or another instant; saturates at [`Millis::MIN`].
    #[must_use]
    pub const fn minus(self, length: Self) -> Self {
        Self(self.0.saturating_sub(length.0))
    }

    /// Returns the whole seconds since 1970 that the claims of a token state, 0 for an earlier time.
    #[must_use]
    pub fn seconds(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0) / 1000
    }
}
