//! The subject's local time, from the time zones in the plan.
//!
//! A plan has time zones only if it asks for local time. They cover the years from 2020.

use crate::facts::Request;
use crate::json::Value;
use crate::plan::tables::{Zone, ZoneName, ZoneRule};
use crate::plan::{Id, Plan};
use crate::profile::Profile;
use crate::text::fnv::fnv32a;
use crate::time::Millis;
use crate::time::calendar::{date, day_number, days_in, weekday};

/// The attribute of the request, and the trait of the profile, that names a subject's zone.
pub const TIMEZONE: &str = "timezone";

const DAY: i64 = 86_400;
/// Seconds of the years 1970 to 9999, in which yearly rules apply.
const TIMES: core::ops::Range<i64> = 0..253_402_300_800;

/// A clock in one time zone.
#[derive(Clone, Copy, Debug)]
pub struct LocalClock<'a> {
    plan: &'a Plan,
    /// The zone; `None` for UTC.
    zone: Option<Zone>,
}

impl<'a> LocalClock<'a> {
    /// Returns the clock of a zone of the plan.
    #[must_use]
    pub fn of_zone(plan: &'a Plan, zone: Id<Zone>) -> Self {
        Self { plan, zone: plan.get(zone) }
    }

    /// Returns the clock of a subject: in the zone that the request names, else the profile's, else the plan's.
    ///
    /// Zone names that the plan does not have are ignored. A plan without zones uses UTC.
    #[must_use]
    pub fn of_subject(plan: &'a Plan, profile: &Profile, request: &Request) -> Self {
        let zone = named_zone(plan, profile, request).unwrap_or(Id::new(0));
        Self::of_zone(plan, zone)
    }

    /// Returns the local time at an instant, in milliseconds since 1970-01-01T00:00:00 local time.
    #[must_use]
    pub fn wall(&self, at: Millis) -> Millis {
        at.plus(Millis(self.offset(at.0.div_euclid(1000)).saturating_mul(1000)))
    }

    /// Returns the instant at which this clock shows a local time.
    ///
    /// Of a time that is shown twice, it is the first. A time that is skipped counts as if the clock had not been put
    /// forward.
    pub(crate) fn instant(&self, wall: Millis) -> Millis {
        // Clocks are not changed twice within two days, so one of the two offsets is that of the instant.
        let [by_earlier, by_later] = [DAY.saturating_neg(), DAY].map(|seconds| {
            let near = wall.plus(Millis(seconds.saturating_mul(1000)));
            wall.minus(self.wall(near).minus(near))
        });
        if self.wall(by_earlier) != wall && self.wall(by_later) == wall { by_later } else { by_earlier }
    }

    /// Returns the instant at which this clock shows `length` more than at `at`.
    ///
    /// That is sooner if the clock is put forward meanwhile, and later if it is put back. A local time that is skipped
    /// counts as if the clock had not been put forward.
    #[must_use]
    pub fn later(&self, at: Millis, length: Millis) -> Millis {
        let (wanted, steady) = (self.wall(at).plus(length), at.plus(length));
        let moved = steady.minus(self.wall(steady).minus(wanted));
        if self.wall(moved) < wanted { steady } else { moved }
    }

    /// Returns the local day of an instant, counted from 1970-01-01.
    ///
    /// A day lasts from 23 to 25 hours, or more or fewer where a zone changed its offset.
    #[must_use]
    pub fn day(&self, at: Millis) -> i64 {
        self.wall(at).0.div_euclid(DAY.saturating_mul(1000))
    }

    /// Returns the offset from UTC at an instant, both in seconds.
    fn offset(&self, at: i64) -> i64 {
        let Some(zone) = self.zone else { return 0 };
        let mut offset = i64::from(zone.before);
        for (_, change) in self.plan.rows(zone.changes) {
            if at < i64::from(change.at) {
                return offset;
            }
            offset = i64::from(change.offset);
        }
        self.regular_offset(zone, at)
    }

    fn regular_offset(&self, zone: Zone, at: i64) -> i64 {
        let (standard, summer) = (i64::from(zone.standard), i64::from(zone.summer));
        let rule = zone.rule.and_then(|rule| self.plan.get(rule)).filter(|_| TIMES.contains(&at));
        match rule {
            Some(rule) if is_summer(rule, at, standard, summer) => summer,
            _ => standard,
        }
    }
}

/// Returns the zone that the request or the profile names, if the plan has it.
pub fn named_zone(plan: &Plan, profile: &Profile, request: &Request) -> Option<Id<Zone>> {
    let of_request = request.attributes.get(TIMEZONE).and_then(Value::as_str);
    let of_profile = profile.effective_trait(TIMEZONE).and_then(|stamped| stamped.0.as_str());
    of_request.and_then(|name| find(plan, name)).or_else(|| of_profile.and_then(|name| find(plan, name)))
}

/// Returns the hash under which a plan stores the name of a zone; ASCII case is ignored.
#[must_use]
pub fn zone_hash(name: &str) -> u32 {
    fnv32a(&name.to_ascii_lowercase())
}

fn find(plan: &Plan, name: &str) -> Option<Id<Zone>> {
    let hash = zone_hash(name);
    let (mut low, mut high) = (0, plan.count::<ZoneName>());
    while low < high {
        let middle = low.midpoint(high);
        let row = plan.get(Id::<ZoneName>::new(middle))?;
        match row.hash.cmp(&hash) {
            core::cmp::Ordering::Equal => return Some(row.zone),
            core::cmp::Ordering::Less => low = middle.saturating_add(1),
            core::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// Checks whether a rule puts clocks forward at an instant.
fn is_summer(rule: ZoneRule, at: i64, standard: i64, summer: i64) -> bool {
    let (year, ..) = date(at.saturating_add(standard).div_euclid(DAY));
    let start = change(year, rule.start, i64::from(rule.start_time)).saturating_sub(standard);
    let end = change(year, rule.end, i64::from(rule.end_time)).saturating_sub(summer);
    if start < end { start <= at && at < end } else { at < end || start <= at }
}

/// Returns when a rule changes the clocks in a year, in seconds of local time.
///
/// The decimal digits of `rule` are the month (two digits), the week, and the weekday (Sunday 0). Week 5 is the last
/// one of the month.
fn change(year: i64, rule: u32, time: i64) -> i64 {
    let digit = |place: u32| i64::from(rule.checked_div(place).unwrap_or(0) % 10);
    let month = digit(100).saturating_add(digit(1000).saturating_mul(10)).clamp(1, 12);
    let first = day_number(year, month, 1);
    let skip = digit(1).saturating_sub(weekday(first)).rem_euclid(7);
    let day = digit(10).saturating_sub(1).saturating_mul(7).saturating_add(skip);
    let day = if day < days_in(year, month) { day } else { day.saturating_sub(7) };
    first.saturating_add(day).saturating_mul(DAY).saturating_add(time)
}
