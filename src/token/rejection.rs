//! Rejections: the reasons why a token is refused, one for each rule.

use crate::keys::SignatureError;
use crate::keys::strict_json::StrictJsonFault;
use crate::prelude::*;
use core::fmt;

/// One part of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The protected header, before the first dot.
    Header,
    /// The payload, between the dots.
    Payload,
    /// The signature, after the second dot.
    Signature,
}

impl fmt::Display for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Segment::Header => "header",
            Segment::Payload => "payload",
            Segment::Signature => "signature",
        })
    }
}

/// The reason why a token is not accepted.
///
/// Exhaustive on purpose, so that callers notice a new reason. Rejections can be logged, because they contain nothing
/// of an unverified token: only [`Rejection::Expired`] has a value, and only after the signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The token is longer than the limit, in bytes.
    TooLarge {
        /// The length of the token, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The token does not have three segments.
    SegmentCount {
        /// The number of segments.
        found: usize,
    },
    /// A segment is not canonical base64url: no padding, no spaces, no stray bits.
    Base64(Segment),
    /// A segment is not JSON or not UTF-8.
    Json(Segment),
    /// A segment is JSON, but not an object.
    NotAnObject(Segment),
    /// A JSON object repeats a member.
    DuplicateMember(Segment),
    /// JSON is nested too deeply.
    TooDeep(Segment),
    /// The header has no `alg`, or one that is not a string.
    MissingAlgorithm,
    /// The header has `alg: none`, in any casing.
    AlgorithmNone,
    /// The header's `alg` is not the algorithm of the key.
    AlgorithmMismatch,
    /// The header has `crit`: it requires extensions, and none are supported.
    CriticalHeader,
    /// The header has a `b64` other than `true` (RFC 7797).
    UnencodedPayload,
    /// The header brings or points to a key: `jwk`, `jku`, `x5c` or `x5u`.
    EmbeddedKey,
    /// The header's `typ` is missing or names another kind of token.
    WrongType,
    /// The header has no `kid`, or one that is not a string.
    MissingKeyId,
    /// The header's `kid` is not in the key set.
    UnknownKeyId,
    /// The signature does not have the length of its algorithm.
    SignatureLength,
    /// The signature is not valid for this key and these bytes.
    InvalidSignature,
    /// A claim is missing.
    MissingClaim(&'static str),
    /// A claim has the wrong type or a value outside its range.
    InvalidClaim(&'static str),
    /// The token has another issuer.
    WrongIssuer,
    /// The token has another audience.
    WrongAudience,
    /// `iat` or `nbf` lies in the future.
    NotYetValid,
    /// The time from `iat` to `exp` is longer than allowed.
    LifetimeTooLong,
    /// `exp` has passed. The token breaks no other rule.
    Expired {
        /// The subject, to be used for stable bucketing only. A preview token has none.
        subject: Option<String>,
    },
    /// The token does not grant the required scope.
    MissingScope,
}

impl Rejection {
    /// Returns a stable name for logs, metrics and JSON responses, in snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::TooLarge { .. } => "too_large",
            Rejection::SegmentCount { .. } => "segment_count",
            Rejection::Base64(_) => "invalid_base64",
            Rejection::Json(_) => "invalid_json",
            Rejection::NotAnObject(_) => "not_an_object",
            Rejection::DuplicateMember(_) => "duplicate_member",
            Rejection::TooDeep(_) => "too_deep",
            Rejection::MissingAlgorithm => "missing_alg",
            Rejection::AlgorithmNone => "alg_none",
            Rejection::AlgorithmMismatch => "alg_mismatch",
            Rejection::CriticalHeader => "critical_header",
            Rejection::UnencodedPayload => "unencoded_payload",
            Rejection::EmbeddedKey => "embedded_key",
            Rejection::WrongType => "wrong_typ",
            Rejection::MissingKeyId => "missing_kid",
            Rejection::UnknownKeyId => "unknown_kid",
            Rejection::SignatureLength => "signature_length",
            Rejection::InvalidSignature => "invalid_signature",
            Rejection::MissingClaim(_) => "missing_claim",
            Rejection::InvalidClaim(_) => "invalid_claim",
            Rejection::WrongIssuer => "wrong_iss",
            Rejection::WrongAudience => "wrong_aud",
            Rejection::NotYetValid => "not_yet_valid",
            Rejection::LifetimeTooLong => "lifetime_too_long",
            Rejection::Expired { .. } => "expired",
            Rejection::MissingScope => "missing_scope",
        }
    }

    /// Returns the subject of an expired token; `None` for every other reason.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Rejection::Expired { subject } => subject.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn from_fault(fault: StrictJsonFault, segment: Segment) -> Self {
        match fault {
            StrictJsonFault::Syntax => Rejection::Json(segment),
            StrictJsonFault::NotAnObject => Rejection::NotAnObject(segment),
            StrictJsonFault::Duplicate => Rejection::DuplicateMember(segment),
            StrictJsonFault::TooDeep => Rejection::TooDeep(segment),
        }
    }
}

impl From<SignatureError> for Rejection {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Length => Rejection::SignatureLength,
            SignatureError::Invalid => Rejection::InvalidSignature,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::TooLarge { length, limit } => {
                write!(f, "token has {length} bytes, expected at most {limit}")
            }
            Rejection::SegmentCount { found } => {
                write!(f, "token has {found} segments, expected 3 separated by dots")
            }
            Rejection::Base64(segment) => {
                write!(f, "{segment} is not unpadded canonical base64url")
            }
            Rejection::Json(segment) => write!(f, "{segment} is not JSON in UTF-8"),
            Rejection::NotAnObject(segment) => write!(f, "{segment} is not a JSON object"),
            Rejection::DuplicateMember(segment) => {
                write!(f, "{segment} names a JSON member twice")
            }
            Rejection::TooDeep(segment) => write!(f, "{segment} is nested too deep"),
            Rejection::MissingAlgorithm => f.write_str("header has no `alg`"),
            Rejection::AlgorithmNone => f.write_str("token is unsigned: header says `alg: none`"),
            Rejection::AlgorithmMismatch => f.write_str("header `alg` is not the algorithm of the key"),
            Rejection::CriticalHeader => f.write_str("header has `crit`, expected no extensions"),
            Rejection::UnencodedPayload => f.write_str("header has `b64` other than `true`"),
            Rejection::EmbeddedKey => f.write_str("header brings its own key (`jwk`, `jku`, `x5c` or `x5u`)"),
            Rejection::WrongType => f.write_str("header `typ` is not the one expected here"),
            Rejection::MissingKeyId => f.write_str("header has no `kid`"),
            Rejection::UnknownKeyId => f.write_str("header `kid` is not in the key set"),
            Rejection::SignatureLength => f.write_str("signature does not have the length of its algorithm"),
            Rejection::InvalidSignature => f.write_str("signature does not match"),
            Rejection::MissingClaim(claim) => write!(f, "claim `{claim}` is missing"),
            Rejection::InvalidClaim(claim) => {
                write!(f, "claim `{claim}` has the wrong type or is out of range")
            }
            Rejection::WrongIssuer => f.write_str("`iss` is not the expected issuer"),
            Rejection::WrongAudience => f.write_str("`aud` is not the expected audience"),
            Rejection::NotYetValid => f.write_str("token is not valid yet"),
            Rejection::LifetimeTooLong => f.write_str("`exp` is further from `iat` than tokens may live"),
            Rejection::Expired { .. } => f.write_str("token has expired"),
            Rejection::MissingScope => f.write_str("token does not grant the scope needed"),
        }
    }
}

impl core::error::Error for Rejection {}
