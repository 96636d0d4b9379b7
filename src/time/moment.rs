//! Reads moments in the forms that people and systems send them.

use crate::prelude::*;
use crate::time::{Millis, rfc3339};

/// The greatest distance of a time from 1970 in milliseconds, as in JavaScript.
pub(crate) const LAST: i64 = 8_640_000_000_000_000;
/// Numbers from here on are milliseconds, smaller ones are seconds.
const MILLIS_FROM: f64 = 1e11;

/// A written moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// An instant.
    Instant(Millis),
    /// A local time, in milliseconds since 1970-01-01T00:00:00 local time.
    Local(Millis),
}

/// Parses RFC 3339; without an offset, it is a local time, and a date is its first moment. `None` for other strings.
pub(crate) fn parse(text: &str) -> Option<Written> {
    let local = || ["Z", ":00Z", "T00:00:00Z"].iter().find_map(|end| rfc3339::parse(&format!("{text}{end}")));
    rfc3339::parse(text).map(Written::Instant).or_else(|| local().map(Written::Local))
}

/// Reads seconds or milliseconds since 1970; `None` for a number that is too far from 1970.
pub(crate) fn from_number(number: f64) -> Option<Millis> {
    let millis = if number.abs() < MILLIS_FROM { number * 1000.0 } else { number };
    (number.abs() <= LAST as f64).then_some(Millis(millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_instants_or_local_times() {
        let noon = Millis(1_795_348_800_000);
        for text in ["2026-11-22T12:00:00Z", "2026-11-22T13:00:00+01:00", "2026-11-22 12:00:00.000Z"] {
            assert_eq!(parse(text), Some(Written::Instant(noon)), "{text}");
        }
        for text in ["2026-11-22T12:00:00", "2026-11-22T12:00"] {
            assert_eq!(parse(text), Some(Written::Local(noon)), "{text}");
        }
        assert_eq!(parse("2026-11-22"), Some(Written::Local(Millis(1_795_305_600_000))));
        for text in ["", "soon", "2026-11", "2026-13-01", "12:00", "1795348800"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        assert_eq!(from_number(1_795_348_800.0), Some(Millis(1_795_348_800_000)));
        assert_eq!(from_number(1_795_348_800_000.0), Some(Millis(1_795_348_800_000)));
        assert_eq!(from_number(-1.5), Some(Millis(-1500)));
        assert_eq!(from_number(8.64e15), Some(Millis(8_640_000_000_000_000)));
        for number in [8.65e15, -8.65e15, f64::INFINITY, f64::NAN] {
            assert_eq!(from_number(number), None, "{number}");
        }
    }
}
