//! `$distance`: how far it is to a place, or to the nearest of several.

use super::history::AGES;
use super::{Reader, join};
use crate::condition::tree::{Bound, Distance, SubjectTest};
use crate::source::cursor::Cursor;

/// Metres of the units of length.
const UNITS: [(&str, f64); 3] = [("km", 1000.0), ("mi", 1609.344), ("m", 1.0)];
/// The greatest distance between two places, in metres.
const FARTHEST: f64 = 20_100_000.0;

impl<'a> Reader<'_, 'a> {
    /// `$distance: { to, from, $lt, $lte, $gt, $gte }`.
    pub(super) fn distance(&mut self, cursor: &Cursor<'a>) -> Option<SubjectTest<'a>> {
        self.known_members(cursor, &["to", "from", "$lt", "$lte", "$gt", "$gte"])?;
        let (to, from) = (self.places(cursor), self.position(cursor));
        let mut bounds: Vec<Option<Bound>> = Vec::new();
        for (key, op) in AGES {
            let Some(length) = cursor.get(key) else { continue };
            bounds.push(self.metres(&length).map(|metres| (op, metres)));
        }
        if bounds.is_empty() {
            self.error(cursor, "missing", "`$distance` has no limit").expected("$lt, $lte, $gt or $gte");
        }
        Some(SubjectTest::Distance(Distance { from, to, bounds: bounds.into_iter().flatten().collect() }))
    }

    /// The places in `to`: one or several; empty for all.
    fn places(&mut self, map: &Cursor<'a>) -> Vec<&'a str> {
        let Some(to) = map.get("to") else {
            if self.vocabulary.places.is_empty() {
                self.error_at(map, "to", "missing", "the rules define no places".to_owned()).expected("`places`");
            }
            return Vec::new();
        };
        let items = to.items().filter(|items| !items.is_empty()).unwrap_or_else(|| vec![to]);
        let path = join(&map.path, "to");
        items.into_iter().filter_map(|item| self.place(&Cursor { path: path.clone(), ..item })).collect()
    }

    fn place(&mut self, cursor: &Cursor<'a>) -> Option<&'a str> {
        let Some(name) = cursor.node.as_str() else {
            self.wrong_type(cursor, "the id of a place, or a list of ids");
            return None;
        };
        let known = &self.vocabulary.places;
        if !known.contains(name) {
            let error = self.error(cursor, "unknown-place", format!("unknown place `{name}`"));
            error.expected_one_of(name, known.iter().copied());
            return None;
        }
        Some(name)
    }

    /// The attribute in `from`, which has a position; none for the position of the request.
    fn position(&mut self, map: &Cursor<'a>) -> Option<&'a str> {
        let cursor = map.get("from")?;
        let expected = "an attribute of type `object` with a latitude and a longitude";
        let Some(name) = cursor.node.as_str() else {
            self.wrong_type(&cursor, expected);
            return None;
        };
        let known = &self.vocabulary.attributes;
        match known.get(name).map(|attribute| attribute.kind) {
            Some("object") => return Some(name),
            Some(kind) => {
                let message = format!("attribute `{name}` has type `{kind}`");
                self.error(&cursor, "wrong-type", message).expected(expected);
            }
            None => {
                let error = self.error(&cursor, "unknown-attribute", format!("unknown attribute `{name}`"));
                error.expected_one_of(name, known.keys().copied());
            }
        }
        None
    }

    /// The metres of a length such as `25km`.
    fn metres(&mut self, cursor: &Cursor<'_>) -> Option<f64> {
        let text = cursor.node.as_str().unwrap_or_default();
        let length =
            UNITS.iter().find_map(|(unit, metres)| Some(number(text.strip_suffix(unit)?.trim_end())? * metres));
        if let Some(metres) = length.filter(|metres| *metres > 0.0 && *metres <= FARTHEST) {
            return Some(metres);
        }
        let message = match cursor.node.as_str() {
            Some(text) => format!("`{}` is not a valid distance", text.chars().take(40).collect::<String>()),
            None => format!("found {}", cursor.node.kind_name()),
        };
        self.error(cursor, "distance", message).expected("a number and a unit, such as 800m, 25km or 10mi");
        None
    }
}

/// Digits, perhaps with a fraction.
fn number(text: &str) -> Option<f64> {
    let is_number =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|_| is_number)
}
