//! The signed envelope of a plan, in which it is stored and sent: write access to the store is not enough to change rules.
//!
//! An envelope consists of `TLSEAL`, a zero byte, the envelope's version (1), the length of the key id (one byte), the key
//! id, 32 bytes SHA-256 of the payload, 64 bytes Ed25519 signature (RFC 8032), and the payload: the plan's bytes. The signature
//! covers `throughline.plan.v1`, a zero byte, the key id, a zero byte and the hash, so it is not valid in any other context.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::keys::{Algorithm, Key, KeySet, Purpose, VerifyKey};
use crate::prelude::*;

const MAGIC: &[u8; 8] = b"TLSEAL\0\x01";
const CONTEXT: &[u8] = b"throughline.plan.v1\0";
const HASH: usize = 32;
const SIGNATURE: usize = 64;

/// The reason why bytes are not a plan that one of the keys has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The bytes are not a sealed plan of this version.
    NotSealed,
    /// The bytes end too early.
    Truncated,
    /// The payload is not the one that was hashed: damaged in transit or storage.
    Checksum,
    /// No key with this id may sign plans.
    UnknownKey(String),
    /// The signature was not made by that key.
    Signature,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSealed => write!(f, "not a sealed plan: expected it to begin with `TLSEAL`"),
            Self::Truncated => write!(f, "the sealed plan is cut off"),
            Self::Checksum => write!(f, "the plan does not match its checksum: it is damaged"),
            Self::UnknownKey(kid) => write!(f, "the plan is signed with key `{kid}`, which may not sign plans here"),
            Self::Signature => write!(f, "the plan's signature is wrong"),
        }
    }
}

impl core::error::Error for EnvelopeError {}

/// Seals a plan's bytes in an envelope.
///
/// # Errors
/// [`EnvelopeError::UnknownKey`] if the key is not an Ed25519 key for plans, or its id is longer than 255 bytes.
pub fn seal(payload: &[u8], key: &Key) -> Result<Vec<u8>, EnvelopeError> {
    let kid = key.kid();
    let unfit = || EnvelopeError::UnknownKey(kid.to_owned());
    if key.purpose() != Purpose::Plan || key.algorithm() != Algorithm::EdDsa {
        return Err(unfit());
    }
    let len = u8::try_from(kid.len()).map_err(|_| unfit())?;
    let hash = Sha256::digest(payload);
    let signature = key.sign(&signed(kid, &hash)).map_err(|_| unfit())?;
    let mut out = MAGIC.to_vec();
    out.push(len);
    out.extend_from_slice(kid.as_bytes());
    out.extend_from_slice(&hash);
    out.extend_from_slice(&signature);
    out.extend_from_slice(payload);
    Ok(out)
}

/// The parts of a sealed plan, before the signature is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The id of the key that is claimed to have signed it.
    pub kid: &'a str,
    /// The SHA-256 of the payload.
    pub hash: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// The plan's bytes.
    pub payload: &'a [u8],
}

/// Splits an envelope without checking checksum or signature, for hosts that verify them by other means than [`open`].
///
/// # Errors
/// [`EnvelopeError::NotSealed`] and [`EnvelopeError::Truncated`].
pub fn split(sealed: &[u8]) -> Result<Sealed<'_>, EnvelopeError> {
    let rest = sealed.strip_prefix(MAGIC).ok_or(EnvelopeError::NotSealed)?;
    let (len, rest) = rest.split_first().ok_or(EnvelopeError::Truncated)?;
    let (kid, rest) = rest.split_at_checked(usize::from(*len)).ok_or(EnvelopeError::Truncated)?;
    let (hash, rest) = rest.split_at_checked(HASH).ok_or(EnvelopeError::Truncated)?;
    let (signature, payload) = rest.split_at_checked(SIGNATURE).ok_or(EnvelopeError::Truncated)?;
    let kid = core::str::from_utf8(kid).map_err(|_| EnvelopeError::NotSealed)?;
    Ok(Sealed { kid, hash, signature, payload })
}

/// Returns the plan's bytes in an envelope that one of the keys has signed.
///
/// # Errors
/// Returns the first defect of the envelope. The payload is not read before its signature is verified.
pub fn open<'a>(sealed: &'a [u8], keys: &KeySet) -> Result<&'a [u8], EnvelopeError> {
    let Sealed { kid, hash, signature, payload } = split(sealed)?;
    if keys.sha256(payload) != hash {
        return Err(EnvelopeError::Checksum);
    }
    let fit = |key: &&VerifyKey| key.purpose() == Purpose::Plan && key.algorithm() == Algorithm::EdDsa;
    let key = keys.find(kid).filter(fit).ok_or_else(|| EnvelopeError::UnknownKey(kid.to_owned()))?;
    key.verify(&signed(kid, hash), signature).map_err(|_| EnvelopeError::Signature)?;
    Ok(payload)
}

/// Returns the bytes that the signature covers.
fn signed(kid: &str, hash: &[u8]) -> Vec<u8> {
    [CONTEXT, kid.as_bytes(), b"\0", hash].concat()
}
