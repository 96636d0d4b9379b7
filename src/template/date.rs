//! How times are written.

use super::Writer;
use super::found::Found;
use crate::condition::View;
use crate::plan::tables::{DateField, DateFormat, DatePiece};
use crate::prelude::*;
use crate::rfc3339;
use crate::time::Millis;

const DAY: i64 = 86_400_000;
/// From the first of March of the year 0 to 1970-01-01, in days. Years are counted from March here, so that the leap day
/// is the last of its year.
const EPOCH_DAY: i64 = 719_468;
/// The days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;
/// Numbers from here on are milliseconds, smaller ones are seconds.
const MILLIS_FROM: f64 = 1e11;

/// A time as clocks and calendars show it.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    year_day: i64,
    /// From Sunday, 0.
    weekday: i64,
    second_of_day: i64,
    epoch: i64,
}

impl Writer<'_, '_> {
    /// The time that a value means: now, a text of RFC 3339, a date, or seconds or milliseconds since 1970.
    pub(super) fn time(&self, found: &Found<'_>) -> Option<Millis> {
        match found.view() {
            View::Number(number) if number.abs() < 8.64e15 => {
                Some(Millis((if number.abs() < MILLIS_FROM { number * 1000.0 } else { number }) as i64))
            }
            View::Text("now" | "today") => Some(self.now),
            View::Text(text) => {
                let texts = ["", "Z", "T00:00:00Z"].iter().map(|end| format!("{text}{end}"));
                texts.into_iter().find_map(|text| rfc3339::parse(&text))
            }
            _ => None,
        }
    }

    /// Appends a time in a format.
    pub(super) fn write_time(&self, time: Millis, format: &DateFormat, out: &mut String) {
        let civil = civil(time);
        for (_, piece) in self.plan.rows(format.pieces) {
            let Some(field) = DateField::from_number(piece.field) else { continue };
            let number = civil.field(field);
            // Months begin with 1, and their names with the first one.
            let place = if field == DateField::Month { number.saturating_sub(1) } else { number };
            match u32::try_from(place).ok().and_then(|place| self.plan.list_item(piece.names, place)) {
                Some(name) => out.push_str(self.plan.text(name)),
                None => write_padded(number, &piece, out),
            }
        }
    }
}

fn write_padded(number: i64, piece: &DatePiece, out: &mut String) {
    let digits = number.to_string();
    let fill = char::from_u32(piece.fill).unwrap_or('0');
    (digits.len()..(piece.width as usize).min(20)).for_each(|_| out.push(fill));
    out.push_str(&digits);
}

/// The calendar is that of [`rfc3339`], the other way round.
#[expect(clippy::arithmetic_side_effects, reason = "times are below 2^53, and days far below")]
fn civil(time: Millis) -> Civil {
    let time = time.0.clamp(-8_640_000_000_000_000, 8_640_000_000_000_000);
    let days = time.div_euclid(DAY);
    let shifted = days + EPOCH_DAY;
    let (era, day_of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let year_day = if month > 2 { day_of_year + 60 + i64::from(is_leap) } else { day_of_year - 305 };
    let second_of_day = time.rem_euclid(DAY) / 1000;
    Civil { year, month, day, year_day, weekday: (days + 4).rem_euclid(7), second_of_day, epoch: time.div_euclid(1000) }
}

impl Civil {
    const fn field(&self, field: DateField) -> i64 {
        let hour = self.second_of_day.wrapping_div(3600);
        match field {
            DateField::Text => 0,
            DateField::Year => self.year,
            DateField::ShortYear => self.year.rem_euclid(100),
            DateField::Month => self.month,
            DateField::Day => self.day,
            DateField::YearDay => self.year_day,
            DateField::Weekday => self.weekday,
            DateField::IsoWeekday => {
                if self.weekday == 0 {
                    7
                } else {
                    self.weekday
                }
            }
            DateField::Hour => hour,
            DateField::Hour12 => hour.saturating_add(11).wrapping_rem(12).saturating_add(1),
            DateField::Half => hour.wrapping_div(12),
            DateField::Minute => self.second_of_day.wrapping_div(60).wrapping_rem(60),
            DateField::Second => self.second_of_day.wrapping_rem(60),
            DateField::Epoch => self.epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_calendar_is_jiffs(time in -62_000_000_000_000_i64..250_000_000_000_000) {
            let ours = civil(Millis(time));
            let theirs = jiff::Timestamp::from_millisecond(time).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let theirs = theirs.to_zoned(jiff::tz::TimeZone::UTC);
            let found = (ours.year, ours.month, ours.day, ours.year_day, ours.weekday, ours.second_of_day);
            let seconds = i64::from(theirs.hour()) * 3600 + i64::from(theirs.minute()) * 60 + i64::from(theirs.second());
            let weekday = i64::from(theirs.weekday().to_sunday_zero_offset());
            let wanted = (i64::from(theirs.year()), i64::from(theirs.month()), i64::from(theirs.day()), i64::from(theirs.day_of_year()), weekday, seconds);
            prop_assert_eq!(found, wanted);
        }
    }
}
