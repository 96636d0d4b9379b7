//! The proleptic Gregorian calendar, with days counted from 1970-01-01.
//!
//! The algorithms are those of <https://howardhinnant.github.io/date_algorithms.html>. Their years begin in March, so
//! the leap day is the last day of a year.

/// Days from the first of March of the year -400 to 1970-01-01. The calendar repeats every 400 years, or 146,097 days.
const EPOCH_DAY: i64 = 719_468 + 146_097;
const ERA: i64 = 146_097;

/// Returns the number of days in a month.
pub const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the day number of a date, for years from -399 to 9999.
#[expect(clippy::arithmetic_side_effects, reason = "numbers of four digits")]
pub const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year + 400 } else { year + 399 };
    let month = (month + 9) % 12;
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - EPOCH_DAY
}

/// Returns year, month and day of a day number, for all days that milliseconds can express.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "milliseconds have days below 2^37, and all that follows is smaller"
)]
pub const fn date(day: i64) -> (i64, i64, i64) {
    let day = day + EPOCH_DAY;
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (day * 5 + 2) / 153;
    let (year, date) = (era * 400 + year - 400, day - (month * 153 + 2) / 5 + 1);
    if month < 10 { (year, month + 3, date) } else { (year + 1, month - 9, date) }
}

/// Returns the ISO day of the week: Monday is 1, Sunday is 7.
pub const fn weekday(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    day.saturating_add(3).rem_euclid(7).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_day_numbers_are_each_others_inverse() {
        let first = day_number(-399, 3, 1);
        let mut expected = (-399, 3, 1);
        for day in first..day_number(2420, 1, 1) {
            assert_eq!(date(day), expected);
            assert_eq!(day_number(expected.0, expected.1, expected.2), day);
            let (year, month, date) = expected;
            expected = match (month, date) {
                (12, 31) => (year + 1, 1, 1),
                _ if date == days_in(year, month) => (year, month + 1, 1),
                _ => (year, month, date + 1),
            };
        }
    }

    #[test]
    fn days_of_the_week() {
        // Thursday, Wednesday before it, and a Sunday.
        assert_eq!([weekday(0), weekday(-1), weekday(day_number(2026, 11, 22))], [4, 3, 7]);
    }

    #[test]
    fn no_time_is_too_far_away() {
        for millis in [i64::MIN, i64::MAX] {
            let (_, month, day) = date(millis.div_euclid(86_400_000));
            assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
