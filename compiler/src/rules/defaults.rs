//! The defaults for definitions that leave something out.

use jiff::tz::TimeZone;

use crate::rules::Files;
use crate::source::cursor::{Cursor, ReadContext};
use crate::template::locale::{CURRENCY, is_currency};

/// The expected form of a locale.
const LOCALE: &str = "a language tag such as `de` or `de-AT`";

/// The defaults for definitions that leave something out.
#[derive(Clone, Debug)]
pub struct Defaults<'a> {
    /// The locale of renditions without one.
    pub locale: &'a str,
    /// The locales to try, in order, where a locale has no rendition, keyed by that locale.
    pub fallbacks: Vec<(&'a str, Vec<&'a str>)>,
    /// The currency of amounts without one; `None` for that of the locale.
    pub currency: Option<&'a str>,
    /// The time zone of times without an offset.
    pub zone: TimeZone,
}

impl<'a> Defaults<'a> {
    /// Reads the single `defaults` section of all files.
    pub fn read(files: &Files<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = files
            .single("defaults", out)
            .map(|cursor| cursor.fields(&["locale", "locales", "currency", "timezone"], out));
        let get = |name| fields.as_ref().and_then(|fields| fields.get(name));
        Self {
            locale: get("locale").and_then(|cursor| locale(&cursor, out)).unwrap_or("en"),
            fallbacks: get("locales").map(|cursor| fallbacks(&cursor, out)).unwrap_or_default(),
            currency: get("currency").and_then(|cursor| currency(&cursor, out)),
            zone: get("timezone").and_then(|cursor| cursor.zone(out)).unwrap_or(TimeZone::UTC),
        }
    }
}

fn fallbacks<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut found = Vec::new();
    for (name, cursor) in cursor.definitions(out) {
        if !is_locale(name) {
            cursor.error("locale", format!("`{name}` is not a locale"), out).expected(LOCALE);
        }
        let then = cursor.one_or_list(out);
        found.push((name, then.iter().filter_map(|cursor| locale(cursor, out)).collect()));
    }
    found
}

fn currency<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<&'a str> {
    let text = cursor.text(out)?;
    if !is_currency(text) {
        cursor.error("currency", format!("`{text}` is not a currency"), out).expected(CURRENCY);
    }
    Some(text)
}

/// Reads a locale: a language tag such as `de` or `de-AT`.
pub fn locale<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<&'a str> {
    let text = cursor.text(out)?;
    if is_locale(text) {
        return Some(text);
    }
    cursor.error("locale", format!("`{text}` is not a locale"), out).expected(LOCALE);
    None
}

fn is_locale(text: &str) -> bool {
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let language = text.split('-').next().unwrap_or_default();
    let is_language = language.len() >= 2 && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_language && text.split('-').all(is_subtag)
}
