//! Offers: value propositions. A subject has one offer of each group.

use crate::rules::Definition;
use crate::rules::schedule::Schedule;
use crate::source::cursor::{Cursor, ReadContext};

/// An offer.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The group, in which a subject has one offer.
    pub group: Option<&'a str>,
    /// The version.
    pub version: u32,
    /// The time span in which it is available.
    pub schedule: Schedule,
}

impl<'a> Definition<'a> for Offer<'a> {
    const NOUN: &'static str = "offer";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["group", "version", "from", "until", "terms", "description"], out);
        if let Some(terms) = fields.get("terms") {
            terms.text(out);
        }
        Self {
            group: fields.get("group").and_then(|cursor| cursor.text(out)),
            version: fields.get("version").and_then(|cursor| cursor.integer(1..=u32::MAX, out)).unwrap_or(1),
            schedule: Schedule::read(&fields, &out.zone.clone(), out),
        }
    }
}
