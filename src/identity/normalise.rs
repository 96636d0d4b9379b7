//! Normal forms of identifiers, so that two spellings of one address are one identifier.

use crate::plan::tables::Normalise;
use crate::prelude::*;
use crate::text::lowercase;

/// The fewest and the most digits of a phone number. Country code included, E.164 allows 15.
const PHONE_DIGITS: core::ops::RangeInclusive<usize> = 6..=15;

impl Normalise {
    /// Returns the normal form of a value, or `None` if the value is not of this kind.
    pub(super) fn apply(self, value: &str) -> Option<String> {
        match self {
            Self::None => Some(value.to_owned()),
            Self::Lowercase => Some(lowercase(value.trim())),
            Self::Email => email(value),
            Self::Phone => phone(value),
        }
    }
}

/// Returns an e-mail address in lower case.
///
/// why: dots and `+tags` stay, because only the provider knows whether they name another mailbox.
fn email(value: &str) -> Option<String> {
    let lower = lowercase(value.trim());
    let (local, host) = lower.rsplit_once('@')?;
    let is_clean = !lower.contains(|c: char| c.is_whitespace() || c.is_control());
    let is_host = host.contains('.') && host.split('.').all(|label| !label.is_empty()) && !host.contains('@');
    (is_clean && is_host && !local.is_empty()).then_some(lower)
}

/// Returns the digits of a phone number, after a `+` if it begins with one or with `00`.
///
/// A trunk `(0)` after the country code goes. A value with anything but digits and the usual separators is not a phone number.
fn phone(value: &str) -> Option<String> {
    let value = value.trim().replace("(0)", "");
    let is_separator = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}'..='\u{2015}');
    let (is_international, rest) = match value.strip_prefix('+').or_else(|| value.strip_prefix("00")) {
        Some(rest) => (true, rest),
        None => (false, value.as_str()),
    };
    let digits: String = rest.chars().filter(|c| !is_separator(*c)).collect();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && PHONE_DIGITS.contains(&digits.len());
    is_number.then(|| if is_international { format!("+{digits}") } else { digits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_email_address_are_one() {
        for spelling in ["ann@example.com", " Ann@Example.COM ", "ANN@EXAMPLE.COM\n"] {
            assert_eq!(Normalise::Email.apply(spelling).as_deref(), Some("ann@example.com"));
        }
        assert_eq!(Normalise::Email.apply("Jörg+x@Müller.de").as_deref(), Some("jörg+x@müller.de"));
        for wrong in ["ann", "ann@", "@example.com", "ann@localhost", "ann@example.", "ann @example.com", "a@.b"] {
            assert_eq!(Normalise::Email.apply(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn spellings_of_one_phone_number_are_one() {
        for spelling in ["+43 664 1234567", "0043664/1234567", "+43 (0)664 123-45.67", "+43(664)1234567"] {
            assert_eq!(Normalise::Phone.apply(spelling).as_deref(), Some("+436641234567"), "{spelling}");
        }
        assert_eq!(Normalise::Phone.apply("0664 1234567").as_deref(), Some("06641234567"));
        for wrong in ["", "+", "12345", "+43 664 CALL ME", "1234567890123456", "٤٩١٥١١٢٣"] {
            assert_eq!(Normalise::Phone.apply(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_values_keep_their_case_unless_the_rules_say_otherwise() {
        assert_eq!(Normalise::None.apply(" Aa ").as_deref(), Some(" Aa "));
        assert_eq!(Normalise::Lowercase.apply(" Aa ").as_deref(), Some("aa"));
    }

    #[test]
    fn a_normal_form_is_its_own_normal_form() {
        let values = ["Ann@Example.com", "+43 664 1234567", "00436641234567", "0664 1234567", "AbC", "ǅ", "İ@x.yz"];
        for kind in [Normalise::None, Normalise::Lowercase, Normalise::Email, Normalise::Phone] {
            for once in values.iter().filter_map(|value| kind.apply(value)) {
                assert_eq!(kind.apply(&once), Some(once), "{kind:?}");
            }
        }
    }
}
