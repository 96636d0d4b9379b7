//! The normal form of addresses: one spelling for all that name the same.

use serde_json::{Value, json};

/// Brings those of these members of an object that are strings to their normal form.
pub fn normalise(object: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(text) = object[*name].as_str().map(normal) {
            object[*name] = json!(text);
        }
    }
}

/// Returns the normal form: whatever is encoded and need not be is decoded.
fn normal(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let byte_at = |at: usize| {
        let digits: String = letters.get(at + 1..at + 3)?.iter().collect();
        let is_escape = letters[at] == '%' && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        is_escape.then(|| u8::from_str_radix(&digits, 16).unwrap())
    };
    let (mut out, mut at) = (String::new(), 0);
    while at < letters.len() {
        // The longest character in UTF-8 that is encoded here has four bytes.
        let bytes: Vec<u8> =
            (0..4).map_while(|step| letters.get(at + 3 * step).and_then(|_| byte_at(at + 3 * step))).collect();
        let decoded = (1..=bytes.len()).find_map(|len| Some((len, std::str::from_utf8(&bytes[..len]).ok()?)));
        match (decoded, bytes.first()) {
            (Some((len, character)), _) if !character.contains(stays) => {
                out += character;
                at += 3 * len;
            }
            (_, Some(byte)) => {
                out += &format!("%{byte:02X}");
                at += 3;
            }
            _ if letters[at] == '%' => {
                out += "%25";
                at += 1;
            }
            _ => {
                out.push(letters[at]);
                at += 1;
            }
        }
    }
    out
}

/// Returns whether a character stays encoded.
fn stays(character: char) -> bool {
    character < ' ' || character == '\u{7f}' || "!#$%&'()*+,/:;=?@[]".contains(character)
}
