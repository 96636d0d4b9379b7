//! Signs claims, and refuses to sign a token that would be rejected or contains PII.

use super::jws;
use super::pii::{PiiKind, detect_pii};
use super::verification::{is_date, is_name};
use crate::keys::Purpose;
use crate::keys::jwk::json_string;
use crate::keys::strict_json;
use crate::keys::{Key, KeyError};
use crate::prelude::*;
use core::fmt;
use serde::Serialize;

/// The reason why a token is not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MintError {
    /// The key has another purpose.
    WrongPurpose {
        /// The purpose of the key.
        found: Purpose,
        /// The purpose that signs such tokens.
        expected: Purpose,
    },
    /// A claim is out of range; the verifier would reject it.
    Claim(&'static str),
    /// The facts do not serialise, nest too deeply or repeat a member; the verifier would reject them.
    Facts,
    /// A value looks like PII. The error does not contain the value.
    Pii {
        /// The member that holds the value, or whose name looks like PII.
        member: String,
        /// The kind of PII.
        kind: PiiKind,
    },
    /// The token would be too long: drop facts and try again.
    TooLarge {
        /// The length of the token, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The key cannot sign.
    Key(KeyError),
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MintError::WrongPurpose { found, expected } => {
                write!(f, "key is for `{found}`, expected one for `{expected}`")
            }
            MintError::Claim(claim) => write!(f, "claim `{claim}` is out of range"),
            MintError::Facts => f.write_str("facts are not JSON of bounded depth with distinct members"),
            MintError::Pii { member, kind } => {
                write!(f, "a value of {} looks like {kind}, expected no personal data in a token", json_string(member))
            }
            MintError::TooLarge { length, limit } => {
                write!(f, "token would have {length} bytes, expected at most {limit}")
            }
            MintError::Key(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for MintError {}

impl From<KeyError> for MintError {
    fn from(error: KeyError) -> Self {
        MintError::Key(error)
    }
}

/// Returns the JSON of a payload.
pub(crate) fn to_json(payload: &impl Serialize) -> Result<Vec<u8>, MintError> {
    serde_json::to_vec(payload).map_err(|_| MintError::Facts)
}

/// Signs a JSON payload under the rules of one kind of token.
pub(crate) fn mint_json(key: &Key, purpose: Purpose, typ: &str, json: &[u8]) -> Result<String, MintError> {
    if key.purpose() != purpose {
        return Err(MintError::WrongPurpose { found: key.purpose(), expected: purpose });
    }
    let length = jws::signed_length(key, typ, json.len());
    if length > jws::MAX_TOKEN {
        return Err(MintError::TooLarge { length, limit: jws::MAX_TOKEN });
    }
    lint(json)?;
    Ok(jws::sign(key, typ, json)?)
}

/// Refuses JSON that the verifier would reject, and PII.
fn lint(json: &[u8]) -> Result<(), MintError> {
    let mut found = None;
    strict_json::walk(json, &mut |member, text| {
        if found.is_none() {
            found = detect_pii(text).map(|kind| (member.to_owned(), kind));
        }
    })
    .map_err(|_| MintError::Facts)?;
    match found {
        // A member name that is itself PII must not be repeated in a log.
        Some((member, kind)) if detect_pii(&member).is_some() => {
            Err(MintError::Pii { member: "(a member name)".to_owned(), kind })
        }
        Some((member, kind)) => Err(MintError::Pii { member, kind }),
        None => Ok(()),
    }
}

pub(crate) fn check_name(claim: &'static str, value: &str) -> Result<(), MintError> {
    is_name(value).then_some(()).ok_or(MintError::Claim(claim))
}

pub(crate) fn check_window(iat: u64, exp: u64) -> Result<(), MintError> {
    if !is_date(iat) {
        return Err(MintError::Claim("iat"));
    }
    if !is_date(exp) || exp < iat {
        return Err(MintError::Claim("exp"));
    }
    Ok(())
}
