//! Signing claims: the checks that keep a bad token from being made.

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

/// Why a token is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MintError {
    /// The key is for something else.
    WrongPurpose {
        /// The purpose of the key.
        found: Purpose,
        /// The purpose that signs such tokens.
        expected: Purpose,
    },
    /// A claim is outside its range; the verifier would refuse it.
    Claim(&'static str),
    /// The facts are no JSON that the verifier would read: they fail to serialise, nest too deep or
    /// name a member twice.
    Facts,
    /// A value looks like personal data. The value itself is not repeated here.
    Pii {
        /// The member that holds the value, or is named like it.
        member: String,
        /// What it looks like.
        kind: PiiKind,
    },
    /// The token would be longer than allowed: drop facts and try again.
    TooLarge {
        /// Bytes that the token would have.
        length: usize,
        /// Bytes that it may have.
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

/// The JSON of a payload.
pub(crate) fn to_json(payload: &impl Serialize) -> Result<Vec<u8>, MintError> {
    serde_json::to_vec(payload).map_err(|_| MintError::Facts)
}

/// Signs a payload, JSON, with the rules of one kind of token.
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

/// Refuses what is never signed: JSON that the verifier would not read, and personal data.
fn lint(json: &[u8]) -> Result<(), MintError> {
    let mut personal = None;
    strict_json::walk(json, &mut |member, text| {
        if personal.is_none() {
            personal = detect_pii(text).map(|kind| (member.to_owned(), kind));
        }
    })
    .map_err(|_| MintError::Facts)?;
    match personal {
        // A member that is itself the address must not be repeated in a log.
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
