//! The platform's cryptography in place of the core's. It makes the worker an eighth smaller, and it is faster than wasm.

use alloc::sync::Arc;

use crate::prelude::*;
use throughline::keys::{Algorithm, Crypto, SignatureVerifier, Signer};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/crypto.js")]
extern "C" {
    fn sha256(bytes: &[u8]) -> Vec<u8>;
    #[wasm_bindgen(js_name = importPublic)]
    fn import_public(algorithm: &str, public: &[u8]) -> Option<u32>;
    #[wasm_bindgen(js_name = importPrivate)]
    fn import_private(algorithm: &str, private: &[u8]) -> Option<u32>;
    #[wasm_bindgen(js_name = exportPublic)]
    fn export_public(key: u32) -> Vec<u8>;
    fn verify(key: u32, message: &[u8], signature: &[u8]) -> bool;
    fn sign(key: u32, message: &[u8]) -> Option<Vec<u8>>;
    /// Derives the keys of device ids from a valid private JWKS, in place of those before. Returns their number.
    #[wasm_bindgen(js_name = deriveDeviceKeys)]
    pub fn derive_device_keys(jwks: &str) -> u32;
    /// Returns the MAC of a text by the first of these keys, in base64url.
    #[wasm_bindgen(js_name = deviceMac)]
    pub fn device_mac(text: &str) -> String;
    /// Returns the mark of a visitor: it tells pages of different visitors apart, and names nobody.
    #[wasm_bindgen(js_name = visitorMark)]
    pub fn visitor_mark(subject: &str) -> String;
    /// Checks a MAC by any of these keys, in constant time.
    #[wasm_bindgen(js_name = isDeviceMac)]
    pub fn is_device_mac(text: &str, mac: &str) -> bool;
}

/// The cryptography of `crypto.js`.
pub struct Platform;

/// A key of the platform, by its index in `crypto.js`.
struct PlatformKey(u32);

impl Crypto for Platform {
    fn sha256(&self, bytes: &[u8]) -> [u8; 32] {
        sha256(bytes).try_into().unwrap_or_default()
    }

    fn verifier(&self, algorithm: Algorithm, public: &[u8]) -> Option<Arc<dyn SignatureVerifier>> {
        Some(Arc::new(PlatformKey(import_public(algorithm.name(), public)?)))
    }

    fn signer(&self, algorithm: Algorithm, private: &[u8]) -> Option<(Arc<dyn Signer>, Vec<u8>)> {
        let key = import_private(algorithm.name(), private)?;
        Some((Arc::new(PlatformKey(key)), export_public(key)))
    }
}

impl SignatureVerifier for PlatformKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        verify(self.0, message, signature)
    }
}

impl Signer for PlatformKey {
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        sign(self.0, message)
    }
}
