//! Offers: value propositions, of which a subject has one in each group.

use jiff::tz::TimeZone;
use throughline::Millis;

use crate::place::{Place, Reader};
use crate::rules::Definition;

/// A value proposition.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The group within which a subject has one offer.
    pub group: Option<&'a str>,
    /// Its version.
    pub version: u32,
    /// When it can be had.
    pub schedule: Schedule,
}

/// A span of time: from `from` to before `until`.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The first moment.
    pub from: Millis,
    /// The first moment after.
    pub until: Millis,
}

impl Schedule {
    /// Always.
    pub const ALWAYS: Self = Self { from: Millis::MIN, until: Millis::MAX };

    /// Reads `from` and `until` of a map.
    pub fn read(fields: &crate::place::Fields<'_>, zone: &TimeZone, out: &mut Reader<'_>) -> Self {
        let from = fields.get("from").and_then(|place| place.time(zone, out)).unwrap_or(Millis::MIN);
        let until = fields.get("until");
        let end = until.as_ref().and_then(|place| place.time(zone, out)).unwrap_or(Millis::MAX);
        if let (Some(until), true) = (until, from >= end) {
            let message = "the end is not after the beginning";
            until.error("impossible-schedule", message, out).expected("an `until` after `from`");
        }
        Self { from, until: end }
    }
}

impl<'a> Definition<'a> for Offer<'a> {
    const NOUN: &'static str = "offer";

    fn read(place: Place<'a>, out: &mut Reader<'_>) -> Self {
        let fields = place.fields(&["group", "version", "from", "until", "terms", "description"], out);
        if let Some(terms) = fields.get("terms") {
            terms.text(out);
        }
        Self {
            group: fields.get("group").and_then(|place| place.text(out)),
            version: fields.get("version").and_then(|place| place.whole(1..=u32::MAX, out)).unwrap_or(1),
            schedule: Schedule::read(&fields, &out.zone.clone(), out),
        }
    }
}
