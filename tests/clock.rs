//! Law: the clocks of a plan show the local times of the IANA database, in every zone, at any time from 2020
//! to 2040.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde_json::json;
use throughline::{LocalClock, Millis, Plan, Profile, Request};

use crate::generate;
use crate::support;

const FIRST: i64 = 1_577_836_800;
const LAST: i64 = 2_240_611_200;

fn plan(zone: &str) -> Plan {
    support::plan(&json!({
        "defaults": { "timezone": zone },
        "slots": { "hero": {} },
        "channels": { "web": {} },
        "messages": { "hello": { "renditions": [{ "channel": "web", "html": "Hello" }] } },
        "campaigns": { "greet": {
            "class": "service", "slots": { "hero": "hello" }, "when": { "$local": { "time": { "from": "09:00", "until": "17:00" } } },
        } },
    }))
}

fn request(zone: &str) -> Request {
    Request { attributes: [("timezone", throughline::Value::from(zone))].into_iter().collect(), ..Request::default() }
}

/// Returns a second, and the time that a clock in this zone shows then.
fn wall(zone: &TimeZone, second: i64) -> Millis {
    let offset = zone.to_offset(Timestamp::from_second(second).unwrap()).seconds();
    Millis((second + i64::from(offset)) * 1000)
}

#[test]
fn clocks_tell_what_the_database_tells() {
    let plan = plan("UTC");
    let dice = &mut generate::Dice::new(4);
    let mut zones = 0;
    // The bundled database, as in plans: a machine's own may be of another year.
    let database = TimeZoneDatabase::bundled();
    for name in database.available() {
        let (name, zone) = (name.as_str(), database.get(name.as_str()).unwrap());
        let clock = LocalClock::of_subject(&plan, &Profile::default(), &request(name));
        let changes =
            zone.following(Timestamp::from_second(FIRST).unwrap()).map(|change| change.timestamp().as_second());
        let around = changes.take_while(|at| *at < LAST).flat_map(|at| [at - 1, at, at + 1, at + 3599]);
        let anywhere: Vec<i64> =
            (0..support::cases(100)).map(|_| FIRST + dice.below((LAST - FIRST).unsigned_abs()).cast_signed()).collect();
        for second in around.chain(anywhere) {
            let at = Millis(second * 1000 + 999);
            assert_eq!(clock.wall(at), wall(&zone, second).plus(Millis(999)), "{name} at {second}");
        }
        zones += 1;
    }
    assert!(zones > 500, "only {zones} zones");
}

/// Returns whether a clock in this zone never shows the time, because it is put forward over it.
fn is_gap(zone: &TimeZone, wall: Millis) -> bool {
    let shown = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(wall.0).unwrap());
    matches!(zone.to_ambiguous_timestamp(shown).offset(), AmbiguousOffset::Gap { .. })
}

#[test]
fn later_is_when_the_clock_first_shows_it() {
    let plan = plan("UTC");
    let (hour, mut moved) = (3_600_000, 0);
    let database = TimeZoneDatabase::bundled();
    for name in database.available() {
        let (name, zone) = (name.as_str(), database.get(name.as_str()).unwrap());
        let clock = LocalClock::of_subject(&plan, &Profile::default(), &request(name));
        for change in zone.following(Timestamp::from_second(FIRST).unwrap()).take(8) {
            let at = Millis(change.timestamp().as_millisecond() - 5 * hour);
            for quarter in 0..40 {
                let length = Millis(quarter * hour / 4);
                let (wanted, later) = (clock.wall(at).plus(length), clock.later(at, length));
                moved += i32::from(later != at.plus(length));
                let shows = clock.wall(later) == wanted || is_gap(&zone, wanted) && clock.wall(later) > wanted;
                let earlier = (0..quarter * 15).map(|minute| Millis(at.0 + minute * 60_000));
                let is_first = earlier.take_while(|at| *at < later).all(|at| clock.wall(at) < wanted);
                assert!(
                    shows && (is_first || is_gap(&zone, wanted)),
                    "{name}: {length:?} after {at:?} it is {later:?}"
                );
            }
        }
    }
    assert!(moved > 1000, "clocks were moved {moved} times only");
}

#[test]
fn the_zone_is_the_requests_else_the_profiles_else_the_plans() {
    let plan = plan("Asia/Tokyo");
    let noon = Millis(1_760_011_200_000);
    let hour = |profile: &Profile, request: &Request| {
        (LocalClock::of_subject(&plan, profile, request).wall(noon).0 - noon.0) / 3_600_000
    };
    let (mut profile, nobody) = (Profile::default(), Request::default());
    assert_eq!(hour(&profile, &nobody), 9);
    let stamp = throughline::Stamp(Millis(1), 1);
    profile.traits.insert("timezone", throughline::Stamped::new("America/New_York".into(), stamp));
    assert_eq!(hour(&profile, &nobody), -4);
    assert_eq!(hour(&profile, &request("europe/VIENNA")), 2, "names have no upper and lower case");
    assert_eq!(hour(&profile, &request("Mars/Olympus")), -4);
}

#[test]
fn a_day_ends_at_midnight_of_the_subject() {
    let plan = plan("UTC");
    let day = |zone: &str, time: &str| {
        let at = Millis(time.parse::<Timestamp>().unwrap().as_millisecond());
        LocalClock::of_subject(&plan, &Profile::default(), &request(zone)).day(at)
    };
    let first = day("UTC", "2026-10-25T00:00:00Z");
    // Clocks are put back on this day, so it has 25 hours.
    assert_eq!(day("Europe/Vienna", "2026-10-24T21:59:59.999Z"), first - 1);
    assert_eq!(day("Europe/Vienna", "2026-10-24T22:00:00Z"), first);
    assert_eq!(day("Europe/Vienna", "2026-10-25T22:59:59.999Z"), first);
    assert_eq!(day("Europe/Vienna", "2026-10-25T23:00:00Z"), first + 1);
    assert_eq!(day("Pacific/Kiritimati", "2026-10-25T10:00:00Z"), first + 1);
    assert_eq!(day("America/Los_Angeles", "2026-10-25T06:59:59Z"), first - 1);
}

#[test]
fn no_time_is_too_far_away() {
    let plan = plan("America/New_York");
    for at in [i64::MIN, i64::MIN + 1, -1, i64::MAX - 1, i64::MAX] {
        let clock = LocalClock::of_subject(&plan, &Profile::default(), &Request::default());
        assert!(clock.day(Millis(at)) <= clock.wall(Millis::MAX).0);
    }
}
