//! Identifiers that the rules know, and the check of a value as one of them.

use core::fmt;

use super::placeholder::is_placeholder;
use super::{MAX_IDENTIFIER, identifier_text};
use crate::json::Value;
use crate::plan::Plan;
use crate::plan::tables::{BlockedPattern, BlockedValue, Identifier, IdentifierFlags, IdentityMode, Normalise};
use crate::prelude::*;
use crate::text::lowercase;

/// The identifier of an account. It names no person, so it is in no list of identifiers.
const ACCOUNT_ID: &str = "account_id";

/// A type of identifiers, as the rules declare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentifierType<'a> {
    /// The name, such as `user_id` or `email`.
    pub name: &'a str,
    /// The priority: of two people who are merged, the one whose best identifier has the smaller number stays.
    pub priority: u32,
    /// The maximum number of values that one person may have.
    pub limit: u32,
    /// Whether a value names one person only, so that two people with it are merged.
    pub is_unique: bool,
    /// Whether only trusted senders may name it.
    pub is_trusted: bool,
    /// Whether calls name it in `context.externalIds` or by a trait of the same name. The other types have members of
    /// their own.
    pub is_external: bool,
}

/// The reason why a value does not identify anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierFault {
    /// The rules declare no identifier of this type.
    UnknownType,
    /// It is neither a string nor a whole number.
    NotText,
    /// It is longer than [`MAX_IDENTIFIER`] bytes.
    TooLong,
    /// It stands for nobody; see [`is_placeholder`].
    Placeholder,
    /// The rules block it.
    Blocked,
    /// It is not an e-mail address, where the rules expect one.
    NotEmail,
    /// It is not a phone number, where the rules expect one.
    NotPhone,
}

impl fmt::Display for IdentifierFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownType => "the rules declare no identifier of this type",
            Self::NotText => "expected a string or a whole number",
            Self::TooLong => "expected at most 200 bytes",
            Self::Placeholder => "a placeholder, which stands for nobody",
            Self::Blocked => "blocked by the rules",
            Self::NotEmail => "expected an e-mail address",
            Self::NotPhone => "expected a phone number",
        })
    }
}

impl core::error::Error for IdentifierFault {}

impl Plan {
    /// Returns the effect of an identifier that nobody has proven.
    #[must_use]
    pub const fn identity_mode(&self) -> IdentityMode {
        self.settings().identity
    }

    /// Returns the types of identifiers that name people, by name. A public plan has none.
    pub fn identifier_types(&self) -> impl Iterator<Item = IdentifierType<'_>> {
        self.rows(self.all::<Identifier>()).map(|(_, row)| IdentifierType {
            name: self.text(row.name),
            priority: row.priority,
            limit: row.limit,
            is_unique: row.flags.contains(IdentifierFlags::UNIQUE),
            is_trusted: row.flags.contains(IdentifierFlags::TRUSTED),
            is_external: row.flags.contains(IdentifierFlags::EXTERNAL),
        })
    }

    /// Returns the normal form of a value as an identifier of this type, which is `account_id` or one of
    /// [`Self::identifier_types`].
    ///
    /// Two values of one type name the same person exactly if their normal forms are equal.
    ///
    /// # Errors
    /// Returns the reason why the value does not identify anybody.
    pub fn identifier(&self, kind: &str, value: &Value) -> Result<String, IdentifierFault> {
        let normalise = match self.find::<Identifier>(kind, |row| row.name) {
            Some((_, row)) => row.normalise,
            None if kind == ACCOUNT_ID => Normalise::None,
            None => return Err(IdentifierFault::UnknownType),
        };
        let text = identifier_text(value).ok_or(IdentifierFault::NotText)?;
        if text.len() > MAX_IDENTIFIER {
            return Err(IdentifierFault::TooLong);
        }
        if is_placeholder(&text) {
            return Err(IdentifierFault::Placeholder);
        }
        let normal = normalise.apply(&text).ok_or(match normalise {
            Normalise::Phone => IdentifierFault::NotPhone,
            Normalise::Email | Normalise::Lowercase | Normalise::None => IdentifierFault::NotEmail,
        })?;
        // A lower-case letter can be longer than its capital.
        match normal.len() {
            0..=MAX_IDENTIFIER if self.blocks(&normal) => Err(IdentifierFault::Blocked),
            0..=MAX_IDENTIFIER => Ok(normal),
            _ => Err(IdentifierFault::TooLong),
        }
    }

    /// Checks whether the rules block an identifier, in any case.
    fn blocks(&self, value: &str) -> bool {
        let lower = lowercase(value.trim());
        self.find::<BlockedValue>(&lower, |row| row.value).is_some()
            || self.rows(self.all::<BlockedPattern>()).any(|(_, row)| self.is_match(row.pattern, value))
    }
}
