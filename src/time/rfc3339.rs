//! Parses RFC 3339 timestamps.

use crate::time::Millis;
use crate::time::calendar::{day_number, days_in};

pub(super) const DAY_MINUTES: i64 = 24 * 60;

/// Parses a timestamp such as `2026-11-22T09:30:00.125+01:00`; `None` if the string is not one.
///
/// Digits below a millisecond are dropped. A leap second counts as the second before it.
pub fn parse(text: &str) -> Option<Millis> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4, 0, 9999)?;
    rest.one_of(b"-")?;
    let month = rest.number(2, 1, 12)?;
    rest.one_of(b"-")?;
    let day = rest.number(2, 1, days_in(year, month))?;
    rest.one_of(b"Tt ")?;
    let minutes = rest.clock()?;
    rest.one_of(b":")?;
    let second = rest.number(2, 0, 60)?;
    let millis = if rest.one_of(b".").is_some() { rest.fraction()? } else { 0 };
    let offset = match rest.one_of(b"Zz+-")? {
        b'+' => rest.clock()?,
        b'-' => rest.clock()?.saturating_neg(),
        _ => 0,
    };
    let minutes =
        day_number(year, month, day).saturating_mul(DAY_MINUTES).saturating_add(minutes).saturating_sub(offset);
    let seconds = minutes.saturating_mul(60).saturating_add(second.min(59));
    rest.0.is_empty().then_some(Millis(seconds.saturating_mul(1000).saturating_add(millis)))
}

/// The unread rest of the string.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl Rest<'_> {
    /// Consumes the next byte if it is one of these.
    pub(super) fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        wanted.contains(&first).then(|| {
            self.0 = rest;
            first
        })
    }

    pub(super) fn digit(&mut self) -> Option<i64> {
        self.one_of(b"0123456789").map(|byte| i64::from(byte & 0x0F))
    }

    pub(super) fn number(&mut self, digits: u32, least: i64, most: i64) -> Option<i64> {
        let number =
            (0..digits).try_fold(0_i64, |number, _| Some(number.saturating_mul(10).saturating_add(self.digit()?)))?;
        (least..=most).contains(&number).then_some(number)
    }

    /// Reads `09:30` as minutes.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(2, 0, 23)?;
        self.one_of(b":")?;
        Some(hour.saturating_mul(60).saturating_add(self.number(2, 0, 59)?))
    }

    /// Reads the digits after the point, at least one, as milliseconds.
    pub(super) fn fraction(&mut self) -> Option<i64> {
        let mut millis = self.digit()?.saturating_mul(100);
        for unit in [10, 1] {
            millis = millis.saturating_add(self.digit().unwrap_or(0).saturating_mul(unit));
        }
        while self.digit().is_some() {}
        Some(millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_milliseconds() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T08:30:00Z", 1_795_336_200_000),
            ("2026-11-22T09:30:00.125+01:00", 1_795_336_200_125),
            ("2026-11-22t08:30:00.1z", 1_795_336_200_100),
            ("2026-11-22 08:30:00-00:00", 1_795_336_200_000),
            ("2026-11-22T08:30:00.1259999999999999999999Z", 1_795_336_200_125),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
            ("2016-12-31T23:59:60.9Z", 1_483_228_799_900),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(parse(text), Some(Millis(millis)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "today",
            "2026-11-22",
            "2026-11-22T08:30:00",
            "2026-11-22T08:30Z",
            "2026-11-22T08:30:00.Z",
            "2026-11-22T08:30:00Z ",
            " 2026-11-22T08:30:00Z",
            "20261122T083000Z",
            "2026-11-22T08:30:00+0100",
            "2026-11-22T08:30:00+24:00",
            "2026-11-22T08:30:00+01:60",
            "2026-11-22T08:30:00Z[UTC]",
            "2026-02-29T08:30:00Z",
            "1900-02-29T08:30:00Z",
            "2026-04-31T08:30:00Z",
            "2026-00-22T08:30:00Z",
            "2026-13-22T08:30:00Z",
            "2026-11-00T08:30:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T08:60:00Z",
            "2026-11-22T08:30:61Z",
            "+02026-11-22T08:30:00Z",
            "2026-11-22T08:30:00\u{2212}01:00",
            "２026-11-22T08:30:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    /// Returns the time that jiff parses, as a second opinion. It truncates fractions towards 1970, so they are taken
    /// from the second.
    fn by_jiff(text: &str) -> Option<i64> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(time.as_nanosecond().div_euclid(1_000_000) as i64)
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(
            (year, month, day) in (0..=9998, 0..=13, 0..=32),
            (hour, minute, second) in (0..=24, 0..=60, 0..=61),
            fraction in "(\\.[0-9]{1,9})?",
            zone in "[Zz]|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]",
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}");
            prop_assert_eq!(parse(&text).map(|time| time.0), by_jiff(&text), "{}", text);
        }

        #[test]
        fn reads_nothing_that_jiff_does_not(text in "[0-9]{4}-?[0-9]{2}-?[0-9]{2}[Tt ]?[0-9:.]{0,12}[Zz+-]?[0-9:]{0,6}") {
            if let Some(time) = parse(&text) {
                prop_assert_eq!(Some(time.0), by_jiff(&text), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
