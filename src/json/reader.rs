//! A JSON reader (RFC 8259).
//!
//! why: every browser loads it, and serde's reader of the same values costs 17 KB more (gzip, see ARCHITECTURE.md,
//! "Bytes").

use core::fmt;

use alloc::borrow::Cow;

use crate::json::Value;
use crate::json::escape::unescaped_prefix_len;
use crate::json::lenient::Repairs;
use crate::json::number;
use crate::prelude::*;

/// The greatest depth to which objects and arrays may nest.
pub(super) const MAX_DEPTH: usize = 127;
/// All integers with this number of digits are exact doubles.
const EXACT_DIGITS: usize = 15;

/// A syntax error in JSON, with its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The byte offset of the error.
    pub at: usize,
    /// The expected token.
    pub expected: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.at, self.expected)
    }
}

impl core::error::Error for JsonError {}

/// Parses a value from JSON.
///
/// Numbers are the nearest doubles, as in JavaScript. The last of members with equal names counts.
///
/// # Errors
/// Returns the first position where the string is not JSON. Nesting deeper than 127 levels, numbers beyond the range of
/// doubles, and halves of surrogate pairs are errors, too.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader::new(text);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    value.map_err(|expected| reader.error(expected))
}

/// A cursor in a string. Its methods return what was expected as their error; [`Reader::error`] adds the position.
pub(crate) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// The number of objects and arrays that may still be opened inside the open ones.
    pub(super) depth: usize,
    /// The repairs so far; `None` if nothing may be repaired.
    pub(super) repairs: Option<Repairs>,
}

impl Value {
    /// Parses a value from JSON.
    ///
    /// # Errors
    /// Returns the first position where the string is not JSON as RFC 8259 defines it.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        parse(text)
    }
}

pub(crate) type Read<T> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: MAX_DEPTH, repairs: None }
    }

    /// Returns the error for the current position.
    pub(crate) const fn error(&self, expected: &'static str) -> JsonError {
        JsonError { at: self.at, expected }
    }

    /// Returns the first byte of the next token.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.byte()
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.peek().is_none() { Ok(()) } else { Err("the end") }
    }

    pub(crate) fn colon(&mut self) -> Read<()> {
        self.skip_space();
        self.expect(b':', "`:`")
    }

    pub(crate) fn value(&mut self) -> Read<Value> {
        match self.peek() {
            Some(b'{' | b'[') if self.depth == 0 && self.repairs.is_some() => self.omit_nested(),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.any_number(),
            _ => self.word(),
        }
    }

    fn any_number(&mut self) -> Read<Value> {
        let start = self.at;
        match (self.number(), self.repairs.is_some()) {
            (Ok(number), true) => Ok(self.exact_number(start, number)),
            (Err(expected), true) => self.repair_number(start).ok_or(expected),
            (number, false) => number.map(Value::Number),
        }
    }

    fn object(&mut self) -> Read<Value> {
        let mut members = Vec::new();
        let mut more = self.begins_list(b'}')?;
        while more {
            let name = self.name()?.into_owned();
            members.push((name, self.value()?));
            more = self.continues_list(b'}', "`,` or `}`")?;
        }
        Ok(Value::Object(members.into()))
    }

    fn array(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        let mut more = self.begins_list(b']')?;
        while more {
            items.push(self.value()?);
            more = self.continues_list(b']', "`,` or `]`")?;
        }
        Ok(Value::Array(items))
    }

    /// Reads the name of a member and the colon after it.
    pub(crate) fn name(&mut self) -> Read<Cow<'a, str>> {
        self.skip_space();
        let name = self.text()?;
        self.colon()?;
        Ok(name)
    }

    /// Reads a string, borrowed if it has no escapes.
    pub(crate) fn text(&mut self) -> Read<Cow<'a, str>> {
        match self.plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.string().map(Cow::Owned),
        }
    }

    /// Consumes an opening bracket, and returns whether an item follows before the closing one.
    pub(crate) fn begins_list(&mut self, close: u8) -> Read<bool> {
        self.depth = self.depth.checked_sub(1).ok_or("less nesting")?;
        self.step(1);
        Ok(!self.closes(close))
    }

    pub(crate) fn continues_list(&mut self, close: u8, expected: &'static str) -> Read<bool> {
        if self.closes(close) {
            return Ok(false);
        }
        self.expect(b',', expected).map(|()| true)
    }

    #[inline(always)]
    fn closes(&mut self, close: u8) -> bool {
        let closes = self.peek() == Some(close);
        self.step(usize::from(closes));
        self.depth = self.depth.saturating_add(usize::from(closes));
        closes
    }

    pub(crate) fn word(&mut self) -> Read<Value> {
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if self.rest().starts_with(word) {
                self.step(word.len());
                return Ok(value);
            }
        }
        self.repair_word().ok_or("a value")
    }

    /// Reads a number, with a short path for integers, which nearly all numbers are.
    fn number(&mut self) -> Read<f64> {
        let start = self.at;
        let is_negative = self.eat(b'-');
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let is_written_so = digits == "0" || !(digits.is_empty() || digits.starts_with('0'));
        if is_written_so && digits.len() <= EXACT_DIGITS && !matches!(self.byte(), Some(b'.' | b'e' | b'E')) {
            let number = digits.bytes().fold(0.0, |number, digit| number * 10.0 + f64::from(digit.wrapping_sub(b'0')));
            return Ok(if is_negative { -number } else { number });
        }
        self.at = start;
        self.number_and_text().map(|(_, number)| number)
    }

    /// Reads a number, and returns its source text with it.
    pub(crate) fn number_and_text(&mut self) -> Read<(&'a str, f64)> {
        let text = self.take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = if is_number(text) { number::parse(text) } else { None };
        let number = number.filter(|number: &f64| number.is_finite());
        Ok((text, number.ok_or("a number that a double can hold, or what follows one")?))
    }

    /// Reads a string without escapes. Returns `None`, and consumes nothing, if the next token is not one.
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        let start = self.at;
        if self.eat(b'"') {
            let text = self.plain();
            if self.eat(b'"') {
                return Some(text);
            }
        }
        self.at = start;
        None
    }

    pub(crate) fn string(&mut self) -> Read<String> {
        self.expect(b'"', "a string")?;
        let mut out = self.plain().to_owned();
        while !self.eat(b'"') {
            if let Some(control) = self.control_character() {
                out.push(control);
            } else {
                self.expect(b'\\', "the rest of a string")?;
                out.push(self.escaped()?);
            }
            out.push_str(self.plain());
        }
        Ok(out)
    }

    /// Reads the rest of an escape after its backslash.
    fn escaped(&mut self) -> Read<char> {
        let simple = match self.byte() {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return self.escaped_unit(),
        };
        self.step(1);
        Ok(simple)
    }

    fn escaped_unit(&mut self) -> Read<char> {
        let first = self.code_unit("an escape")?;
        let after_first = self.at;
        let second = match first {
            0xd800..=0xdbff => self.other_half(),
            _ => Ok(0),
        };
        let pair = second.map(|second| char::decode_utf16([first, second]).next().and_then(Result::ok));
        match (pair, self.repairs.is_some()) {
            (Ok(Some(character)), _) => Ok(character),
            (_, true) => {
                // What follows the half is read on its own.
                self.at = after_first;
                Ok(char::REPLACEMENT_CHARACTER)
            }
            (Ok(None), false) => Err("a whole surrogate pair"),
            (Err(expected), false) => Err(expected),
        }
    }

    fn other_half(&mut self) -> Read<u16> {
        let expected = "the other half of a surrogate pair";
        self.expect(b'\\', expected)?;
        self.code_unit(expected)
    }

    /// Reads `u` and the four hexadecimal digits of a code unit.
    fn code_unit(&mut self, expected: &'static str) -> Read<u16> {
        self.expect(b'u', expected)?;
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or("four hexadecimal digits")?;
        self.step(4);
        Ok(unit)
    }

    #[inline(always)]
    pub(super) fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step(1);
        }
    }

    #[inline(always)]
    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Returns the unread rest.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    #[inline(always)]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        self.step(usize::from(found));
        found
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Read<()> {
        if self.eat(byte) { Ok(()) } else { Err(expected) }
    }

    /// Reads the characters of a string up to the first that needs an escape.
    fn plain(&mut self) -> &'a str {
        self.take(unescaped_prefix_len(self.bytes()))
    }

    pub(super) fn take_while(&mut self, holds: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.bytes();
        self.take(rest.iter().position(|byte| !holds(*byte)).unwrap_or(rest.len()))
    }

    /// Reads a number of bytes, which must end at a character boundary.
    fn take(&mut self, len: usize) -> &'a str {
        let start = self.at;
        self.step(len);
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// Checks the syntax of a JSON number: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
pub(super) fn is_number(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(before, after)| (before, Some(after)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(before, after)| (before, Some(after)));
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both readers return the same value, or both fail.
    #[track_caller]
    fn assert_same(text: &str) {
        let (ours, serdes) = (parse(text), serde_json::from_str::<Value>(text));
        match serdes {
            // Bytes are compared, too, because 0 and -0 are equal values.
            Ok(value) => assert_eq!(format!("{:?}", ours), format!("{:?}", Ok::<_, JsonError>(value)), "{text}"),
            Err(_) => assert!(ours.is_err(), "{text}"),
        }
    }

    #[test]
    fn reads_what_serdes_reader_reads() {
        let good = [
            "null",
            " true\n",
            "false",
            "0",
            "-0",
            "12.5e-3",
            "1E+2",
            "\"\"",
            "[]",
            "{}",
            "[1, [2], {\"a\": [ ]}]",
            r#"{"a":1,"b":{"c":"d"},"a":2}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀""#,
            "9007199254740993",
            "5e-324",
            "1.7976931348623157e308",
            "2.2250738585072011e-308",
            "123456789012345678901234567890",
            "\u{9}[ ]\r",
        ];
        let bad = [
            "",
            " ",
            "nul",
            "nulls",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "1e400",
            "-1e400",
            "--1",
            "0x1",
            "[1,]",
            "[1 2]",
            "[,]",
            "{,}",
            "{a\":1}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "[",
            "{",
            "\"",
            "\"\n\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83dA""#,
            "1 1",
            "]",
            "\u{a0}1",
            "\u{feff}1",
            "NaN",
            "'a'",
        ];
        for text in good.into_iter().chain(bad) {
            assert_same(text);
        }
        assert!(good.into_iter().all(|text| parse(text).is_ok()));
    }

    #[test]
    fn does_not_nest_deeper_than_the_stack_bears() {
        for depth in [126, 127, 128, 129] {
            assert_same(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth)));
            assert_same(&format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)));
        }
        assert_eq!(parse(&"[".repeat(1_000_000)).unwrap_err().expected, "less nesting");
    }

    #[test]
    fn says_where_and_what() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert_eq!(message(r#"{"a" 1}"#), "byte 5: expected `:`");
        assert_eq!(message("[1,\n tru]"), "byte 5: expected a value");
        assert_eq!(message("{} x"), "byte 3: expected the end");
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_reads_it(text in r#"[\[\]{}",:\\ntrufalse0-9eE+.\-ud8é😀 \n]{0,24}"#) {
            assert_same(&text);
        }

        #[test]
        fn any_number_is_read_as_serde_reads_it(text in r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?") {
            assert_same(&text);
        }
    }
}
