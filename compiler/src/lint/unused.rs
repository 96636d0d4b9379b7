//! Unused definitions.

use std::collections::BTreeSet;

use super::Linter;
use super::definitions::{items, member};
use crate::rules::account_unit;
use crate::rules::channel::WEB;
use crate::source::cursor::{Cursor, ReadContext};

/// The sections whose definitions need a use, with the noun for a definition.
const SECTIONS: [(&str, &str); 11] = [
    ("attributes", "attribute"),
    ("segments", "segment"),
    ("slots", "slot"),
    ("channels", "channel"),
    ("offers", "offer"),
    ("messages", "message"),
    ("experiments", "experiment"),
    ("exclusions", "exclusion group"),
    ("savedGroups", "saved group"),
    ("contextualBandits", "contextual bandit"),
    ("lists", "list"),
];

/// Looks for each id anywhere else. Everything that could be a use counts as one.
pub fn check(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let mut used = BTreeSet::new();
    for top in linter.definitions.tops() {
        for section in top.node.entries() {
            let cursor = top.member(section);
            for entry in section.value.entries() {
                note(&cursor.member(entry), &mut used);
            }
            items(&cursor).iter().for_each(|item| note(item, &mut used));
        }
    }
    for (section, noun) in SECTIONS {
        for (id, cursor) in linter.definitions.section(section) {
            // Declaring personal data keeps it in the collector; pages exist without a channel.
            let is_pii =
                linter.rules.attributes.get(id).is_some_and(|attribute| section == "attributes" && attribute.pii);
            // The declaration of the account's id says who may set it.
            let is_key = id == account_unit::ID && used.contains("account");
            if used.contains(id) || is_pii || is_key || (section == "channels" && id == WEB) {
                continue;
            }
            let message = match section {
                "slots" => format!("no campaign fills the slot `{id}`"),
                _ => format!("nothing uses the {noun} `{id}`"),
            };
            cursor.warning("unused", message, out).expected("a use of the definition, or no definition");
        }
    }
    check_catalogue(linter, out);
}

/// Reports a catalogue that no template reads. An item that is in no list may only be out of stock today.
fn check_catalogue(linter: &Linter<'_, '_>, out: &mut ReadContext<'_>) {
    let catalogue = linter.definitions.tops().iter().find_map(|top| member(top, "catalogue"));
    let is_read = !linter.needs.lists.is_empty() || !linter.needs.items.is_empty();
    if let Some(cursor) = catalogue.filter(|_| !linter.rules.catalogue.is_empty() && !is_read) {
        let message = "no template reads the catalogue";
        cursor.warning("unused", message, out).expected("a template that reads a list or an item, or no catalogue");
    }
}

/// Collects every word that could be an id: keys, strings, and names in templates.
fn note<'a>(cursor: &Cursor<'a>, used: &mut BTreeSet<&'a str>) {
    if let Some(text) = cursor.node.as_str() {
        note_path(text, used);
        if text.contains("{{") || text.contains("{%") {
            let is_name = |c: char| c.is_alphanumeric() || "._-$".contains(c);
            text.split(|c| !is_name(c)).for_each(|word| note_path(word, used));
        }
    }
    for item in items(cursor) {
        note(&item, used);
    }
    for entry in cursor.node.entries().iter().filter(|entry| !matches!(entry.key.as_str(), "description" | "terms")) {
        note_path(&entry.key, used);
        note(&cursor.member(entry), used);
    }
}

/// Collects a path and each of its prefixes, and the id of a list in a template.
fn note_path<'a>(path: &'a str, used: &mut BTreeSet<&'a str>) {
    used.insert(path);
    used.extend(path.strip_prefix("lists."));
    used.extend(path.match_indices('.').filter_map(|(dot, _)| path.get(..dot)));
}
