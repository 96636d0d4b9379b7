//! The classes of campaigns and journeys, as rules name them.

use throughline::internals::plan::tables::{Class, Classes};

use crate::source::cursor::{Cursor, Fields, ReadContext};

/// The class that must stand in a campaign or journey.
pub fn class(fields: &Fields<'_>, out: &mut ReadContext<'_>) -> Class {
    let cursor = fields.required("class", out);
    cursor.and_then(|cursor| cursor.word(Class::NAMES, Class::from_name, out)).unwrap_or(Class::Promo)
}

/// Reads a class, or a list of classes.
pub fn classes(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Classes {
    let words = cursor.one_or_list(out);
    if words.is_empty() {
        cursor.error("empty", "the list of classes is empty", out).expected_one_of("", Class::NAMES.iter().copied());
    }
    words.iter().filter_map(|cursor| cursor.word(Class::NAMES, Class::from_name, out)).collect()
}
