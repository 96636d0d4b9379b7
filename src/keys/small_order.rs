//! Small-order points of Ed25519: their order divides 8, so signatures for them can be forged without a secret.

/// The encoded `y` of each point without the sign of `x`; also the non-canonical encodings of 0 and 1.
const Y: [[u8; 32]; 7] = [
    around(0x00, 0x00, 0x00),
    around(0x01, 0x00, 0x00),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    around(0xec, 0xff, 0x7f),
    around(0xed, 0xff, 0x7f),
    around(0xee, 0xff, 0x7f),
];

/// Checks whether bytes encode such a point.
pub(crate) fn is_encoding(point: &[u8]) -> bool {
    let Some((last, rest)) = point.split_last() else { return false };
    Y.iter().any(|y| y.split_last() == Some((&(last & 0x7f), rest)))
}

const fn around(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::VerifyingKey;

    #[test]
    fn they_are_those_that_the_library_calls_weak() {
        for y in Y {
            for sign in [0, 0x80] {
                let mut point = y;
                point[31] |= sign;
                assert!(is_encoding(&point));
                assert!(VerifyingKey::from_bytes(&point).is_ok_and(|key| key.is_weak()), "{point:x?}");
            }
        }
    }

    #[test]
    fn no_other_keys_are() {
        for seed in 0..=255 {
            let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
            assert!(!key.is_weak() && !is_encoding(key.as_bytes()));
        }
    }
}
