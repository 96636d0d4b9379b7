//! Keys: what signs and what verifies.

use super::algorithm::Algorithm;
use super::jwk;
use super::purpose::Purpose;
use super::rejection::Rejection;
use crate::prelude::*;
use core::fmt;
use ed25519_dalek as ed25519;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::{Signer, Verifier};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes that a `kid` may have.
pub const MAX_KID: usize = 128;

/// Bytes that an HS256 secret must have at least (RFC 7518 section 3.2).
pub const MIN_SECRET: usize = 32;

/// Why a key cannot be made or used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A `kid` is empty, longer than [`MAX_KID`] bytes or holds control characters.
    KeyId,
    /// These bytes are no valid key of the algorithm.
    Material(Algorithm),
    /// The HS256 secret is shorter than [`MIN_SECRET`] bytes.
    ShortSecret {
        /// Bytes that the secret has.
        length: usize,
    },
    /// The private and the public half are not of one key.
    HalvesDiffer,
    /// The library could not sign.
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

/// The half of a key that checks signatures. For HS256 it is the secret itself.
#[derive(Clone)]
pub struct VerifyKey {
    kid: String,
    purpose: Purpose,
    material: Material,
}

#[derive(Clone)]
pub(super) enum Material {
    EdDsa(ed25519::VerifyingKey),
    Es256(p256::ecdsa::VerifyingKey),
    Hs256(Secret),
}

/// An HS256 secret with its key schedule done. Both wipe themselves when dropped.
#[derive(Clone)]
pub(super) struct Secret {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    mac: Hmac<Sha256>,
}

impl Material {
    pub(super) fn eddsa(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = <&[u8; 32]>::try_from(bytes)
            .ok()
            .and_then(|bytes| ed25519::VerifyingKey::from_bytes(bytes).ok())
            // Signatures can be made for a key of small order without knowing any secret.
            .filter(|key| !key.is_weak())
            .ok_or(KeyError::Material(Algorithm::EdDsa))?;
        Ok(Material::EdDsa(key))
    }

    pub(super) fn es256(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        let invalid = KeyError::Material(Algorithm::Es256);
        if x.len() != 32 || y.len() != 32 {
            return Err(invalid);
        }
        let point = [&[4], x, y].concat();
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| invalid)?;
        Ok(Material::Es256(key))
    }

    pub(super) fn hs256(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        if bytes.len() < MIN_SECRET {
            return Err(KeyError::ShortSecret { length: bytes.len() });
        }
        let mac = Hmac::new_from_slice(&bytes).map_err(|_| KeyError::Material(Algorithm::Hs256))?;
        Ok(Material::Hs256(Secret { bytes, mac }))
    }
}

impl VerifyKey {
    /// `kid` defaults to the thumbprint.
    pub(super) fn new(purpose: Purpose, kid: Option<&str>, material: Material) -> Result<Self, KeyError> {
        let kid = match kid {
            Some(kid) => kid.to_owned(),
            None => jwk::thumbprint(&material),
        };
        if kid.is_empty() || kid.len() > MAX_KID || kid.chars().any(char::is_control) {
            return Err(KeyError::KeyId);
        }
        Ok(Self { kid, purpose, material })
    }

    /// The name by which tokens refer to the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What the key is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The one algorithm that the key verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::EdDsa(_) => Algorithm::EdDsa,
            Material::Es256(_) => Algorithm::Es256,
            Material::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The SHA-256 thumbprint (RFC 7638) in base64url.
    pub fn thumbprint(&self) -> String {
        jwk::thumbprint(&self.material)
    }

    /// The key as a public JWK; `None` for HS256, which has no public half.
    pub fn public_jwk(&self) -> Option<String> {
        jwk::public(self)
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    /// Checks a bare signature over `message`, such as the one of a plan.
    ///
    /// Ed25519 is checked strictly: no small-order points, no malleable encodings. ES256 signatures are
    /// `r` and `s` of 32 bytes each, in range. HS256 is compared in constant time.
    ///
    /// # Errors
    /// [`Rejection::SignatureLength`] or [`Rejection::InvalidSignature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        if signature.len() != self.algorithm().signature_length() {
            return Err(Rejection::SignatureLength);
        }
        let good = match &self.material {
            Material::EdDsa(key) => ed25519::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Material::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Material::Hs256(secret) => secret.mac.clone().chain_update(message).verify_slice(signature).is_ok(),
        };
        good.then_some(()).ok_or(Rejection::InvalidSignature)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("VerifyKey", self, formatter)
    }
}

/// A key that signs. It never shows its secret except through [`Key::private_jwk`].
pub struct Key {
    verify: VerifyKey,
    signing: Signing,
}

pub(super) enum Signing {
    EdDsa(Box<ed25519::SigningKey>),
    Es256(Box<p256::ecdsa::SigningKey>),
    /// The secret is in the verifying half.
    Hs256,
}

impl Key {
    /// Makes a key from 32 random bytes; `kid` defaults to the thumbprint.
    ///
    /// The core draws no random numbers, so the caller does.
    ///
    /// # Errors
    /// [`KeyError::KeyId`] for an unusable `kid`. [`KeyError::Material`] for one seed in 2^32 with ES256,
    /// whose keys are slightly fewer than 2^256: draw again.
    pub fn from_seed(
        algorithm: Algorithm,
        purpose: Purpose,
        kid: Option<&str>,
        seed: &[u8; 32],
    ) -> Result<Self, KeyError> {
        let (signing, material) = Signing::from_bytes(algorithm, seed)?;
        Ok(Self { verify: VerifyKey::new(purpose, kid, material)?, signing })
    }

    /// The half that verifies what this key signs.
    pub fn verify_key(&self) -> &VerifyKey {
        &self.verify
    }

    /// The name by which tokens refer to the key.
    pub fn kid(&self) -> &str {
        self.verify.kid()
    }

    /// What the key is for.
    pub fn purpose(&self) -> Purpose {
        self.verify.purpose()
    }

    /// The algorithm with which the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.verify.algorithm()
    }

    /// The whole key, secret included, as a JWK. Keep it where secrets are kept.
    pub fn private_jwk(&self) -> Zeroizing<String> {
        jwk::private(self)
    }

    /// Signs a message as it is, such as a plan. Deterministic for every algorithm.
    ///
    /// # Errors
    /// [`KeyError::Signing`], which no known input causes.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match (&self.signing, &self.verify.material) {
            (Signing::EdDsa(key), _) => Ok(key.sign(message).to_bytes().to_vec()),
            (Signing::Es256(key), _) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(|_| KeyError::Signing)?;
                Ok(signature.to_bytes().to_vec())
            }
            (Signing::Hs256, Material::Hs256(secret)) => {
                let mac = secret.mac.clone().chain_update(message);
                Ok(mac.finalize().into_bytes().to_vec())
            }
            (Signing::Hs256, _) => Err(KeyError::Signing),
        }
    }

    pub(super) fn from_halves(verify: VerifyKey, signing: Signing) -> Self {
        Self { verify, signing }
    }

    pub(super) fn signing(&self) -> &Signing {
        &self.signing
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Key", &self.verify, formatter)
    }
}

impl Signing {
    /// Reads the private bytes and derives what verifies them.
    pub(super) fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<(Self, Material), KeyError> {
        let invalid = KeyError::Material(algorithm);
        match algorithm {
            Algorithm::EdDsa => {
                let bytes = <&[u8; 32]>::try_from(bytes).map_err(|_| invalid)?;
                let key = Box::new(ed25519::SigningKey::from_bytes(bytes));
                let material = Material::EdDsa(key.verifying_key());
                Ok((Signing::EdDsa(key), material))
            }
            Algorithm::Es256 => {
                if bytes.len() != 32 {
                    return Err(invalid);
                }
                let key = p256::ecdsa::SigningKey::from_slice(bytes).map_err(|_| invalid)?;
                let material = Material::Es256(*key.verifying_key());
                Ok((Signing::Es256(Box::new(key)), material))
            }
            Algorithm::Hs256 => {
                let material = Material::hs256(Zeroizing::new(bytes.to_vec()))?;
                Ok((Signing::Hs256, material))
            }
        }
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
