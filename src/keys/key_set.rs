//! A set of keys for one purpose, read from a JWK Set (RFC 7517 section 5).

use super::crypto::{BuiltIn, Crypto};
use super::jwk::{Jwk, JwkEntry, SkipReason, json_string};
use super::key::{Key, VerifyKey};
use super::purpose::Purpose;
use super::strict_json::{Members, StrictJsonFault, elements};
use crate::prelude::*;
use core::fmt;
use zeroize::Zeroizing;

/// The greatest number of keys in a set, including skipped ones.
pub const MAX_KEYS: usize = 16;

/// The greatest length of a JWK Set, in bytes.
pub const MAX_JWKS: usize = 16_384;

/// The treatment of keys without a purpose (no member `tl`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmarked {
    /// Skip them: the safe choice for keys from `throughline keys`.
    #[default]
    Skip,
    /// Accept them for the requested purpose. Only for a set from another source that serves this one purpose.
    Accept,
}

/// The reason why a JWK Set is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than [`MAX_JWKS`] bytes.
    TooLarge {
        /// The length of the set, in bytes.
        length: usize,
    },
    /// More than [`MAX_KEYS`] keys.
    TooManyKeys {
        /// The number of keys.
        found: usize,
    },
    /// Not a JSON object with an array of objects named `keys`.
    Malformed,
    /// A JSON object repeats a member.
    DuplicateMember,
    /// Two keys have the same `kid`.
    DuplicateKeyId(String),
    /// The key or the set is for another purpose.
    WrongPurpose {
        /// The purpose that was found.
        found: Purpose,
        /// The purpose that was expected.
        expected: Purpose,
    },
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySetError::TooLarge { length } => {
                write!(f, "key set has {length} bytes, expected at most {MAX_JWKS}")
            }
            KeySetError::TooManyKeys { found } => {
                write!(f, "key set has {found} keys, expected at most {MAX_KEYS}")
            }
            KeySetError::Malformed => f.write_str("key set is not JSON of the form `{\"keys\": [{...}]}`"),
            KeySetError::DuplicateMember => f.write_str("key set names a JSON member twice"),
            KeySetError::DuplicateKeyId(kid) => {
                write!(f, "two keys have the `kid` {}", json_string(kid))
            }
            KeySetError::WrongPurpose { found, expected } => {
                write!(f, "key is for `{found}`, expected one for `{expected}`")
            }
        }
    }
}

impl core::error::Error for KeySetError {}

/// A skipped key of the set, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    index: usize,
    reason: SkipReason,
}

impl Skipped {
    /// Returns the index of the key in the array `keys`, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the reason.
    pub fn reason(&self) -> &SkipReason {
        &self.reason
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys[{}] is not used: {}", self.index, self.reason)
    }
}

/// An ordered set of keys for one purpose. The first key that can sign is the one that signs.
///
/// To rotate keys:
///
/// 1. [`push`](KeySet::push) a new key and publish the set.
/// 2. When all verifiers have the new set, [`promote`](KeySet::promote) the key.
/// 3. When the last token of the old key has expired, [`remove`](KeySet::remove) the old key.
pub struct KeySet {
    crypto: &'static dyn Crypto,
    purpose: Purpose,
    entries: Vec<JwkEntry>,
    skipped: Vec<Skipped>,
}

impl KeySet {
    /// Creates an empty set, which verifies nothing.
    pub fn new(purpose: Purpose) -> Self {
        Self::new_by(&BuiltIn, purpose)
    }

    /// Creates an empty set that uses a host's cryptography.
    pub fn new_by(crypto: &'static dyn Crypto, purpose: Purpose) -> Self {
        Self { crypto, purpose, entries: Vec::new(), skipped: Vec::new() }
    }

    /// Parses the keys for `purpose` from a JWK Set, public or private.
    ///
    /// Keys of other purposes or unsupported types are skipped and listed in [`KeySet::skipped`], so the set may be
    /// empty. Keys without `tl` are skipped, too: see [`KeySet::parse_with`].
    ///
    /// # Errors
    /// Returns a [`KeySetError`] if the set is too large, malformed, or repeats a `kid`.
    pub fn parse(jwks: &str, purpose: Purpose) -> Result<Self, KeySetError> {
        Self::parse_with(jwks, purpose, Unmarked::Skip)
    }

    /// Parses like [`KeySet::parse`], with a choice for keys without a purpose.
    ///
    /// # Errors
    /// Returns the errors of [`KeySet::parse`].
    pub fn parse_with(jwks: &str, purpose: Purpose, unmarked: Unmarked) -> Result<Self, KeySetError> {
        Self::parse_by(&BuiltIn, jwks, purpose, unmarked)
    }

    /// Parses like [`KeySet::parse_with`], with a host's cryptography.
    ///
    /// # Errors
    /// Returns the errors of [`KeySet::parse`].
    pub fn parse_by(
        crypto: &'static dyn Crypto,
        jwks: &str,
        purpose: Purpose,
        unmarked: Unmarked,
    ) -> Result<Self, KeySetError> {
        if jwks.len() > MAX_JWKS {
            return Err(KeySetError::TooLarge { length: jwks.len() });
        }
        let members = Members::read(jwks.as_bytes()).map_err(|fault| match fault {
            StrictJsonFault::Duplicate => KeySetError::DuplicateMember,
            StrictJsonFault::Syntax | StrictJsonFault::NotAnObject | StrictJsonFault::TooDeep => KeySetError::Malformed,
        })?;
        let keys = members.json("keys").and_then(elements).ok_or(KeySetError::Malformed)?;
        let keys: Option<Vec<_>> = keys.into_iter().map(Jwk::parse).collect();
        let keys = keys.ok_or(KeySetError::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(KeySetError::TooManyKeys { found: keys.len() });
        }
        // Before any key is skipped: it is not known which of two keys with one `kid` a signer means.
        let mut kids: Vec<String> = keys.iter().filter_map(Jwk::kid).collect();
        while let Some(kid) = kids.pop() {
            if kids.contains(&kid) {
                return Err(KeySetError::DuplicateKeyId(kid));
            }
        }
        let mut set = Self::new_by(crypto, purpose);
        for (index, jwk) in keys.iter().enumerate() {
            match jwk.read(crypto, purpose, unmarked == Unmarked::Accept) {
                Ok(entry) => set.insert(entry)?,
                Err(reason) => set.skipped.push(Skipped { index, reason }),
            }
        }
        Ok(set)
    }

    /// Returns the SHA-256 hash of bytes, by the cryptography of the set.
    pub(crate) fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        self.crypto.sha256(bytes)
    }

    /// Returns the purpose of the keys.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns the verifying half of each key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyKey> {
        self.entries.iter().map(JwkEntry::verify_key)
    }

    /// Returns the key with exactly this `kid`.
    pub fn find(&self, kid: &str) -> Option<&VerifyKey> {
        self.keys().find(|key| key.kid() == kid)
    }

    /// Returns the key that signs: the first one with a private half.
    pub fn signer(&self) -> Option<&Key> {
        self.entries.iter().find_map(|entry| match entry {
            JwkEntry::Signer(key) => Some(key),
            JwkEntry::Verifies(_) => None,
        })
    }

    /// Checks whether the set has no usable key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of usable keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the skipped keys, each with its reason.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Appends a key: it verifies from now on, and signs only if it is the first that can.
    ///
    /// # Errors
    /// Returns a [`KeySetError`] if the set is full, has the `kid` already, or is for another purpose.
    pub fn push(&mut self, key: Key) -> Result<(), KeySetError> {
        if key.purpose() != self.purpose {
            return Err(KeySetError::WrongPurpose { found: key.purpose(), expected: self.purpose });
        }
        self.insert(JwkEntry::Signer(key))
    }

    /// Moves a key to the front, so that it signs from now on. Returns whether the set has it.
    pub fn promote(&mut self, kid: &str) -> bool {
        let Some(at) = self.position(kid) else {
            return false;
        };
        let entry = self.entries.remove(at);
        self.entries.insert(0, entry);
        true
    }

    /// Removes a key, so that its tokens are refused from now on. Returns whether the set had it.
    pub fn remove(&mut self, kid: &str) -> bool {
        let Some(at) = self.position(kid) else {
            return false;
        };
        self.entries.remove(at);
        true
    }

    /// Returns the public JWK Set: public halves only, and no HS256 keys.
    pub fn public_jwks(&self) -> String {
        let keys: Vec<String> = self.keys().filter_map(VerifyKey::public_jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    /// Returns the JWK Set with all secrets. Store it like any secret.
    pub fn private_jwks(&self) -> Zeroizing<String> {
        let mut jwks = Zeroizing::new(String::with_capacity(MAX_JWKS));
        jwks.push_str(r#"{"keys":["#);
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                jwks.push(',');
            }
            match entry {
                JwkEntry::Signer(key) => jwks.push_str(&key.private_jwk()),
                JwkEntry::Verifies(key) => jwks.push_str(&key.public_jwk().unwrap_or_default()),
            }
        }
        jwks.push_str("]}");
        jwks
    }

    fn insert(&mut self, entry: JwkEntry) -> Result<(), KeySetError> {
        let kid = entry.verify_key().kid();
        if self.find(kid).is_some() {
            return Err(KeySetError::DuplicateKeyId(kid.to_owned()));
        }
        let found = self.len().saturating_add(1);
        if found > MAX_KEYS {
            return Err(KeySetError::TooManyKeys { found });
        }
        self.entries.push(entry);
        Ok(())
    }

    fn position(&self, kid: &str) -> Option<usize> {
        self.keys().position(|key| key.kid() == kid)
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeySet")
            .field("purpose", &self.purpose)
            .field("keys", &self.keys().collect::<Vec<_>>())
            .field("skipped", &self.skipped)
            .finish()
    }
}
