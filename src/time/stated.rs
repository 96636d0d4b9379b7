//! Times as senders of events state them: in the forms of their languages, in any unit since 1970, in local time.

use crate::json::{Value, number};
use crate::time::Millis;
use crate::time::calendar::{day_number, days_in};
use crate::time::rfc3339::{DAY_MINUTES, Rest};

/// Longer texts are no times, in bytes.
const MAX_TEXT: usize = 100;
/// Numbers below this one are seconds since 1970 (up to the year 5138), from it on milliseconds.
const MILLIS_FROM: f64 = 1e11;
/// Numbers from this one on are microseconds.
const MICROS_FROM: f64 = 1e14;
/// Numbers from this one on are nanoseconds.
const NANOS_FROM: f64 = 1e17;
/// Numbers from this one on are no times.
const END: f64 = 1e20;
/// More than doubles lose of nanoseconds of this century, in milliseconds: a whole millisecond must not become the one before.
const ROUNDED: f64 = 0.0005;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Returns the time that a value states, or `None` if it states none.
///
/// - Numbers, also as text, count from 1970: in seconds, milliseconds, microseconds or nanoseconds, by their size.
/// - Texts are ISO 8601 in the extended or basic form, where the time of day, seconds and zone may be missing and the
///   zone may be `+02`; or dates as HTTP, mail and `Date` in JavaScript write them.
/// - A time without a zone is in UTC.
pub fn read(value: &Value) -> Option<Millis> {
    match value {
        Value::Number(number) => since_1970(*number),
        Value::String(text) if text.len() <= MAX_TEXT => read_text(text.trim()),
        _ => None,
    }
}

fn read_text(text: &str) -> Option<Millis> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Eight digits are a date, and fourteen a date with a time, though they are numbers, too.
    iso(text).or_else(|| if is_number { since_1970(number::parse(text)?) } else { words(text) })
}

#[expect(clippy::cast_possible_truncation, reason = "the number is below 1e17 after the division")]
fn since_1970(number: f64) -> Option<Millis> {
    let size = number.abs();
    let millis = if size < MILLIS_FROM {
        number * 1e3
    } else if size < MICROS_FROM {
        number
    } else if size < NANOS_FROM {
        number / 1e3 + ROUNDED
    } else {
        number / 1e6 + ROUNDED
    };
    (size < END).then_some(Millis(millis as i64))
}

/// Reads `2026-11-22`, `2026-11-22T08:30:00.125+01:00`, `20261122T0830Z`, `2026-11-22 08:30 UTC` and the like.
fn iso(text: &str) -> Option<Millis> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4, 0, 9999)?;
    let is_extended = rest.one_of(b"-").is_some();
    let month = rest.number(2, 1, 12)?;
    if is_extended {
        rest.one_of(b"-")?;
    }
    let day = rest.number(2, 1, days_in(year, month))?;
    let separator = rest.one_of(b"Tt ");
    let (seconds, millis) = match separator {
        // Fourteen digits.
        None if !is_extended && !rest.0.is_empty() => rest.time_of_day(false)?,
        None => (0, 0),
        Some(_) => rest.time_of_day(true)?,
    };
    let offset = rest.zone()?;
    rest.0.is_empty().then(|| instant((year, month, day), seconds, millis, offset))
}

/// Reads dates with the month as a word: `Sun, 22 Nov 2026 08:30:00 GMT`, `Sun Nov 22 2026 09:30:00 GMT+0100 (CET)`.
fn words(text: &str) -> Option<Millis> {
    let (mut year, mut month, mut day, mut clock, mut offset) = (None, None, None, None, None);
    let text = text.split('(').next().unwrap_or_default();
    // `22-Nov-2026` is three words, and `GMT-0500` is one.
    for word in text.split([' ', ',']).flat_map(parts_of).filter(|word| !word.is_empty()) {
        let mut rest = Rest(word.as_bytes());
        if word.contains(':') && clock.is_none() {
            clock = Some(rest.time_of_day(true)?);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            match word.len() {
                1 if day.is_none() => day = Some(rest.number(1, 1, 9)?),
                2 if day.is_none() => day = Some(rest.number(2, 1, 31)?),
                4 if year.is_none() => year = Some(rest.number(4, 0, 9999)?),
                _ => return None,
            }
        } else if let Some(index) = month_of(word).filter(|_| month.is_none()) {
            (month, rest) = (Some(index), Rest(b""));
        } else if is_weekday(word) {
            rest = Rest(b"");
        } else {
            offset = Some(rest.zone()?);
        }
        if !rest.0.is_empty() {
            return None;
        }
    }
    let (year, month, (seconds, millis)) = (year?, month?, clock.unwrap_or_default());
    let day = day.filter(|day| *day <= days_in(year, month))?;
    Some(instant((year, month, day), seconds, millis, offset.unwrap_or(0)))
}

fn parts_of(word: &str) -> impl Iterator<Item = &str> {
    let separator = if word.starts_with(|first: char| first.is_ascii_digit()) { '-' } else { ' ' };
    word.split(separator)
}

fn instant((year, month, day): (i64, i64, i64), seconds: i64, millis: i64, offset: i64) -> Millis {
    let minutes = day_number(year, month, day).saturating_mul(DAY_MINUTES).saturating_sub(offset);
    let seconds = minutes.saturating_mul(60).saturating_add(seconds);
    Millis(seconds.saturating_mul(1000).saturating_add(millis))
}

/// Returns the number of a month that is named in English, in full or by three letters.
fn month_of(word: &str) -> Option<i64> {
    let short = word.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| **month == *short)?;
    i64::try_from(index).ok()?.checked_add(1)
}

fn is_weekday(word: &str) -> bool {
    let short = word.get(..3).unwrap_or_default().to_ascii_lowercase();
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&short.as_str())
}

impl Rest<'_> {
    /// Reads `08:30`, `08:30:00.125` or, without colons, `0830`, `083000`, as seconds and milliseconds.
    fn time_of_day(&mut self, may_have_colons: bool) -> Option<(i64, i64)> {
        let hour = self.number(2, 0, 23)?;
        let has_colons = may_have_colons && self.one_of(b":").is_some();
        let minute = self.number(2, 0, 59)?;
        let has_second =
            if has_colons { self.one_of(b":").is_some() } else { self.0.first().is_some_and(u8::is_ascii_digit) };
        let second = if has_second { self.number(2, 0, 60)?.min(59) } else { 0 };
        let millis = if has_second && self.one_of(b".,").is_some() { self.fraction()? } else { 0 };
        let minutes = hour.saturating_mul(60).saturating_add(minute);
        Some((minutes.saturating_mul(60).saturating_add(second), millis))
    }

    /// Reads a zone as minutes east of UTC: `Z`, ` UTC`, `GMT+0100`, `+01:00`, `-01`; nothing is UTC.
    ///
    /// The name of the zone may follow in brackets, as Java writes it.
    fn zone(&mut self) -> Option<i64> {
        while self.one_of(b" ").is_some() {}
        for name in ["UTC", "GMT", "UT", "Z"] {
            if self.0.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
                self.0 = self.0.get(name.len()..)?;
                break;
            }
        }
        let sign = self.one_of(b"+-");
        let offset = if sign.is_some() { self.offset()? } else { 0 };
        if self.0.first() == Some(&b'[') && self.0.last() == Some(&b']') {
            self.0 = &[];
        }
        Some(if sign == Some(b'-') { offset.saturating_neg() } else { offset })
    }

    fn offset(&mut self) -> Option<i64> {
        let hours = self.number(2, 0, 23)?;
        let has_minutes = self.one_of(b":").is_some() || self.0.first().is_some_and(u8::is_ascii_digit);
        let minutes = if has_minutes { self.number(2, 0, 59)? } else { 0 };
        Some(hours.saturating_mul(60).saturating_add(minutes))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::time::rfc3339;
    use proptest::prelude::*;

    /// 2026-11-22T08:30:00Z.
    const TIME: i64 = 1_795_336_200_000;
    const MIDNIGHT: i64 = 1_795_305_600_000;

    fn text(text: &str) -> Option<i64> {
        read(&Value::from(text)).map(|time| time.0)
    }

    #[test]
    fn every_form_of_one_time_is_that_time() {
        for form in [
            "2026-11-22T08:30:00Z",
            "2026-11-22T10:30:00+0200",
            "2026-11-22T10:30:00+02",
            "2026-11-22T10:30:00+02:00",
            "2026-11-22T03:00:00-05:30",
            "2026-11-22T08:30:00",
            "2026-11-22 08:30:00",
            "2026-11-22 08:30:00 UTC",
            "2026-11-22 10:30:00 +0200",
            "2026-11-22 10:30:00 +02:00",
            "2026-11-22T08:30Z",
            "2026-11-22T08:30",
            "2026-11-22T09:30:00+01:00[Europe/Vienna]",
            "2026-11-22T08:30:00Z[UTC]",
            "20261122T083000Z",
            "20261122T0830Z",
            "20261122T093000+0100",
            "20261122083000",
            "Sun, 22 Nov 2026 08:30:00 GMT",
            "Sun, 22 Nov 2026 10:30:00 +0200",
            "Sun, 22 Nov 2026 03:30:00 -0500",
            "22 Nov 2026 08:30 UTC",
            "Sun Nov 22 08:30:00 2026",
            "Sunday, 22-Nov-2026 08:30:00 GMT",
            "Sun Nov 22 2026 09:30:00 GMT+0100 (Central European Standard Time)",
            "November 22, 2026 08:30:00",
            "1795336200",
            "1795336200.0",
            "1795336200000",
            "1795336200000000",
            "1795336200000000000",
            " 2026-11-22T08:30:00Z ",
        ] {
            assert_eq!(text(form), Some(TIME), "{form}");
        }
        for number in [1_795_336_200.0, 1_795_336_200_000.0, 1_795_336_200_000_000.0, 1_795_336_200_000_000_000.0] {
            assert_eq!(read(&Value::Number(number)), Some(Millis(TIME)), "{number}");
        }
    }

    #[test]
    fn parts_of_a_second_and_days_alone() {
        for (form, wanted) in [
            ("2026-11-22T08:30:00,125Z", TIME + 125),
            ("2026-11-22T08:30:00.1259", TIME + 125),
            ("1795336200.25", TIME + 250),
            ("2026-11-22", MIDNIGHT),
            ("20261122", MIDNIGHT),
            ("22 Nov 2026", MIDNIGHT),
            ("1999-12-31", 946_598_400_000),
            ("0", 0),
            ("1970-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(text(form), Some(wanted), "{form}");
        }
        assert_eq!(read(&Value::Number(-1.0)), Some(Millis(-1000)));
    }

    #[test]
    fn everything_else_is_no_time() {
        for form in [
            "",
            " ",
            "now",
            "yesterday",
            "2026-11",
            "2026-13-22",
            "2026-02-29",
            "2026-11-22T24:00:00Z",
            "2026-11-22T08",
            "2026-11-22T08:60",
            "2026-11-22T08:30:00.Z",
            "2026-11-22Tx",
            "2026-11-22T08:30:00 CET",
            "2026-11-22T08:30:00+25:00",
            "22.11.2026",
            "11/22/2026",
            "1.2.3",
            ".",
            "-1",
            "1e999",
            "Nov 2026",
            "31 Apr 2026",
            "22 Nov 2026 22",
            "22 Nov 2026 25:00:00",
            "99999999999999999999999",
            "２０２６-11-22",
            "Sun, 22 Nov 2026 08:30:00 +",
            "2026-11-22T08:30:00Z x",
        ] {
            assert_eq!(text(form), None, "{form}");
        }
        assert_eq!(text(&"1".repeat(101)), None);
        for value in
            [Value::Null, Value::Bool(true), Value::Array(Vec::new()), Value::Number(1e30), Value::Number(f64::NAN)]
        {
            assert_eq!(read(&value), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn what_rfc_3339_allows_is_read_as_that(
            (year, month, day) in (0..=9998, 0..=13, 0..=32),
            (hour, minute, second) in (0..=24, 0..=60, 0..=61),
            fraction in "(\\.[0-9]{1,9})?",
            zone in "[Zz]|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9]",
        ) {
            let form = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}");
            prop_assert_eq!(text(&form), rfc3339::parse(&form).map(|time| time.0), "{}", form);
        }

        #[test]
        fn any_instant_is_read_in_any_unit_and_zone(millis in 946_684_800_000_i64..4_102_444_800_000, minutes in -1439_i64..=1439) {
            let time = jiff::Timestamp::from_millisecond(millis).unwrap();
            let (sign, size) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            let offset = jiff::tz::Offset::from_seconds(i32::try_from(minutes * 60).unwrap()).unwrap();
            let local = offset.to_datetime(time);
            let date = local.strftime("%Y-%m-%dT%H:%M:%S%.3f");
            prop_assert_eq!(text(&format!("{date}{sign}{:02}{:02}", size / 60, size % 60)), Some(millis));
            prop_assert_eq!(text(&format!("{} {sign}{:02}:{:02}", date.to_string().replace('T', " "), size / 60, size % 60)), Some(millis));
            prop_assert_eq!(text(&local.strftime(&format!("%a, %d %b %Y %H:%M:%S {sign}{:02}{:02}", size / 60, size % 60)).to_string()), Some(millis / 1000 * 1000));
            prop_assert_eq!(text(&millis.to_string()), Some(millis));
            prop_assert_eq!(text(&format!("{millis}000")), Some(millis));
            prop_assert_eq!(text(&format!("{millis}000000")), Some(millis));
            prop_assert_eq!(text(&(millis / 1000).to_string()), Some(millis / 1000 * 1000));
        }

        #[test]
        fn any_text_is_read_without_a_panic(any in any::<String>(), odd in "[0-9A-Za-z:+., ()-]{0,40}") {
            let _ = (text(&any), text(&odd));
        }
    }
}
