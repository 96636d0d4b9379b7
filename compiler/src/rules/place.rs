//! Places: shops, branches and venues, by their geographic position.

use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, ReadContext};

/// The maximum number of places. A condition on the nearest place computes the distance to each.
const MAX_PLACES: usize = 1_000;

/// A geographic position.
#[derive(Clone, Debug)]
pub struct Place {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
}

impl<'a> Definition<'a> for Place {
    const NOUN: &'static str = "place";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["latitude", "longitude", "description"], out);
        let mut degrees = |name: &str, most: f64| {
            fields.required(name, out).and_then(|cursor| cursor.number(-most..=most, out)).unwrap_or_default()
        };
        Self { latitude: degrees("latitude", 90.0), longitude: degrees("longitude", 180.0) }
    }
}

/// Reports rules with too many places.
pub fn check(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    if rules.places.len() > MAX_PLACES {
        let message = format!("the rules have {} places", rules.places.len());
        let found = out.diagnostics.error(crate::source::tree::Span::default(), "places", "too-large", message);
        found.expected(format!("at most {MAX_PLACES}"));
    }
}
