//! Percent-decoding (RFC 3986, section 2.1).

use crate::prelude::*;

/// Returns the bytes of a string with every `%XX` decoded.
///
/// A `%` without two hexadecimal digits after it stays as it is. The bytes need not be UTF-8.
///
/// # Examples
///
/// ```
/// assert_eq!(throughline::percent_decode("caf%C3%A9 100%"), "café 100%".as_bytes());
/// ```
#[must_use]
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let escaped = (*first == b'%').then(|| Some(((digit(0)? << 4) | digit(1)?) as u8)).flatten();
        out.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

/// Returns the percent-decoded string, with U+FFFD in place of bytes that are not UTF-8.
pub(crate) fn percent_decode_lossy(text: &str) -> String {
    String::from_utf8_lossy(&percent_decode(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_sequences_are_kept() {
        for text in ["%", "%4", "%zz", "100% of %", "%%"] {
            assert_eq!(percent_decode(text), text.as_bytes());
        }
        assert_eq!(percent_decode("%%41"), b"%A");
        assert_eq!(percent_decode("%e2%82%AC"), "€".as_bytes());
        assert_eq!(percent_decode_lossy("%ffa"), "\u{fffd}a");
    }
}
