//! The platform's cryptography in the place of the core's: this worker is an eighth smaller by it, and does not compute slowly what the platform does quickly.

use alloc::sync::Arc;

use crate::prelude::*;
use throughline::keys::{Algorithm, Crypto, SignatureVerifier, Signer};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/crypto.js")]
extern "C" {
    fn sha256(bytes: &[u8]) -> Vec<u8>;
    fn verifier(algorithm: &str, public: &[u8]) -> Option<u32>;
    fn signer(algorithm: &str, private: &[u8]) -> Option<u32>;
    #[wasm_bindgen(js_name = publicOf)]
    fn public_of(key: u32) -> Vec<u8>;
    #[wasm_bindgen(js_name = isGood)]
    fn verifies(key: u32, message: &[u8], signature: &[u8]) -> bool;
    fn sign(key: u32, message: &[u8]) -> Option<Vec<u8>>;
}

/// What `crypto.js` does.
pub struct Platform;

/// A key that it holds.
struct Held(u32);

impl Crypto for Platform {
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        sha256(bytes).try_into().unwrap_or_default()
    }

    fn verifier(&self, algorithm: Algorithm, public: &[u8]) -> Option<Arc<dyn SignatureVerifier>> {
        Some(Arc::new(Held(verifier(algorithm.name(), public)?)))
    }

    fn signer(&self, algorithm: Algorithm, private: &[u8]) -> Option<(Arc<dyn Signer>, Vec<u8>)> {
        let key = signer(algorithm.name(), private)?;
        Some((Arc::new(Held(key)), public_of(key)))
    }
}

impl SignatureVerifier for Held {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(self.0, message, signature)
    }
}

impl Signer for Held {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        sign(self.0, message)
    }
}
