//! Hashes that name objects, and constant-time comparison of secrets.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Returns the first 128 bits of the SHA-256 of the strings, in hexadecimal. Each string is terminated by a zero byte.
pub fn digest<'a>(strings: impl IntoIterator<Item = &'a str>) -> String {
    let hash = strings.into_iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update(b"\0"));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether two secrets are equal, in a time that depends on their lengths at most.
pub fn same_secret(shown: &str, known: &str) -> bool {
    let (shown, known) = (Sha256::digest(shown), Sha256::digest(known));
    shown.as_slice().ct_eq(known.as_slice()).into()
}
