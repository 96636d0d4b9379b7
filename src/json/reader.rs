//! Reads JSON (RFC 8259). Small, because every browser loads it: the same values as serde's reader at a tenth of its size.

use core::fmt;

use alloc::borrow::Cow;

use crate::json::Value;
use crate::json::escape::unescaped_prefix_len;
use crate::json::number;
use crate::prelude::*;

/// Objects and arrays may nest this deep.
const MAX_DEPTH: usize = 127;
/// Doubles hold all whole numbers of so many digits.
const EXACT_DIGITS: usize = 15;

/// Where and why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// How many bytes before the mistake there are.
    pub at: usize,
    /// What should have been there.
    pub expected: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.at, self.expected)
    }
}

impl core::error::Error for JsonError {}

/// The value that a text holds.
///
/// Numbers are the nearest doubles, as in JavaScript; of members with equal names the last one counts.
///
/// # Errors
/// Names the first place where the text is not JSON, nests deeper than 127 levels, has a number that is beyond doubles, or has half
/// of a surrogate pair.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader::new(text);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    value.map_err(|expected| reader.error(expected))
}

/// A text of which everything before a place was read; an error says what was expected there.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many more objects and arrays may begin inside of those that have.
    depth: usize,
}

impl Value {
    /// Reads a value from JSON.
    ///
    /// # Errors
    /// Names the first place where the text is not JSON, as RFC 8259 has it.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        parse(text)
    }
}

pub(crate) type Read<T> = Result<T, &'static str>;

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: MAX_DEPTH }
    }

    /// What should have been at the place that reading came to.
    pub(crate) const fn error(&self, expected: &'static str) -> JsonError {
        JsonError { at: self.at, expected }
    }

    /// The first byte of what comes next.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.byte()
    }

    /// Whether that was all.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.peek().is_none() { Ok(()) } else { Err("the end") }
    }

    pub(crate) fn colon(&mut self) -> Read<()> {
        self.skip_space();
        self.expect(b':', "`:`")
    }

    pub(crate) fn value(&mut self) -> Read<Value> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => self.word(),
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

    /// The name of a member, up to its value.
    pub(crate) fn name(&mut self) -> Read<Cow<'a, str>> {
        self.skip_space();
        let name = self.text()?;
        self.colon()?;
        Ok(name)
    }

    /// A string, borrowed where it has no escapes.
    pub(crate) fn text(&mut self) -> Read<Cow<'a, str>> {
        match self.plain_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.string().map(Cow::Owned),
        }
    }

    /// Whether there is something between a bracket, which comes next, and the one that closes it.
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
        Err("a value")
    }

    /// A number; the quick way is for whole ones, as nearly all are.
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

    /// A number, and how it is written.
    pub(crate) fn number_and_text(&mut self) -> Read<(&'a str, f64)> {
        let text = self.take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = if is_number(text) { number::parse(text) } else { None };
        let number = number.filter(|number: &f64| number.is_finite());
        Ok((text, number.ok_or("a number that a double can hold, or what follows one")?))
    }

    /// A string without escapes; otherwise none, and nothing is read.
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
            self.expect(b'\\', "the rest of a string")?;
            out.push(self.escaped()?);
            out.push_str(self.plain());
        }
        Ok(out)
    }

    /// The character that follows a backslash.
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
        let units = match first {
            0xd800..=0xdbff => {
                self.expect(b'\\', "the other half of a surrogate pair")?;
                [first, self.code_unit("the other half of a surrogate pair")?]
            }
            _ => [first, 0],
        };
        char::decode_utf16(units).next().and_then(Result::ok).ok_or("a whole surrogate pair")
    }

    /// The code unit of `u` and four hexadecimal digits.
    fn code_unit(&mut self, expected: &'static str) -> Read<u16> {
        self.expect(b'u', expected)?;
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).ok_or("four hexadecimal digits")?;
        self.step(4);
        Ok(unit)
    }

    #[inline(always)]
    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step(1);
        }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    #[inline(always)]
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        self.step(usize::from(found));
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Read<()> {
        if self.eat(byte) { Ok(()) } else { Err(expected) }
    }

    /// What stands for itself in a string.
    fn plain(&mut self) -> &'a str {
        self.take(unescaped_prefix_len(self.bytes()))
    }

    fn take_while(&mut self, holds: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.bytes();
        self.take(rest.iter().position(|byte| !holds(*byte)).unwrap_or(rest.len()))
    }

    /// So many bytes, which end at a character's edge.
    fn take(&mut self, len: usize) -> &'a str {
        let start = self.at;
        self.step(len);
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// Whether a text is a number as JSON writes it: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
fn is_number(text: &str) -> bool {
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
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both readers give the same value, or both give none.
    #[track_caller]
    fn assert_same(text: &str) {
        let (ours, serdes) = (parse(text), serde_json::from_str::<Value>(text));
        match serdes {
            // Also equal bytes: zero and minus zero are equal values.
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
