//! Detects values that look like PII, so that they never enter a token.
//!
//! It is a second line of defence. Attributes that are marked as personal stay out of tokens anyway; this check catches
//! the e-mail address in an attribute called `tier`.
//!
//! Values are normalized first: percent-encoding is decoded (twice), full-width and other digits, dashes, spaces and
//! dots are folded to ASCII, and zero-width characters are removed.
//!
//! **E-mail**: a mailbox before an `@`, and after it a host name of two or more labels whose last one consists of
//! letters, or an IP address in brackets. `@handle`, `user@localhost`, `pkg@1.2.3` and `icon@2x.png` pass.
//!
//! **Phone**: one of these forms, not joined to letters, `_` or a time of day:
//! - `+` and 8 to 15 digits with the usual separators, unless they are one decimal number;
//! - `00`, a country code and 10 to 17 digits in all, in groups;
//! - a trunk `0`, in groups, 9 to 13 digits in all (`0151 2345678`, `01 23 45 67 89`);
//! - North American `555-123-4567`, with or without a leading 1; area codes in brackets;
//! - 7 digits or more after `tel:`, `sms:`, `callto:`, `whatsapp:` or `wa.me/`.
//!
//! Digits without any separator pass, since order numbers, article codes and timestamps look the same.

mod email;
mod phone;

use core::fmt;

use crate::prelude::*;
use crate::text::percent::percent_decode_lossy;

/// A kind of PII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PiiKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

impl fmt::Display for PiiKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            PiiKind::Email => "an e-mail address",
            PiiKind::Phone => "a phone number",
        })
    }
}

/// Returns the kind of PII in `text`, if there is any. The module's documentation lists the forms.
pub fn detect_pii(text: &str) -> Option<PiiKind> {
    let plain = plain(text);
    if email::is_in(&plain) {
        Some(PiiKind::Email)
    } else if phone::is_in(&plain) {
        Some(PiiKind::Phone)
    } else {
        None
    }
}

/// Checks whether an e-mail address is in `text`.
pub(crate) fn has_email(text: &str) -> bool {
    email::is_in(&plain(text))
}

/// Returns the decoded characters of a text, with those that look like ASCII as ASCII.
fn plain(text: &str) -> Vec<char> {
    let decoded = percent_decode_lossy(text);
    percent_decode_lossy(&decoded).chars().filter_map(fold).collect()
}

/// Returns the ASCII character that looks like `c`, or `None` if `c` is invisible.
fn fold(c: char) -> Option<char> {
    // The zero of each script whose digits are used in phone numbers.
    const ZEROS: [char; 4] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    let offset = |from: char| u32::from(c).wrapping_sub(u32::from(from));
    match c {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{3002}' => Some('.'),
        '\u{fe6b}' => Some('@'),
        _ if c.is_ascii() => Some(c),
        _ if c.is_whitespace() => Some(' '),
        _ => ZEROS
            .into_iter()
            .find_map(|zero| char::from_digit(offset(zero), 10))
            .or_else(|| match c {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(offset('\u{fee0}')),
                _ => None,
            })
            .or(Some(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_all(want: Option<PiiKind>, texts: &[&str]) {
        for text in texts {
            assert_eq!(detect_pii(text), want, "{text:?}");
        }
    }

    #[test]
    fn emails_are_found() {
        assert_all(
            Some(PiiKind::Email),
            &[
                "jane@example.com",
                "JANE.DOE+news@mail.example.co.uk",
                "write to jane@example.com, please",
                "<jane@example.com>",
                "mailto:jane@example.com?subject=hi",
                "https://jane@example.com/",
                "o'neil@example.ie",
                "\"jane doe\"@example.com",
                "jane@[192.168.0.1]",
                "jane@[IPv6:2001:db8::1]",
                "jane@xn--mller-kva.de",
                "a@b.museum.",
            ],
        );
    }

    #[test]
    fn emails_are_found_in_other_scripts_and_encodings() {
        assert_all(
            Some(PiiKind::Email),
            &[
                "jörg@müller.de",
                "用户@例子.公司",
                "用户@例子。公司",
                "उदाहरण@उदाहरण.परीक्षा",
                "jane＠example．com",
                "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
                "jane\u{200b}@\u{ad}example.com",
                "jane%40example.com",
                "jane%2540example.com",
                "u=j%C3%B6rg%40m%C3%BCller.de",
            ],
        );
    }

    #[test]
    fn near_misses_of_emails_pass() {
        assert_all(
            None,
            &[
                "",
                "@",
                "@@",
                "@jane",
                "jane@",
                "jane@localhost",
                "2 @ 3.50",
                "2x@1.50",
                "pkg@1.2.3",
                "@scope/pkg@1.2.3",
                "icon@2x.png",
                "jane at example.com",
                "jane@example.c",
                "jane@.com",
                "jane@example..com",
                "a@b",
                "jane@192.168.0.1",
                "100%",
                "%4",
                "%zz@",
                "@example.com is our domain",
            ],
        );
    }

    #[test]
    fn phones_are_found() {
        assert_all(
            Some(PiiKind::Phone),
            &[
                "+4915112345678",
                "+49 151 12345678",
                "+49 (0)151 1234-5678",
                "+1 (555) 123-4567",
                "+1.555.123.4567",
                "call +33 1 23 45 67 89 now",
                "phone:+4915112345678",
                "＋４９１５１１２３４５６７８",
                "+٤٩١٥١١٢٣٤٥٦٧٨",
                "%2B4915112345678",
                "+49\u{a0}151\u{2011}12345678",
                "0049 151 12345678",
                "0151 2345678",
                "030/1234567",
                "0151-23 45 67 89",
                "01 23 45 67 89",
                "01.23.45.67.89",
                "020 7946 0958",
                "(030) 123456",
                "(555) 123-4567",
                "555-123-4567",
                "1-800-555-1234",
                "555.123.4567",
                "tel:4915112345678",
                "https://wa.me/4915112345678",
                "TEL:030123456",
            ],
        );
    }

    #[test]
    fn near_misses_of_phones_pass() {
        assert_all(
            None,
            &[
                // order, article and card numbers
                "1234567890",
                "015112345678",
                "ORD-0151-234567",
                "112-1234567-1234567",
                "123-456-7890",
                "0012-3456-7890",
                "4111 1111 1111 1111",
                "978-3-16-148410-0",
                "0-306-40615-2",
                "036000291452",
                "hotel:1234567",
                "SKU 0151_2345678",
                // dates and times
                "2026-05-04",
                "2026-05-04T03:02:01+00:00",
                "2026-05-04T03:02:01.123456+0200",
                "2026-05-04 03:02:01",
                "04.05.2026",
                "01/02/2026 12:30",
                "01.02.2026 1530",
                "01-02-2026 153000",
                "20260504T030201Z",
                "1700000000000",
                "12:34:56.0123-456789:00",
                // versions and addresses
                "1.2.3",
                "10.0.19045.3693",
                "v01.02.03",
                "192.168.100.200",
                "2001:db8::0123",
                "1.0.0+20260504",
                // prices and other numbers
                "0.99",
                "1.234.567,89",
                "1 234 567,89",
                "+12.50",
                "+1234567.89",
                "-1234567.89",
                "1e+10",
                "+1234567",
                "5+12345678",
                // coordinates
                "48.8566, 2.3522",
                "+48.8566+002.3522/",
                "+48.856612345",
                "-33.8688 151.2093",
                "08.6821 50.1109",
                // identifiers
                "550e8400-e29b-41d4-a716-446655440000",
                "01234567-0123-0123-0123-012345678901",
                "a-0151-2345678",
                "0151-2345678-b",
                "0x0151 ",
                "",
                "+",
                "0",
                "()",
                "(0)",
                "+-+-+",
                "tel:",
                "wa.me/",
            ],
        );
    }

    #[test]
    fn a_hostile_value_takes_linear_time() {
        for piece in ["@", "a@", "+0", "0 ", "tel:", "%", "%25", "(", "a@b."] {
            let _ = detect_pii(&piece.repeat(100_000 / piece.len()));
        }
    }
}
