//! Points in time, as rules write them.

use core::fmt;

use jiff::civil;
use jiff::tz::TimeZone;
use throughline::Millis;

/// The reason why a string is not a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeError {
    found: String,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a time", self.found)
    }
}

impl core::error::Error for TimeError {}

/// Parses a point in time.
///
/// - A date (`2026-11-01`) is its first moment.
/// - A date and time (`2026-11-01T08:30:00`) is read in `zone`.
/// - RFC 3339 (`2026-11-01T08:30:00+01:00`) has its own offset.
///
/// A local time in the gap of a clock that is put forward counts from the beginning of the gap. A local time
/// that exists twice, because a clock is put back, is the first one.
///
/// # Errors
/// Returns an error if the string has none of these forms.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Millis, TimeError> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Millis(time.as_millisecond()));
    }
    // The parser of local times ignores a trailing offset, so one that is not valid RFC 3339 is rejected
    // here.
    let is_local = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.'));
    let local = text.parse::<civil::DateTime>().ok().filter(|_| is_local);
    let zoned = local.and_then(|local| zone.to_zoned(local).ok());
    zoned
        .map(|zoned| Millis(zoned.timestamp().as_millisecond()))
        .ok_or_else(|| TimeError { found: text.chars().take(40).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Millis {
        Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn vienna(text: &str) -> Result<Millis, TimeError> {
        parse(text, &TimeZone::get("Europe/Vienna").unwrap())
    }

    #[test]
    fn dates_and_times_are_local() {
        assert_eq!(vienna("2026-01-01"), Ok(utc("2025-12-31T23:00:00Z")));
        assert_eq!(vienna("2026-07-01T08:30:00"), Ok(utc("2026-07-01T06:30:00Z")));
        assert_eq!(vienna("2026-07-01 08:30"), Ok(utc("2026-07-01T06:30:00Z")));
        assert_eq!(vienna("2026-07-01T08:30:00Z"), Ok(utc("2026-07-01T08:30:00Z")));
        assert_eq!(vienna("2026-07-01T08:30:00-05:00"), Ok(utc("2026-07-01T13:30:00Z")));
    }

    #[test]
    fn a_time_in_a_gap_is_after_it() {
        assert_eq!(vienna("2026-03-29T02:30:00"), Ok(utc("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn of_a_time_that_exists_twice_the_first_counts() {
        assert_eq!(vienna("2026-10-25T02:30:00"), Ok(utc("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in ["", "tomorrow", "2026-13-01", "2026-02-30", "08:30", "2026-01-01T00:00:00+99:00", "20 July"] {
            assert!(vienna(text).is_err(), "{text}");
        }
    }
}
