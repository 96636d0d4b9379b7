//! The length of SMS, in the segments that are sent and billed.
//!
//! In GSM 03.38, characters of the basic table take one of 160 septets, those of the extension table two.
//! With any other character the text is sent as UCS-2, of which 70 code units fit. A longer text is split
//! into segments of 153 septets or 67 code units, each with a header.

use std::collections::BTreeSet;

use throughline::internals::plan::tables::Format;

use super::Linter;
use super::estimate::Estimate;
use super::lengths::{is_kind, report_unbounded};
use crate::source::cursor::ReadContext;

/// The basic table of GSM 03.38.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡\
    ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Checks every text for the channel `sms`.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let most = linter.rules.lint.sms_segments as usize;
    for message in linter.rules.messages.values() {
        for rendition in message.renditions.iter().filter(|rendition| rendition.format == Format::Text) {
            if !rendition.channel.as_ref().is_some_and(|channel| is_kind(channel.name, "sms")) {
                continue;
            }
            let estimate = Estimate::of(linter, &rendition.body);
            let text = &estimate.text;
            let unsupported: BTreeSet<char> = text.chars().filter(|c| septet_len(*c).is_none()).collect();
            let found = segments(text);
            let plain =
                segments(&text.chars().map(|c| if septet_len(c).is_some() { c } else { '?' }).collect::<String>());
            // A text that is mostly in another script has to be UCS-2.
            let is_few =
                text.chars().filter(|c| septet_len(*c).is_none()).count().saturating_mul(5) < text.chars().count();
            if plain < found && is_few {
                let shown: Vec<String> = unsupported.iter().take(10).map(|c| format!("`{c}`")).collect();
                let text = format!(
                    "{} {} this SMS UCS-2: {found} segments instead of {plain}{}",
                    shown.join(" "),
                    if shown.len() == 1 { "makes" } else { "make" },
                    estimate.assumption()
                );
                let expected = "characters of GSM 03.38, such as `'`, `\"`, `-` and `...`";
                rendition.cursor.warning("sms-unicode", text, out).expected(expected);
            } else if found > most {
                let code = if unsupported.is_empty() { "GSM 03.38" } else { "UCS-2" };
                let units = if unsupported.is_empty() { septets(text) } else { text.encode_utf16().count() };
                let text =
                    format!("this SMS has {found} segments: {units} code units in {code}{}", estimate.assumption());
                let expected = format!("at most {most}, or a larger `lint.smsSegments`");
                rendition.cursor.warning("sms-segments", text, out).expected(expected);
            } else {
                let least = if found == 1 { "1 segment".to_owned() } else { format!("{found} segments") };
                report_unbounded(&estimate, &rendition.cursor, &least, out);
            }
        }
    }
}

/// Returns the number of septets of a character in GSM 03.38; `None` if it has no encoding.
fn septet_len(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        return Some(1);
    }
    EXTENSION.contains(c).then_some(2)
}

fn septets(text: &str) -> usize {
    text.chars().filter_map(septet_len).fold(0, usize::saturating_add)
}

/// Returns the number of segments of a text.
fn segments(text: &str) -> usize {
    let widths: Option<Vec<usize>> = text.chars().map(septet_len).collect();
    match widths {
        Some(widths) => packed(&widths, 160, 153),
        None => packed(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// Returns the number of segments of characters with these widths, none of which is split.
fn packed(widths: &[usize], single: usize, part: usize) -> usize {
    if widths.iter().fold(0_usize, |sum, width| sum.saturating_add(*width)) <= single {
        return 1;
    }
    let (mut count, mut used) = (1_usize, 0_usize);
    for width in widths {
        used = used.saturating_add(*width);
        if used > part {
            count = count.saturating_add(1);
            used = *width;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_128_places_less_the_escape() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(BASIC.chars().collect::<BTreeSet<_>>().len(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn segments_are_counted_as_they_are_sent() {
        let cases = [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // 76 euro signs fill 152 septets of a segment; the next one does not fit into the last septet.
            (format!("{}{}", "€".repeat(76), "€".repeat(77)), 3),
            ("я".repeat(70), 1),
            ("я".repeat(71), 2),
            ("я".repeat(134), 2),
            ("я".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 33 surrogate pairs fill 66 code units of a segment; a pair is not split.
            ("😀".repeat(67), 3),
            (format!("{}’", "a".repeat(69)), 1),
            (format!("{}’", "a".repeat(70)), 2),
        ];
        for (text, wanted) in cases {
            assert_eq!(segments(&text), wanted, "{text}");
        }
    }
}
