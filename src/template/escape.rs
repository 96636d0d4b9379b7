//! Escapes output for its context.

use crate::json::canonical::{self, write_string};
use crate::plan::tables::Escape;
use crate::prelude::*;
use crate::template::operand::Operand;

/// Appends a value so that the context cannot interpret it as markup or code.
pub(super) fn escape(found: &Operand<'_>, context: Escape, out: &mut String) {
    let text = found.text();
    match context {
        Escape::None => text.chars().for_each(|c| match c {
            // A line stays one line, and no invisible characters remain.
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            c if c.is_control() => {}
            other => out.push(other),
        }),
        Escape::Html => text.chars().for_each(|c| match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }),
        Escape::Url => percent_encode(&text, out),
        Escape::Json => {
            let mut quoted = String::new();
            write_string(&text, &mut quoted);
            out.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
        Escape::Data => out.push_str(&canonical::to_string(&found.view().to_value())),
    }
}

/// Appends a string with everything except unreserved characters percent-encoded.
pub(super) fn percent_encode(text: &str, out: &mut String) {
    text.bytes().for_each(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
        other => {
            out.push('%');
            for digit in [other >> 4, other & 0xf] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    });
}
