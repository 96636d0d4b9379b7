//! The contents of a decision for the slots of a page, and the exposures of those that were filled.

use throughline::html::{Fill, Selector};
use throughline::{Decision, Event, Format, Plan, SlotTarget, SortedSet, Value};

use crate::prelude::*;

/// Returns the fills of a decision. A selector that is not supported, which the compiler refuses, finds nothing.
pub fn fills(plan: &Plan, decision: &Decision<'_>, is_utf8: bool) -> Vec<Fill> {
    let fill = |SlotTarget { id: slot, selector, .. }: SlotTarget<'_>| {
        let content = &decision.slots.get(slot)?.content;
        let text = match content.format {
            Format::Json => json_for_script(&content.body),
            Format::Html if is_utf8 => content.body.clone().into_owned(),
            Format::Html => ascii_html(&content.body),
            Format::Text => ascii_html(&text_as_html(&content.body)),
        };
        let selector = selector.and_then(|text| Selector::parse(text).ok());
        Some(Fill { slot: slot.to_owned(), selector, is_json: content.format == Format::Json, content: text })
    };
    plan.slots().filter_map(fill).collect()
}

/// Returns the exposures of the filled slots, and of the experiments that chose the content of one of them.
pub fn exposures(decision: &Decision<'_>, filled: &SortedSet<String>) -> Vec<Event> {
    let all = decision.exposures();
    let is_filled = |event: &Event| property(event, "slot").is_some_and(|slot| filled.contains(slot));
    let is_shown = |exposure: &&Event| match property(exposure, "experiment_id") {
        Some(experiment) => {
            all.iter().any(|event| property(event, "experiment") == Some(experiment) && is_filled(event))
        }
        None => is_filled(exposure),
    };
    all.iter().filter(is_shown).cloned().collect()
}

fn property<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.properties.get(name).and_then(Value::as_str)
}

/// Returns HTML in ASCII, which is correct in every encoding that contains it.
fn ascii_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for char in html.chars() {
        if char.is_ascii() { out.push(char) } else { out.push_str(&format!("&#{};", u32::from(char))) }
    }
    out
}

fn text_as_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns JSON in ASCII that can neither end a script element nor begin a comment.
fn json_for_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() && !b"<>&".contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out
}
