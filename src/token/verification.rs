//! The checks that both kinds of token share: issuer, audience and times.

use super::jws::{MAX_TOKEN, Unverified};
use super::rejection::{Rejection, Segment};
use crate::keys::Purpose;
use crate::keys::strict_json::{Members, Scalar};
use crate::keys::{KeySet, KeySetError};
use crate::prelude::*;

/// The default difference that clocks may have, in milliseconds.
pub const DEFAULT_LEEWAY_MS: u64 = 60_000;

/// The greatest length of `iss`, `aud` and `sub`, in bytes.
pub const MAX_NAME: usize = 200;

/// The last second of the year 9999.
const MAX_DATE: u64 = 253_402_300_799;

/// 2^53 - 1, the greatest integer that every JSON reader keeps exactly.
const MAX_INTEGER: u64 = 9_007_199_254_740_991;

pub(crate) struct VerificationPolicy {
    keys: KeySet,
    typ: &'static str,
    issuer: String,
    audience: String,
    pub(crate) leeway_ms: u64,
    pub(crate) max_lifetime_ms: u64,
    pub(crate) max_bytes: usize,
}

/// The times of issue and expiry of a token, in seconds since 1970.
pub(crate) struct Window {
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) expired: bool,
}

impl VerificationPolicy {
    pub(crate) fn new(
        keys: KeySet,
        purpose: Purpose,
        typ: &'static str,
        issuer: &str,
        audience: &str,
        max_lifetime_ms: u64,
    ) -> Result<Self, KeySetError> {
        if keys.purpose() != purpose {
            return Err(KeySetError::WrongPurpose { found: keys.purpose(), expected: purpose });
        }
        Ok(Self {
            keys,
            typ,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            leeway_ms: DEFAULT_LEEWAY_MS,
            max_lifetime_ms,
            max_bytes: MAX_TOKEN,
        })
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Returns the payload of a token of this type that one of the keys signed. Its claims are not checked yet.
    pub(crate) fn open(&self, token: &str) -> Result<Vec<u8>, Rejection> {
        let token = Unverified::parse(token, self.max_bytes)?;
        if token.typ() != Some(self.typ) {
            return Err(Rejection::WrongType);
        }
        if token.brings_key() {
            return Err(Rejection::EmbeddedKey);
        }
        let kid = token.kid().ok_or(Rejection::MissingKeyId)?;
        let key = self.keys.find(kid).ok_or(Rejection::UnknownKeyId)?;
        token.verify(key)
    }

    /// Checks issuer, audience and times.
    ///
    /// Expiry is only reported, because an expired token still identifies its subject.
    pub(crate) fn check(&self, payload: &Members<'_>, now_ms: u64) -> Result<Window, Rejection> {
        if text(payload, "iss")? != self.issuer {
            return Err(Rejection::WrongIssuer);
        }
        if text(payload, "aud")? != self.audience {
            return Err(Rejection::WrongAudience);
        }
        let iat = date(payload, "iat")?;
        let exp = date(payload, "exp")?;
        let not_before = if payload.get("nbf").is_absent() { iat } else { date(payload, "nbf")?.max(iat) };
        if millis(not_before) > now_ms.saturating_add(self.leeway_ms) {
            return Err(Rejection::NotYetValid);
        }
        let lifetime = exp.checked_sub(iat).ok_or(Rejection::InvalidClaim("exp"))?;
        if millis(lifetime) > self.max_lifetime_ms {
            return Err(Rejection::LifetimeTooLong);
        }
        let expired = now_ms >= millis(exp).saturating_add(self.leeway_ms);
        Ok(Window { iat, exp, expired })
    }
}

/// Reads the claims of either kind of token, without checking them.
pub(crate) fn payload(json: &[u8]) -> Result<Members<'_>, Rejection> {
    Members::read(json).map_err(|fault| Rejection::from_fault(fault, Segment::Payload))
}

/// Returns a string claim of 1 to [`MAX_NAME`] bytes without control characters.
pub(crate) fn text(payload: &Members<'_>, claim: &'static str) -> Result<String, Rejection> {
    match payload.get(claim) {
        Scalar::Absent => Err(Rejection::MissingClaim(claim)),
        Scalar::Text(text) if is_name(&text) => Ok(text.into_owned()),
        _ => Err(Rejection::InvalidClaim(claim)),
    }
}

/// Checks whether `text` is valid as `iss`, `aud` or `sub`.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.chars().any(char::is_control)
}

/// Returns an integer claim that JSON keeps exactly.
pub(crate) fn integer(payload: &Members<'_>, claim: &'static str) -> Result<u64, Rejection> {
    match payload.get(claim) {
        Scalar::Absent => Err(Rejection::MissingClaim(claim)),
        Scalar::Integer(number) if is_integer(number) => Ok(number),
        _ => Err(Rejection::InvalidClaim(claim)),
    }
}

pub(crate) fn is_integer(number: u64) -> bool {
    number <= MAX_INTEGER
}

fn date(payload: &Members<'_>, claim: &'static str) -> Result<u64, Rejection> {
    let seconds = integer(payload, claim)?;
    if is_date(seconds) { Ok(seconds) } else { Err(Rejection::InvalidClaim(claim)) }
}

pub(crate) fn is_date(seconds: u64) -> bool {
    seconds <= MAX_DATE
}

fn millis(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000)
}
