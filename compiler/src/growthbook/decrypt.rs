//! Encrypted parts of payloads: AES-128 in CBC mode, as `base64(iv).base64(ciphertext)`.
//!
//! The format does not authenticate its content; only the connection does. Imported rules are signed when
//! they are published.

use aes::Aes128;
use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64ct::{Base64, Encoding};

/// Decrypts a string with a key in base64; `None` if either is invalid.
#[must_use]
pub fn decrypt(text: &str, key: &str) -> Option<String> {
    let (iv, content) = text.split_once('.')?;
    // Everything after a second dot is ignored, as in GrowthBook.
    let content = content.split('.').next()?;
    let [key, iv, content] = [key, iv, content].map(bytes);
    let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&key?, &iv?).ok()?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(&content?).ok()?;
    Some(String::from_utf8_lossy(&plain).into_owned())
}

/// Decodes base64 with or without padding.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bare = text.trim_end_matches('=');
    let padded = format!("{bare}{}", "=".repeat(bare.len().next_multiple_of(4).saturating_sub(bare.len())));
    Base64::decode_vec(&padded).ok()
}
