//! Formats dates and times.

use super::TemplateWriter;
use super::operand::Operand;
use crate::json::ValueRef;
use crate::plan::tables::{DateField, DateFormat, DatePiece};
use crate::prelude::*;
use crate::time::Millis;
use crate::time::calendar;
use crate::time::moment::{self, LAST, Written};

const DAY: i64 = 86_400_000;

/// The fields of a local time.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    year_day: i64,
    /// From Monday, 1, to Sunday, 7.
    weekday: i64,
    second_of_day: i64,
}

impl TemplateWriter<'_, '_> {
    /// Returns the local time of a value: `now`, an RFC 3339 string, or seconds or milliseconds since 1970.
    ///
    /// Instants are converted to the subject's clock. A date, or a time without an offset, is local already.
    pub(super) fn wall(&self, found: &Operand<'_>) -> Option<Millis> {
        let instant = match found.view() {
            ValueRef::Number(number) => moment::from_number(number)?,
            ValueRef::Text("now" | "today") => self.now,
            ValueRef::Text(text) => match moment::parse(text)? {
                Written::Instant(instant) => instant,
                Written::Local(wall) => return Some(wall),
            },
            _ => return None,
        };
        Some(self.eval.clock().wall(instant))
    }

    /// Appends a local time in a format.
    pub(super) fn write_time(&self, wall: Millis, format: &DateFormat, out: &mut String) {
        let civil = civil(wall);
        for (_, piece) in self.plan.rows(format.pieces) {
            let number = civil.field(piece.field);
            // Months begin with 1, but their names with index 0.
            let index = if piece.field == DateField::Month { number.saturating_sub(1) } else { number };
            match u32::try_from(index).ok().and_then(|index| self.plan.list_item(piece.names, index)) {
                Some(name) => out.push_str(self.plan.text(name)),
                None => write_padded(number, &piece, out),
            }
        }
    }
}

fn write_padded(number: i64, piece: &DatePiece, out: &mut String) {
    let digits = number.to_string();
    (digits.len()..(piece.width as usize).min(20)).for_each(|_| out.push(piece.fill));
    out.push_str(&digits);
}

/// Splits a local time into its fields.
fn civil(wall: Millis) -> Civil {
    let time = wall.0.clamp(-LAST, LAST);
    let day_number = time.div_euclid(DAY);
    let (year, month, day) = calendar::date(day_number);
    let before = (1..month).map(|month| calendar::days_in(year, month)).fold(day, i64::saturating_add);
    let second = time.div_euclid(1000);
    let weekday = calendar::weekday(day_number);
    Civil { year, month, day, year_day: before, weekday, second_of_day: second.rem_euclid(86_400) }
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
            DateField::Weekday => self.weekday.rem_euclid(7),
            DateField::IsoWeekday => self.weekday,
            DateField::Hour => hour,
            DateField::Hour12 => hour.saturating_add(11).wrapping_rem(12).saturating_add(1),
            DateField::Half => hour.wrapping_div(12),
            DateField::Minute => self.second_of_day.wrapping_div(60).wrapping_rem(60),
            DateField::Second => self.second_of_day.wrapping_rem(60),
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
            let seconds = theirs.duration_since(&theirs.start_of_day().map_err(|error| TestCaseError::fail(error.to_string()))?).as_secs();
            let weekday = i64::from(theirs.weekday().to_monday_one_offset());
            let wanted = (i64::from(theirs.year()), i64::from(theirs.month()), i64::from(theirs.day()), i64::from(theirs.day_of_year()), weekday, seconds);
            prop_assert_eq!(found, wanted);
        }
    }
}
