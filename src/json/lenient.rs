//! Lenient reading: JSON as programs write it that do not keep to RFC 8259, where the meaning is obvious.
//!
//! why: a sender cannot fix what its JSON library writes, and one odd value must not cost the values beside it.

use crate::json::Value;
use crate::json::reader::{JsonError, Read, Reader, is_number};
use crate::json::value::whole;

/// The kinds of values that a lenient reader has replaced by `null`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repairs {
    /// `NaN`, an infinity, or a number beyond the range of doubles.
    pub number: bool,
    /// An object or array that is nested too deep.
    pub depth: bool,
}

/// Parses a value from JSON, and repairs what is not JSON but clear.
///
/// - A byte order mark is skipped, and control characters in strings are kept.
/// - Halves of surrogate pairs become U+FFFD.
/// - Whole numbers that no double holds become the text of their digits, because they are identifiers.
/// - `NaN`, infinities, numbers beyond the range of doubles, and what is nested deeper than `depth` become `null`.
///
/// # Errors
/// Returns the first position that has no clear meaning.
pub(crate) fn parse_leniently(text: &str, depth: usize) -> Result<(Value, Repairs), JsonError> {
    let mut reader = Reader::lenient(text, depth);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(value) => Ok((value, reader.repairs.unwrap_or_default())),
        Err(expected) => Err(reader.error(expected)),
    }
}

impl Value {
    /// Parses a value from JSON as programs write it: with a byte order mark, control characters in strings, halves of
    /// surrogate pairs (which become U+FFFD), and whole numbers of any length (which become the text of their digits if
    /// no double holds them). `NaN`, infinities, and what is nested deeper than 127 levels become `null`.
    ///
    /// # Errors
    /// Returns the first position that has no clear meaning.
    pub fn from_lenient_json(text: &str) -> Result<Self, JsonError> {
        parse_leniently(text, crate::json::reader::MAX_DEPTH).map(|(value, _)| value)
    }
}

impl<'a> Reader<'a> {
    /// Returns a reader that repairs, up to this depth.
    pub(crate) fn lenient(text: &'a str, depth: usize) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { depth, repairs: Some(Repairs::default()), ..Self::new(text) }
    }

    /// Skips an object or array that is nested too deep.
    pub(super) fn omit_nested(&mut self) -> Read<Value> {
        self.raw_value()?;
        self.note(|repairs| repairs.depth = true)
    }

    /// Returns the number that was read from `start`, or the text of its digits if no double holds it.
    pub(super) fn exact_number(&self, start: usize, number: f64) -> Value {
        let text = self.text.get(start..self.at).unwrap_or_default();
        let is_whole = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        if is_whole && whole(number + 0.0).is_none() { Value::from(text) } else { Value::Number(number) }
    }

    /// Returns `null` for what begins as a number at `start` and is too large, or a negative infinity.
    pub(super) fn repair_number(&mut self, start: usize) -> Option<Value> {
        if self.text.get(start..self.at).is_some_and(is_number) {
            return self.note(|repairs| repairs.number = true).ok();
        }
        self.at = start;
        self.eat(b'-');
        self.repair_word()
    }

    /// Returns `null` for the words that some libraries write in place of numbers.
    pub(super) fn repair_word(&mut self) -> Option<Value> {
        let word = ["NaN", "Infinity"].into_iter().find(|word| self.rest().starts_with(word))?;
        self.repairs?;
        self.step(word.len());
        self.note(|repairs| repairs.number = true).ok()
    }

    /// Consumes a control character in a string.
    pub(super) fn control_character(&mut self) -> Option<char> {
        let control = self.byte().filter(|byte| *byte < b' ' && self.repairs.is_some())?;
        self.step(1);
        Some(char::from(control))
    }

    fn note(&mut self, repaired: impl FnOnce(&mut Repairs)) -> Read<Value> {
        if let Some(repairs) = &mut self.repairs {
            repaired(repairs);
        }
        Ok(Value::Null)
    }
}

/// Returns the member of an object, if it can be read, though others cannot.
pub(crate) fn readable_member(text: &str, name: &str, depth: usize) -> Option<Value> {
    let (members, _) = Reader::lenient(text, depth).raw_members();
    let (_, raw) = members.into_iter().rev().find(|(known, _)| known == name)?;
    Some(parse_leniently(raw, depth).ok()?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::canonical;
    use proptest::prelude::*;

    fn read(text: &str) -> (String, Repairs) {
        let (value, repairs) = parse_leniently(text, 4).unwrap_or_else(|error| panic!("{text}: {error}"));
        (canonical::to_string(&value), repairs)
    }

    #[test]
    fn what_is_clear_is_repaired() {
        let number = Repairs { number: true, depth: false };
        let cases = [
            ("\u{feff}{\"a\":1}", r#"{"a":1}"#, Repairs::default()),
            (r#""half \ud83d end""#, "\"half \u{fffd} end\"", Repairs::default()),
            (r#""\udc00\ud83d\u0041\ud83d\ud83d\ude00""#, "\"\u{fffd}\u{fffd}A\u{fffd}😀\"", Repairs::default()),
            ("\"a\tb\nc\u{0}\"", r#""a\tb\nc\u0000""#, Repairs::default()),
            ("[NaN, Infinity,-Infinity,-NaN]", "[null,null,null,null]", number),
            ("[1e999,-1e400]", "[null,null]", number),
            (
                "[9007199254740993,-1234567890123456789]",
                r#"["9007199254740993","-1234567890123456789"]"#,
                Repairs::default(),
            ),
            ("[9007199254740991,1.5,1e3,0,-0]", "[9007199254740991,1.5,1000,0,0]", Repairs::default()),
        ];
        for (text, value, repairs) in cases {
            assert_eq!(read(text), (value.to_owned(), repairs), "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_null_and_the_rest_is_read() {
        let depth = Repairs { number: false, depth: true };
        assert_eq!(read("[[[[1]]]]"), ("[[[[1]]]]".to_owned(), Repairs::default()));
        assert_eq!(read(r#"{"a":[[[[1,"]"],2]]],"b":3}"#), (r#"{"a":[[[null,2]]],"b":3}"#.to_owned(), depth));
        let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep), (r#"{"a":[[[null]]],"b":2}"#.to_owned(), depth));
    }

    #[test]
    fn what_is_not_clear_is_an_error() {
        for text in ["", "{", "[1,]", "nul", "NaNs", "-", "01", "+1", "'a'", r#""\x""#, r#""\u12""#, "Infinit", "1 2"] {
            assert!(parse_leniently(text, 4).is_err(), "{text}");
        }
    }

    #[test]
    fn a_member_is_read_though_others_cannot_be() {
        let text = r#"{"a":1,"b":[nul],"c":"x","d":{"e":}}"#;
        let read = |name| readable_member(text, name, 4);
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(read),
            [Some(Value::Number(1.0)), None, Some(Value::from("x")), None, None]
        );
    }

    proptest! {
        #[test]
        fn what_is_json_reads_as_ever(text in r#"[\[\]{}",:\\ntrufalse0-9eE+.\-ud8é😀 \n]{0,24}"#) {
            if let Ok(value) = crate::json::parse(&text) {
                prop_assert_eq!(parse_leniently(&text, 127), Ok((value, Repairs::default())));
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = parse_leniently(&text, 4);
            let _ = readable_member(&text, "a", 4);
        }
    }
}
