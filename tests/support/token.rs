//! Keys of fixed seeds, and the claims of a token that is valid at `NOW`.

use serde_json::{Value, json};
use throughline::keys::{Algorithm, Key, KeySet, Purpose};
use throughline::token::{Claims, Verifier};

pub const NOW: u64 = 1_700_000_000_000;

pub fn key(algorithm: Algorithm, purpose: Purpose) -> Key {
    Key::from_seed(algorithm, purpose, Some("k"), &[7; 32]).unwrap()
}

pub fn keys(key: Key, purpose: Purpose) -> KeySet {
    let mut keys = KeySet::new(purpose);
    keys.push(key).unwrap();
    keys
}

/// Returns a verifier of tokens that `key` has signed.
pub fn verifier(key: Key) -> Verifier {
    Verifier::new(keys(key, Purpose::Token), "iss", "aud").unwrap()
}

pub fn claims() -> Claims<Value> {
    Claims {
        iss: "iss".into(),
        aud: "aud".into(),
        sub: "p".into(),
        iat: NOW / 1_000,
        exp: NOW / 1_000 + 60,
        ver: 1,
        facts: json!({ "tier": "gold" }),
    }
}
