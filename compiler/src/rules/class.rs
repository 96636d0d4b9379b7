//! The classes of campaigns and journeys, as the rules name them.

use throughline::internals::plan::tables::{Class, Classes};

use crate::source::cursor::{Cursor, Fields, ReadContext};

/// Reads the required `class` of a campaign, journey or cool-down.
pub fn class(fields: &Fields<'_>, out: &mut ReadContext<'_>) -> Class {
    let cursor = fields.required("class", out);
    cursor.and_then(|cursor| cursor.keyword(Class::NAMES, Class::from_name, out)).unwrap_or(Class::Promo)
}

/// Reads the classes at a cursor.
pub fn classes(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Classes {
    let words = cursor.one_or_list(out);
    if words.is_empty() {
        cursor.error("empty", "the list of classes is empty", out).expected_one_of("", Class::NAMES.iter().copied());
    }
    words.iter().filter_map(|cursor| cursor.keyword(Class::NAMES, Class::from_name, out)).collect()
}
