//! Why a token is refused: one reason for each rule.

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
/// Exhaustive on purpose: whoever answers a request should notice a new reason. Nothing in it comes from
/// an unverified token, so it can be logged as it is; only [`Rejection::Expired`] carries a value, and only
/// after the signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The token is longer than the limit, in bytes.
    TooLarge {
        /// Bytes that the token has.
        length: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// Not three segments separated by two dots.
    SegmentCount {
        /// Segments that the token has.
        found: usize,
    },
    /// A segment is not base64url in its one canonical form: no padding, no spaces, no stray bits.
    Base64(Segment),
    /// A segment is not JSON or not UTF-8.
    Json(Segment),
    /// A segment is JSON, but no object.
    NotAnObject(Segment),
    /// A JSON object names a member twice.
    DuplicateMember(Segment),
    /// JSON is nested too deep.
    TooDeep(Segment),
    /// The header has no `alg`, or one that is no string.
    MissingAlgorithm,
    /// The header says `alg: none`, in whatever casing.
    AlgorithmNone,
    /// The header's `alg` is not the algorithm of the key.
    AlgorithmMismatch,
    /// The header has `crit`: it demands extensions, and there are none here.
    CriticalHeader,
    /// The header has a `b64` other than `true` (RFC 7797).
    UnencodedPayload,
    /// The header brings or points to a key: `jwk`, `jku`, `x5c` or `x5u`.
    EmbeddedKey,
    /// The header's `typ` is missing or names another kind of token.
    WrongType,
    /// The header has no `kid`, or one that is no string.
    MissingKeyId,
    /// The header's `kid` is not in the key set.
    UnknownKeyId,
    /// The signature does not have the length of its algorithm.
    SignatureLength,
    /// The signature is not by this key over these bytes.
    InvalidSignature,
    /// A claim is missing.
    MissingClaim(&'static str),
    /// A claim has the wrong type or a value outside its range.
    InvalidClaim(&'static str),
    /// The token was issued by somebody else.
    WrongIssuer,
    /// The token is meant for somebody else.
    WrongAudience,
    /// `iat` or `nbf` lies in the future.
    NotYetValid,
    /// From `iat` to `exp` it is longer than allowed.
    LifetimeTooLong,
    /// `exp` has passed. Everything else about the token is good.
    Expired {
        /// The subject, good for stable bucketing and nothing else. A preview token has none.
        subject: Option<String>,
    },
    /// The token does not grant the scope that is needed.
    MissingScope,
}

impl Rejection {
    /// A stable name for logs, metrics and JSON answers, in snake_case.
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

    /// The subject that an expired token still names; `None` for every other reason.
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
