//! Addresses in rules: the normal form in which they are compared.

use icu_normalizer::ComposingNormalizerBorrowed;
use throughline::normal_address;

/// Returns the normal form of an address, composed (Unicode's NFC), if it differs from what is written.
///
/// The core decodes addresses but does not compose them, because the tables cost more bytes than a browser should load.
/// Nearly all systems write composed characters, so rules are composed.
#[must_use]
pub fn normal(written: &str) -> Option<String> {
    let decoded = normal_address(written);
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&decoded);
    (composed != written).then(|| composed.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded_and_composed() {
        assert_eq!(normal("/caf%c3%a9/*").as_deref(), Some("/café/*"));
        assert_eq!(normal("/cafe\u{301}/").as_deref(), Some("/café/"));
        assert_eq!(normal("/cafe%CC%81/").as_deref(), Some("/café/"));
        assert_eq!(normal("/café/**"), None);
    }
}
