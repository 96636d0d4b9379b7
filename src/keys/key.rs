//! Keys that sign, and their verifying halves.

use super::algorithm::Algorithm;
use super::crypto::{BuiltIn, Crypto, SignatureVerifier, Signer};
use super::jwk;
use super::purpose::Purpose;
use super::small_order;
use crate::prelude::*;
use alloc::sync::Arc;
use core::fmt;
use zeroize::Zeroizing;

/// The greatest length of a `kid`, in bytes.
pub const MAX_KID: usize = 128;

/// The least length of an HS256 secret, in bytes (RFC 7518 section 3.2).
pub const MIN_SECRET: usize = 32;

/// The reason why a key cannot be made or used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A `kid` is empty, longer than [`MAX_KID`] bytes or contains control characters.
    KeyId,
    /// The bytes are not a valid key of the algorithm.
    Material(Algorithm),
    /// The HS256 secret is shorter than [`MIN_SECRET`] bytes.
    ShortSecret {
        /// The length of the secret, in bytes.
        length: usize,
    },
    /// The private and the public half do not belong together.
    HalvesDiffer,
    /// The library failed to sign.
    Signing,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::KeyId => {
                write!(f, "`kid` is empty, too long or has control characters, expected 1 to {MAX_KID} printable bytes")
            }
            KeyError::Material(algorithm) => write!(f, "bytes are no valid {algorithm} key"),
            KeyError::ShortSecret { length } => {
                write!(f, "HS256 secret has {length} bytes, expected at least {MIN_SECRET}")
            }
            KeyError::HalvesDiffer => f.write_str("private and public half are not of one key"),
            KeyError::Signing => f.write_str("signing failed"),
        }
    }
}

impl core::error::Error for KeyError {}

/// The reason why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The signature does not have the length of its algorithm.
    Length,
    /// The signature is not valid for this key and this message.
    Invalid,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignatureError::Length => "the signature does not have the length of its algorithm",
            SignatureError::Invalid => "the signature is not by this key over this message",
        })
    }
}

impl core::error::Error for SignatureError {}

/// The half of a key that verifies signatures. For HS256 it is the secret itself.
#[derive(Clone)]
pub struct VerifyKey {
    kid: String,
    purpose: Purpose,
    material: Material,
}

/// The key material that verifies signatures.
#[derive(Clone)]
pub(crate) struct Material {
    pub(crate) algorithm: Algorithm,
    /// The public key: 32 bytes for EdDSA, `x` and `y` for ES256. For HS256 the secret.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) crypto: &'static dyn Crypto,
    verifier: Arc<dyn SignatureVerifier>,
}

impl Material {
    pub(crate) fn new(
        crypto: &'static dyn Crypto,
        algorithm: Algorithm,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Result<Self, KeyError> {
        let invalid = KeyError::Material(algorithm);
        let verifies = match algorithm {
            Algorithm::EdDsa => bytes.len() == 32 && !small_order::is_encoding(&bytes),
            Algorithm::Es256 => bytes.len() == 64,
            Algorithm::Hs256 if bytes.len() < MIN_SECRET => {
                return Err(KeyError::ShortSecret { length: bytes.len() });
            }
            Algorithm::Hs256 => true,
        };
        let verifier = crypto.verifier(algorithm, &bytes).filter(|_| verifies).ok_or(invalid)?;
        Ok(Self { algorithm, bytes, crypto, verifier })
    }
}

impl VerifyKey {
    /// Creates a key; `kid` defaults to the thumbprint.
    pub(crate) fn new(purpose: Purpose, kid: Option<&str>, material: Material) -> Result<Self, KeyError> {
        let kid = match kid {
            Some(kid) => kid.to_owned(),
            None => jwk::thumbprint(&material),
        };
        if kid.is_empty() || kid.len() > MAX_KID || kid.chars().any(char::is_control) {
            return Err(KeyError::KeyId);
        }
        Ok(Self { kid, purpose, material })
    }

    /// Returns the id by which tokens refer to the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the purpose of the key.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns the one algorithm that the key verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm
    }

    /// Returns the SHA-256 thumbprint (RFC 7638) in base64url.
    pub fn thumbprint(&self) -> String {
        jwk::thumbprint(&self.material)
    }

    /// Returns the public JWK; `None` for HS256, which has no public half.
    pub fn public_jwk(&self) -> Option<String> {
        jwk::public(self)
    }

    pub(crate) fn material(&self) -> &Material {
        &self.material
    }

    /// Verifies a bare signature over `message`, such as that of a plan.
    ///
    /// Ed25519 is verified strictly: no small-order points, no malleable encodings. ES256 signatures are `r` and `s` of
    /// 32 bytes each, in range. HS256 is compared in constant time.
    ///
    /// # Errors
    /// Returns a [`SignatureError`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        if signature.len() != self.algorithm().signature_length() {
            return Err(SignatureError::Length);
        }
        let forges = self.algorithm() == Algorithm::EdDsa && signature.get(..32).is_some_and(small_order::is_encoding);
        let good = !forges && self.material.verifier.verifies(message, signature);
        good.then_some(()).ok_or(SignatureError::Invalid)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("VerifyKey", self, formatter)
    }
}

/// A key that signs. It exposes its secret only through [`Key::private_jwk`].
pub struct Key {
    verify: VerifyKey,
    private: Private,
}

/// The key material that signs.
pub(crate) struct Private {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    signer: Arc<dyn Signer>,
}

impl Key {
    /// Creates a key from 32 random bytes; `kid` defaults to the thumbprint.
    ///
    /// The core draws no random numbers, so the caller does.
    ///
    /// # Errors
    /// Returns [`KeyError::KeyId`] for an invalid `kid`, and [`KeyError::Material`] for one seed in 2^32 with ES256,
    /// which has slightly fewer than 2^256 keys: draw again.
    pub fn from_seed(
        algorithm: Algorithm,
        purpose: Purpose,
        kid: Option<&str>,
        seed: &[u8; 32],
    ) -> Result<Self, KeyError> {
        let (private, material) = Private::new(&BuiltIn, algorithm, Zeroizing::new(seed.to_vec()))?;
        Ok(Self { verify: VerifyKey::new(purpose, kid, material)?, private })
    }

    /// Returns the half that verifies signatures of this key.
    pub fn verify_key(&self) -> &VerifyKey {
        &self.verify
    }

    /// Returns the id by which tokens refer to the key.
    pub fn kid(&self) -> &str {
        self.verify.kid()
    }

    /// Returns the purpose of the key.
    pub fn purpose(&self) -> Purpose {
        self.verify.purpose()
    }

    /// Returns the algorithm with which the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.verify.algorithm()
    }

    /// Returns the JWK with its secret. Store it like any secret.
    pub fn private_jwk(&self) -> Zeroizing<String> {
        jwk::private(self)
    }

    /// Signs a message as it is, such as a plan. Deterministic for every algorithm with
    /// [`BuiltIn`](crate::keys::BuiltIn).
    ///
    /// # Errors
    /// Returns [`KeyError::Signing`], which no valid key causes.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.private.signer.sign(message).ok_or(KeyError::Signing)
    }

    pub(crate) fn from_halves(verify: VerifyKey, private: Private) -> Self {
        Self { verify, private }
    }

    pub(crate) fn private(&self) -> &Private {
        &self.private
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Key", &self.verify, formatter)
    }
}

impl Private {
    /// Reads the private bytes, and derives the verifying half.
    pub(crate) fn new(
        crypto: &'static dyn Crypto,
        algorithm: Algorithm,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Result<(Self, Material), KeyError> {
        let verifies = algorithm == Algorithm::Hs256 || bytes.len() == 32;
        let pair = crypto.signer(algorithm, &bytes).filter(|_| verifies);
        let (signer, public) = pair.ok_or(KeyError::Material(algorithm))?;
        Ok((Self { bytes, signer }, Material::new(crypto, algorithm, Zeroizing::new(public))?))
    }
}

fn debug(name: &str, key: &VerifyKey, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter
        .debug_struct(name)
        .field("kid", &key.kid)
        .field("algorithm", &key.algorithm())
        .field("purpose", &key.purpose)
        .finish_non_exhaustive()
}
