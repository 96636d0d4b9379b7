//! Durations, such as `48h`.

use core::fmt;

use throughline::Millis;

/// The longest duration: ten thousand days, a little over 27 years.
const LONGEST: i64 = 10_000 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The reason why a string is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// It does not begin with an integer.
    Number(String),
    /// The number has no unit, or an unknown one.
    Unit(String),
    /// It is longer than ten thousand days.
    TooLong(String),
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(found) => write!(f, "`{found}` is not a duration"),
            Self::Unit(found) => write!(f, "`{found}` has none of the units s, m, h, d and w"),
            Self::TooLong(found) => write!(f, "`{found}` is longer than 10000d"),
        }
    }
}

impl core::error::Error for DurationError {}

/// Parses an integer with a unit: seconds, minutes, hours, days of 24 hours, or weeks.
///
/// # Errors
/// Returns the reason why the string is not a duration.
pub fn parse(text: &str) -> Result<Millis, DurationError> {
    let text = text.trim();
    let shown = || text.chars().take(40).collect::<String>();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(unit_at).unwrap_or_default();
    if digits.is_empty() {
        return Err(DurationError::Number(shown()));
    }
    let unit = match unit.trim_start() {
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return Err(DurationError::Unit(shown())),
    };
    let length = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(unit));
    length.filter(|length| *length <= LONGEST).map(Millis).ok_or_else(|| DurationError::TooLong(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_its_length() {
        let cases =
            [("90s", 90_000), ("10m", 600_000), ("48h", 172_800_000), ("7d", 604_800_000), ("2w", 1_209_600_000)];
        for (text, length) in cases {
            assert_eq!(parse(text), Ok(Millis(length)), "{text}");
        }
        assert_eq!(parse("0s"), Ok(Millis(0)));
        assert_eq!(parse(" 5 m "), Ok(Millis(300_000)));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse("h"), Err(DurationError::Number("h".into())));
        assert_eq!(parse("-5m"), Err(DurationError::Number("-5m".into())));
        assert_eq!(parse("48"), Err(DurationError::Unit("48".into())));
        assert_eq!(parse("1.5h"), Err(DurationError::Unit("1.5h".into())));
        assert_eq!(parse("3 months"), Err(DurationError::Unit("3 months".into())));
        assert_eq!(parse("10001d"), Err(DurationError::TooLong("10001d".into())));
        assert_eq!(parse("99999999999999999999s"), Err(DurationError::TooLong("99999999999999999999s".into())));
    }
}
