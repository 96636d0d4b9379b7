//! JSON Web Signature in compact form (RFC 7515), on which both kinds of token build.
//!
//! The key alone decides the algorithm. The header must agree with it, and can change nothing.

use super::rejection::{Rejection, Segment};
use crate::keys::base64;
use crate::keys::jwk::json_string;
use crate::keys::strict_json::{Members, Scalar};
use crate::keys::{Key, KeyError, VerifyKey};
use crate::prelude::*;

/// The default limit on the size of a token, in bytes.
pub const MAX_TOKEN: usize = 3_072;

/// Signs `payload` with a header of `alg`, `kid` and `typ`.
///
/// # Errors
/// Returns [`KeyError::Signing`], which no valid key causes.
pub fn sign(key: &Key, typ: &str, payload: &[u8]) -> Result<String, KeyError> {
    let mut token = base64::encode(header(key, typ).as_bytes());
    token.push('.');
    token.push_str(&base64::encode(payload));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&base64::encode(&signature));
    Ok(token)
}

/// Returns the length in bytes of what [`sign`] returns for a payload of `payload_length` bytes.
pub fn signed_length(key: &Key, typ: &str, payload_length: usize) -> usize {
    [header(key, typ).len(), payload_length, key.algorithm().signature_length()]
        .into_iter()
        .map(base64::encoded_length)
        .fold(2, usize::saturating_add)
}

/// Verifies a JWS of any `typ` with one key, whatever its `kid` says, and returns the payload.
///
/// # Errors
/// Returns the [`Rejection`] of the first rule that the token breaks.
pub fn verify_with(key: &VerifyKey, token: &str) -> Result<Vec<u8>, Rejection> {
    Unverified::parse(token, MAX_TOKEN)?.verify(key)
}

/// A JWS whose header was parsed, and whose signature was not checked.
#[derive(Clone, Debug)]
pub struct Unverified<'t> {
    header_json: Vec<u8>,
    header: Header,
    signing_input: &'t str,
    payload: &'t str,
    signature: &'t str,
}

#[derive(Clone, Debug)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    brings_key: bool,
}

impl<'t> Unverified<'t> {
    /// Parses a token, and refuses headers that are unacceptable with any key.
    ///
    /// # Errors
    /// Returns the [`Rejection`] of the first rule that the token breaks: size, form, `alg: none`, `crit`, `b64`.
    pub fn parse(token: &'t str, limit: usize) -> Result<Self, Rejection> {
        if token.len() > limit {
            return Err(Rejection::TooLarge { length: token.len(), limit });
        }
        let mut segments = token.rsplitn(3, '.');
        let (Some(signature), Some(payload), Some(header)) = (segments.next(), segments.next(), segments.next()) else {
            return Err(segment_count(token));
        };
        if header.contains('.') {
            return Err(segment_count(token));
        }
        let signing_input = token.strip_suffix(signature).and_then(|rest| rest.strip_suffix('.')).unwrap_or_default();
        let header_json = base64::decode(header).ok_or(Rejection::Base64(Segment::Header))?;
        Ok(Self { header: Header::parse(&header_json)?, header_json, signing_input, payload, signature })
    }

    /// Returns the header as JSON.
    pub fn header_json(&self) -> &str {
        str::from_utf8(&self.header_json).unwrap_or_default()
    }

    /// Returns the `alg` that the header claims.
    pub fn alg(&self) -> &str {
        &self.header.alg
    }

    /// Returns the `kid` that the header claims.
    pub fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Returns the `typ` that the header claims.
    pub fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// Checks whether the header has `jwk`, `jku`, `x5c` or `x5u`. None of them is ever used.
    pub fn brings_key(&self) -> bool {
        self.header.brings_key
    }

    /// Returns the payload without verifying it, for inspection and never for a decision.
    ///
    /// # Errors
    /// Returns [`Rejection::Base64`] if it is not base64url.
    pub fn unverified_payload(&self) -> Result<Vec<u8>, Rejection> {
        base64::decode(self.payload).ok_or(Rejection::Base64(Segment::Payload))
    }

    /// Verifies the signature with `key`, and returns the payload.
    ///
    /// # Errors
    /// Returns [`Rejection::AlgorithmMismatch`], [`Rejection::Base64`], [`Rejection::SignatureLength`] or
    /// [`Rejection::InvalidSignature`].
    pub fn verify(&self, key: &VerifyKey) -> Result<Vec<u8>, Rejection> {
        if self.alg() != key.algorithm().name() {
            return Err(Rejection::AlgorithmMismatch);
        }
        let payload = self.unverified_payload()?;
        let signature = base64::decode(self.signature).ok_or(Rejection::Base64(Segment::Signature))?;
        key.verify(self.signing_input.as_bytes(), &signature)?;
        Ok(payload)
    }
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, Rejection> {
        let members = Members::read(json).map_err(|fault| Rejection::from_fault(fault, Segment::Header))?;
        let text = |name: &str| members.get(name).text().map(str::to_owned);
        let alg = text("alg").ok_or(Rejection::MissingAlgorithm)?;
        if alg.eq_ignore_ascii_case("none") {
            return Err(Rejection::AlgorithmNone);
        }
        if !members.get("crit").is_absent() {
            return Err(Rejection::CriticalHeader);
        }
        if !matches!(members.get("b64"), Scalar::Absent | Scalar::Bool(true)) {
            return Err(Rejection::UnencodedPayload);
        }
        Ok(Self {
            alg,
            kid: text("kid"),
            typ: text("typ"),
            brings_key: ["jwk", "jku", "x5c", "x5u"].into_iter().any(|name| !members.get(name).is_absent()),
        })
    }
}

fn header(key: &Key, typ: &str) -> String {
    format!(r#"{{"alg":"{}","kid":{},"typ":{}}}"#, key.algorithm(), json_string(key.kid()), json_string(typ))
}

fn segment_count(token: &str) -> Rejection {
    Rejection::SegmentCount { found: token.split('.').count() }
}
