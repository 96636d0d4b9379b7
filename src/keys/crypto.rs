//! The arithmetic of signatures, which a host may replace by that of its platform.
//!
//! All rules are elsewhere: lengths, acceptable keys, and the choice of the key that verifies a token.

use super::algorithm::Algorithm;
use crate::prelude::*;
use alloc::sync::Arc;
use ed25519_dalek as ed25519;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use sha2::{Digest, Sha256};

/// A provider of hashes and signatures.
pub trait Crypto: Send + Sync {
    /// Returns the SHA-256 hash of bytes.
    fn sha256(&self, bytes: &[u8]) -> [u8; 32];

    /// Creates a verifier from the 32 bytes of an Ed25519 key, `x` and `y` of a P-256 key, or a secret.
    ///
    /// Returns `None` if the bytes are not a point of the curve.
    fn verifier(&self, algorithm: Algorithm, public: &[u8]) -> Option<Arc<dyn SignatureVerifier>>;

    /// Creates a signer from 32 private bytes or a secret, with the bytes that verify it; `None` if they are not a key.
    fn signer(&self, algorithm: Algorithm, private: &[u8]) -> Option<(Arc<dyn Signer>, Vec<u8>)>;
}

/// A key that checks signatures.
pub trait SignatureVerifier: Send + Sync {
    /// Checks a signature. Its length is that of the algorithm; ES256 has `r` and `s` of 32 bytes each.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// A key that signs.
pub trait Signer: Send + Sync {
    /// Signs a message; `None` if signing fails.
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>>;
}

/// The core's own provider, in pure Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Crypto for BuiltIn {
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    fn verifier(&self, algorithm: Algorithm, public: &[u8]) -> Option<Arc<dyn SignatureVerifier>> {
        Some(match algorithm {
            Algorithm::EdDsa => Arc::new(ed25519::VerifyingKey::try_from(public).ok()?),
            Algorithm::Es256 => Arc::new(ecdsa::VerifyingKey::from_sec1_bytes(&[&[4], public].concat()).ok()?),
            Algorithm::Hs256 => Arc::new(Hmac::<Sha256>::new_from_slice(public).ok()?),
        })
    }

    fn signer(&self, algorithm: Algorithm, private: &[u8]) -> Option<(Arc<dyn Signer>, Vec<u8>)> {
        Some(match algorithm {
            Algorithm::EdDsa => {
                let key = ed25519::SigningKey::try_from(private).ok()?;
                let public = key.verifying_key().to_bytes().to_vec();
                (Arc::new(key), public)
            }
            Algorithm::Es256 => {
                let key = ecdsa::SigningKey::from_slice(private).ok()?;
                let point = key.verifying_key().to_sec1_point(false);
                let public = point.as_bytes().get(1..)?.to_vec();
                (Arc::new(key), public)
            }
            Algorithm::Hs256 => (Arc::new(Hmac::<Sha256>::new_from_slice(private).ok()?), private.to_vec()),
        })
    }
}

impl SignatureVerifier for ed25519::VerifyingKey {
    /// Verifies strictly: no malleable encodings.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519::Signature::from_slice(signature).is_ok_and(|signature| self.verify_strict(message, &signature).is_ok())
    }
}

impl SignatureVerifier for ecdsa::VerifyingKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ecdsa::Signature::from_slice(signature).is_ok_and(|signature| self.verify(message, &signature).is_ok())
    }
}

impl SignatureVerifier for Hmac<Sha256> {
    /// Compares in constant time.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.clone().chain_update(message).verify_slice(signature).is_ok()
    }
}

impl Signer for ed25519::SigningKey {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.try_sign(message).ok().map(|signature| signature.to_bytes().to_vec())
    }
}

impl Signer for ecdsa::SigningKey {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature: Option<ecdsa::Signature> = self.try_sign(message).ok();
        signature.map(|signature| signature.to_bytes().to_vec())
    }
}

impl Signer for Hmac<Sha256> {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(self.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}
