//! The normal form in which addresses are compared: paths, queries and whole URLs.

use alloc::borrow::Cow;

use crate::json::{Object, Value};
use crate::prelude::*;

/// The properties of events that are addresses.
const PROPERTIES: [&str; 3] = ["path", "url", "search"];
/// The ASCII characters that stay encoded where they are encoded: `%2F` within a segment is not the end of it.
const RESERVED: &str = "%:/?#[]@!$&'()*+,;=";
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Returns the normal form of a path, a query or a URL. Spellings of one address have one form.
///
/// - Percent-encoded UTF-8 is decoded: `/caf%C3%A9` is `/café`, and `/l%61mps` is `/lamps`.
/// - Reserved characters of RFC 3986, control characters, and bytes that are not UTF-8 stay encoded, with upper-case
///   digits. A `%` that begins no such sequence becomes `%25`.
///
/// The normal form of a normal form is itself. Unicode is not composed: `e` with a combining accent is not `é`.
///
/// # Examples
///
/// ```
/// use throughline::normal_address;
///
/// assert_eq!(normal_address("/caf%c3%a9/a%2fb/100%"), "/café/a%2Fb/100%25");
/// ```
#[must_use]
pub fn normal_address(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut escaped = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digit = |at: usize| char::from(*rest.as_bytes().get(at)?).to_digit(16);
        let byte = (first == '%').then(|| Some((digit(1)? << 4) | digit(2)?)).flatten();
        let len = match byte {
            Some(byte) => {
                escaped.push(byte as u8);
                3
            }
            None => {
                push_decoded(&mut out, &mut escaped);
                out.push_str(if first == '%' { "%25" } else { rest.get(..first.len_utf8()).unwrap_or_default() });
                first.len_utf8()
            }
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    push_decoded(&mut out, &mut escaped);
    Cow::Owned(out)
}

/// Appends the characters that adjacent escapes encode, and encodes again what stays encoded.
fn push_decoded(out: &mut String, escaped: &mut Vec<u8>) {
    for chunk in escaped.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii_control() || RESERVED.contains(character) {
                push_escape(out, character as u8);
            } else {
                out.push(character);
            }
        }
        chunk.invalid().iter().for_each(|byte| push_escape(out, *byte));
    }
    escaped.clear();
}

fn push_escape(out: &mut String, byte: u8) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.push(DIGITS.get(usize::from(digit)).copied().map_or('0', char::from));
    }
}

/// Returns the properties of an event with its addresses in normal form.
pub(crate) fn normal_properties(properties: &Object) -> Cow<'_, Object> {
    let mut out = Cow::Borrowed(properties);
    for name in PROPERTIES {
        if let Some(Value::String(given)) = properties.get(name)
            && let Cow::Owned(normal) = normal_address(given)
        {
            out.to_mut().insert(name, Value::String(normal));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_have_one_form() {
        for (given, normal) in [
            ("/café/", "/café/"),
            ("/caf%C3%A9/", "/café/"),
            ("/caf%c3%a9/", "/café/"),
            ("/l%61mps/", "/lamps/"),
            ("/%E2%82%AC%f0%9f%98%80", "/€😀"),
            ("/a%2fb%3F%23", "/a%2Fb%3F%23"),
            ("/my%20page", "/my page"),
            ("/%00%7f%0a", "/%00%7F%0A"),
            ("/%ff%C3%28", "/%FF%C3%28"),
            ("/%C3é%A9", "/%C3é%A9"),
            ("/100%", "/100%25"),
            ("/100%25", "/100%25"),
            ("/%%34%31", "/%2541"),
            ("/%zz%4", "/%25zz%254"),
            ("?q=fr%C3%BChling+a%26b", "?q=frühling+a%26b"),
            ("https://shop.example/%C3%BC?x=%2B#%C3%A4", "https://shop.example/ü?x=%2B#ä"),
        ] {
            assert_eq!(normal_address(given), normal, "{given}");
            assert_eq!(normal_address(normal), normal, "{normal} again");
        }
        assert_eq!(normal_address("/cafe%CC%81"), "/cafe\u{301}", "nothing is composed");
    }
}
