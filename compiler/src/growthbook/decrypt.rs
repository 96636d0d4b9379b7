//! Encrypted parts of payloads: AES-128 in CBC mode, as `base64(iv).base64(ciphertext)`.
//!
//! Nothing in the format proves that a text was not changed: only the connection does. Rules that come from it are signed when they
//! are published.

use aes::Aes128;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64ct::{Base64, Encoding};

/// The text that was encrypted with a key in base64; none if key or text are not as they must be.
#[must_use]
pub fn decrypt(text: &str, key: &str) -> Option<String> {
    let (iv, content) = text.split_once('.')?;
    // What follows a second dot is ignored, as in GrowthBook.
    let content = content.split('.').next()?;
    let [key, iv, content] = [key, iv, content].map(bytes);
    let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&key?, &iv?).ok()?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(&content?).ok()?;
    Some(String::from_utf8_lossy(&plain).into_owned())
}

/// The bytes of a text in base64, with or without padding.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bare = text.trim_end_matches('=');
    let padded = format!("{bare}{}", "=".repeat(bare.len().next_multiple_of(4).saturating_sub(bare.len())));
    Base64::decode_vec(&padded).ok()
}
