//! The platform's cryptography in the place of the core's: this worker is an eighth smaller by it, and does not compute slowly what the platform does quickly.

use alloc::sync::Arc;

use crate::prelude::*;
use throughline::keys::{Algorithm, Checks, Crypto, Signs};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/crypto.js")]
extern "C" {
    fn sha256(bytes: &[u8]) -> Vec<u8>;
    fn checks(algorithm: &str, public: &[u8]) -> Option<u32>;
    fn signs(algorithm: &str, private: &[u8]) -> Option<u32>;
    #[wasm_bindgen(js_name = publicOf)]
    fn public_of(key: u32) -> Vec<u8>;
    #[wasm_bindgen(js_name = isGood)]
    fn is_good(key: u32, message: &[u8], signature: &[u8]) -> bool;
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

    fn checks(&self, algorithm: Algorithm, public: &[u8]) -> Option<Arc<dyn Checks>> {
        Some(Arc::new(Held(checks(algorithm.name(), public)?)))
    }

    fn signs(&self, algorithm: Algorithm, private: &[u8]) -> Option<(Arc<dyn Signs>, Vec<u8>)> {
        let key = signs(algorithm.name(), private)?;
        Some((Arc::new(Held(key)), public_of(key)))
    }
}

impl Checks for Held {
    fn is_good(&self, message: &[u8], signature: &[u8]) -> bool {
        is_good(self.0, message, signature)
    }
}

impl Signs for Held {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        sign(self.0, message)
    }
}
