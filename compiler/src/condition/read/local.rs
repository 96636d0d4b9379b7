//! `$local`: the time on the subject's clock, or on the clock of a named zone.

use jiff::civil;
use throughline::Value;
use throughline::internals::plan::tables::LocalPart;

use super::Reader;
use super::subject::SUBJECT;
use crate::condition::tree::{Local, Span, SubjectTest};
use crate::source::cursor::Cursor;
use crate::source::tree::Kind;

/// The days of the week, as rules write them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: i64 = 24 * 60;

impl<'a> Reader<'_, 'a> {
    /// `$local: { time, weekday, date, timezone }`, which all have to hold.
    pub(super) fn local(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        self.known_members(cursor, &["time", "weekday", "date", "timezone"])?;
        let zone = cursor.get("timezone").filter(|name| name.node.as_str() != Some(SUBJECT));
        let zone = zone.and_then(|name| self.zone(&name));
        let time = cursor.get("time").map(|time| self.time_span(&time));
        let weekdays = cursor.get("weekday").map(|days| self.weekdays(&days));
        let date = cursor.get("date").map(|date| self.date_span(&date));
        if time.is_none() && weekdays.is_none() && date.is_none() {
            let error = self.error(cursor, "missing", "`$local` has no time, weekday or date");
            error.expected("at least one of: time, weekday, date");
            return None;
        }
        let zone = zone.map(|zone| zone.iana_name().unwrap_or("UTC").to_owned());
        Some(SubjectTest::Local(Local {
            zone,
            time: time.flatten(),
            weekdays: weekdays.flatten(),
            date: date.flatten(),
        }))
    }

    /// `from` and `until`, as `read` understands them.
    fn edges<T: PartialEq>(
        &mut self,
        cursor: &Cursor<'_>,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, T)> {
        self.known_members(cursor, &["from", "until"])?;
        let [from, until] = ["from", "until"].map(|key| {
            let found = cursor.node.get(key);
            let edge = found.and_then(|node| read(node.as_str()?));
            if edge.is_none() {
                let message = match found.map(|found| (&found.kind, found)) {
                    Some((Kind::String(text), _)) => format!("`{text}` is not a valid bound of the span"),
                    Some((_, found)) => format!("found {}", found.kind_name()),
                    None => format!("missing key `{key}`"),
                };
                self.error_at(cursor, key, "time", message).expected(expected);
            }
            edge
        });
        let (from, until) = (from?, until?);
        if from == until {
            self.error(cursor, "empty-schedule", "the span is empty: `from` equals `until`");
            return None;
        }
        Some((from, until))
    }

    /// Hours and minutes; over midnight if `until` is before `from`.
    fn time_span(&mut self, cursor: &Cursor<'_>) -> Option<Span> {
        self.edges(cursor, "hours and minutes, such as 09:30", minute)
    }

    fn weekdays(&mut self, cursor: &Cursor<'a>) -> Option<Vec<Value>> {
        let days = cursor.items().filter(|items| !items.is_empty()).unwrap_or_else(|| vec![cursor.clone()]);
        let number = |word: &str| (1..).zip(DAYS).find_map(|(number, day)| (day == word).then_some(number));
        let numbers: Vec<_> = days
            .into_iter()
            .map(|day| Cursor { path: cursor.path.clone(), ..day })
            .map(|day| self.known_word(day.node.as_str().and_then(number), &day, DAYS))
            .collect();
        numbers.into_iter().map(|number: Option<u8>| number.map(|number| Value::Number(f64::from(number)))).collect()
    }

    /// Days of one year, or, without a year, of every year.
    fn date_span(&mut self, cursor: &Cursor<'_>) -> Option<(LocalPart, Span)> {
        let expected = "a date such as 2026-12-24, or without the year, such as 12-24";
        let (from, until) = self.edges(cursor, expected, date)?;
        if from.0 != until.0 {
            let error = self.error(cursor, "time", "only one of the two dates has a year");
            error.expected("a year in both dates, or in neither");
            return None;
        }
        if from.0 == LocalPart::Date && from.1 > until.1 {
            let error = self.error(cursor, "empty-schedule", "the span ends before it begins");
            error.expected("`until` after `from`");
            return None;
        }
        Some((from.0, (from.1, until.1)))
    }
}

/// The minute of the day, `24:00` included.
fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2);
    let minute = number(hours)?.checked_mul(60)?.checked_add(number(minutes).filter(|minutes| *minutes < 60)?)?;
    (0..=MIDNIGHT).contains(&minute).then_some(minute)
}

/// The day with this date, or the day of every year.
fn date(text: &str) -> Option<(LocalPart, i64)> {
    if let (true, Ok(date)) = (text.len() == 10, text.parse::<civil::Date>()) {
        let days = date.since(civil::date(1970, 1, 1)).ok()?.get_days();
        return Some((LocalPart::Date, i64::from(days)));
    }
    // A leap year, so that the 29th of February is one of its days.
    let date = format!("2024-{text}").parse::<civil::Date>().ok().filter(|_| text.len() == 5)?;
    Some((LocalPart::Season, i64::from(date.month()).checked_mul(100)?.checked_add(i64::from(date.day()))?))
}
