//! What holds where a definition says nothing else.

use jiff::tz::TimeZone;

use crate::locale::{CURRENCY, is_currency};
use crate::place::{Place, Reader};
use crate::rules::Files;

/// What holds where a definition says nothing else.
#[derive(Clone, Debug)]
pub struct Defaults<'a> {
    /// The locale of renditions without one.
    pub locale: &'a str,
    /// The currency of money that names none; that of the locale without one.
    pub currency: Option<&'a str>,
    /// The time zone of times that do not say their own.
    pub zone: TimeZone,
}

impl<'a> Defaults<'a> {
    /// Reads the one `defaults` of all files.
    pub fn read(files: &Files<'a>, out: &mut Reader<'_>) -> Self {
        let fields = files.single("defaults", out).map(|place| place.fields(&["locale", "currency", "timezone"], out));
        let get = |name| fields.as_ref().and_then(|fields| fields.get(name));
        Self {
            locale: get("locale").and_then(|place| locale(&place, out)).unwrap_or("en"),
            currency: get("currency").and_then(|place| currency(&place, out)),
            zone: get("timezone").and_then(|place| place.zone(out)).unwrap_or(TimeZone::UTC),
        }
    }
}

fn currency<'a>(place: &Place<'a>, out: &mut Reader<'_>) -> Option<&'a str> {
    let text = place.text(out)?;
    if !is_currency(text) {
        place.error("currency", format!("`{text}` is not a currency"), out).expected(CURRENCY);
    }
    Some(text)
}

/// The locale at this place: a language tag such as `de` or `de-AT`.
pub fn locale<'a>(place: &Place<'a>, out: &mut Reader<'_>) -> Option<&'a str> {
    let text = place.text(out)?;
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let language = text.split('-').next().unwrap_or_default();
    let is_locale = language.len() >= 2 && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_locale && text.split('-').all(is_subtag) {
        return Some(text);
    }
    place.error("locale", format!("`{text}` is not a locale"), out).expected("a language tag such as `de` or `de-AT`");
    None
}
