//! base64url without padding, in its one canonical form (RFC 7515 section 2).

use crate::prelude::*;
use base64ct::{Base64UrlUnpadded, Encoding};

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes; `None` for padding, spaces, characters of other alphabets, and stray bits in the last character.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// Returns the encoded length of `length` bytes.
pub(crate) fn encoded_length(length: usize) -> usize {
    length.saturating_mul(4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_one_meaning() {
        assert_eq!(decode("Zm9v").as_deref(), Some(b"foo".as_slice()));
        assert_eq!(decode(""), Some(vec![]));
        assert_eq!(decode("AA"), Some(vec![0]));
        for text in
            ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "A A", " AA", "AA\n", "+/+/", "AA.", "ＡＡ", "A\0", "===="]
        {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn length_is_known_before_encoding() {
        for length in 0..100 {
            assert_eq!(encode(&vec![0; length]).len(), encoded_length(length));
        }
    }
}
