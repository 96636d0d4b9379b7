//! Finds the first byte of a JSON string that needs escaping, for the reader and the writers.

/// Eight bytes with the value 1.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// Returns the number of leading bytes that need no escape: all but `"`, `\` and control characters.
///
/// The byte after them is ASCII, so the result is never inside a character.
pub(crate) fn unescaped_prefix_len(text: &[u8]) -> usize {
    let (eights, rest) = text.as_chunks();
    for (at, eight) in eights.iter().enumerate() {
        let bytes_to_escape = bytes_to_escape(u64::from_le_bytes(*eight));
        if bytes_to_escape != 0 {
            return at.saturating_mul(8).saturating_add(bytes_to_escape.trailing_zeros() as usize / 8);
        }
    }
    let plain = rest.iter().position(|byte| !needs_no_escape(*byte)).unwrap_or(rest.len());
    eights.len().saturating_mul(8).saturating_add(plain)
}

const fn needs_no_escape(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// Returns a mask of the bytes that need an escape, for eight bytes at once.
///
/// The lowest set bit is the highest bit of the first such byte, and 0 means that there is none. A byte's highest bit
/// shows that the subtraction made it negative. A borrow changes only the bytes after that one.
///
/// Source: <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
const fn bytes_to_escape(eight: u64) -> u64 {
    const fn below(eight: u64, limit: u8) -> u64 {
        eight.wrapping_sub(ONES.wrapping_mul(limit as u64)) & !eight
    }
    let quotes = eight ^ ONES.wrapping_mul(b'"' as u64);
    let backslashes = eight ^ ONES.wrapping_mul(b'\\' as u64);
    (below(eight, b' ') | below(quotes, 1) | below(backslashes, 1)) & ONES.wrapping_mul(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eight_bytes_at_once_are_as_each_alone(text in "[a-zé😀\u{7f} \"\\\\\u{1f}\n!#\\[\\]]{0,40}") {
            let expected = text.bytes().position(|byte| !needs_no_escape(byte)).unwrap_or(text.len());
            prop_assert_eq!(unescaped_prefix_len(text.as_bytes()), expected);
        }

        #[test]
        fn any_bytes(bytes in any::<[u8; 8]>()) {
            prop_assert_eq!(unescaped_prefix_len(&bytes), bytes.iter().position(|byte| !needs_no_escape(*byte)).unwrap_or(8));
        }
    }
}
