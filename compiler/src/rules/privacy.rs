//! Retention and addresses: what is kept of people, and for how long.

use throughline::Millis;
use throughline::address::{CAMPAIGN_PARAMETERS, CLICK_IDS};

use crate::source::cursor::{Cursor, ReadContext};

/// The shortest time for which anything is kept: events arrive late, and journeys wait for days.
const SHORTEST: Millis = Millis(24 * 60 * 60 * 1000);
/// The most names of parameters. Each parameter of each address is compared with all of them.
const MAX_NAMES: usize = 200;
/// The longest name of a parameter, in bytes.
const MAX_NAME: usize = 100;

/// How long the collector keeps what it stores; zero for all time.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetentionRules {
    /// Events.
    pub events: Millis,
    /// Profiles without an identified person.
    pub anonymous: Millis,
    /// Deliveries.
    pub deliveries: Millis,
}

impl RetentionRules {
    /// Reads the times; `null` is for all time.
    pub fn read(cursor: Cursor<'_>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["events", "anonymous", "deliveries"], out);
        let mut length = |name| match fields.get(name).filter(|cursor| !cursor.is_null()) {
            Some(cursor) => length(&cursor, out),
            None => Millis(0),
        };
        Self { events: length("events"), anonymous: length("anonymous"), deliveries: length("deliveries") }
    }
}

fn length(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Millis {
    let length = cursor.duration(out).unwrap_or(SHORTEST);
    if length < SHORTEST {
        cursor.error("out-of-range", "shorter than a day", out).expected("at least 1d, or `null` for all time");
    }
    length
}

/// Returns the names of the parameters that addresses keep where the rules list none.
#[must_use]
pub fn usual_parameters<'a>() -> Vec<&'a str> {
    CAMPAIGN_PARAMETERS.into_iter().chain(CLICK_IDS).collect()
}

/// Reads the names of the parameters that addresses keep.
pub fn kept_parameters<'a>(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Vec<&'a str> {
    let fields = cursor.fields(&["keep"], out);
    let Some(cursor) = fields.required("keep", out) else { return Vec::new() };
    let names = cursor.list(out).into_iter().filter_map(|cursor| cursor.reference(out)).collect::<Vec<_>>();
    if names.len() > MAX_NAMES {
        cursor.error("out-of-range", format!("{} names", names.len()), out).expected(format!("at most {MAX_NAMES}"));
    }
    for name in &names {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.[]~*".contains(c);
        if name.name.len() > MAX_NAME || !name.name.chars().all(is_name) {
            let message = format!("`{}` is not the name of a parameter", crate::source::cursor::shorten(name.name));
            let expected = format!("letters, digits, `_`, `-`, `.` and `*` for any characters, at most {MAX_NAME}");
            name.cursor.error("parameter", message, out).expected(expected);
        }
    }
    names.into_iter().map(|name| name.name).collect()
}
