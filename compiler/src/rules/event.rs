//! Events that the rules declare, and the places that name events and their properties.

use std::collections::BTreeMap;

use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::{Kind, Node};

/// The events that the product and its SDKs send, which need no declaration.
pub const KNOWN: [&str; 6] =
    ["Page Viewed", "Screen Viewed", "Message Seen", "Message Sent", "Experiment Viewed", "Consent Preference Updated"];
/// The keys around a map that names an event in `event`.
const AROUND: [&str; 14] = [
    "$recency",
    "$distinct",
    "$sum",
    "$first",
    "$last",
    "first",
    "then",
    "source",
    "enter",
    "exit",
    "goal",
    "after",
    "responds",
    "terms",
];

/// A declared event.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Its properties; none if it can have any.
    pub properties: Option<Vec<&'a str>>,
}

impl<'a> Definition<'a> for Event<'a> {
    const NOUN: &'static str = "event";
    const ID: &'static str = "the name of an event, such as `Order Completed`";

    fn is_id(name: &str) -> bool {
        !name.trim().is_empty() && name.len() <= 200
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["properties", "description"], out);
        let properties = fields.get("properties").map(|cursor| cursor.list(out));
        let names = |items: Vec<Cursor<'a>>| items.into_iter().filter_map(|item| item.text(out)).collect();
        Self { properties: properties.map(names) }
    }
}

/// A place that names an event.
#[derive(Clone, Debug)]
pub struct EventUse<'a> {
    /// The name.
    pub name: &'a str,
    /// The position of the name.
    pub cursor: Cursor<'a>,
    /// The properties that are named with it, each with its position.
    pub properties: Vec<(&'a str, Cursor<'a>)>,
}

/// Returns every place that names an event.
#[must_use]
pub fn uses<'a>(trees: &'a [Node]) -> Vec<EventUse<'a>> {
    let mut found = Vec::new();
    for tree in trees {
        walk(&Cursor::top(tree), "", &mut found);
    }
    found
}

/// Walks values; `around` is the key of the closest map around this one.
fn walk<'a>(cursor: &Cursor<'a>, around: &str, found: &mut Vec<EventUse<'a>>) {
    if let Some(items) = cursor.items() {
        items.iter().for_each(|item| walk(item, around, found));
        return;
    }
    let key = if around == "$event" { "name" } else { "event" };
    if let (true, Some(name)) = (around == "$event" || AROUND.contains(&around), cursor.get(key)) {
        found.extend(event_use(cursor, name));
    }
    if let (Some(name), true) = (cursor.get("after"), cursor.node.get("wait").is_some()) {
        found.extend(event_use(cursor, name));
    }
    for entry in cursor.node.entries() {
        walk(&cursor.member(entry), &entry.key, found);
    }
}

fn event_use<'a>(map: &Cursor<'a>, name: Cursor<'a>) -> Option<EventUse<'a>> {
    let mut properties = Vec::new();
    for key in ["property", "once"] {
        let named = map.get(key).and_then(|cursor| Some((cursor.node.as_str()?, cursor)));
        properties.extend(named);
    }
    if let Some(filter) = map.get("where") {
        filtered(&filter, &mut properties);
    }
    Some(EventUse { name: name.node.as_str()?, cursor: name, properties })
}

/// Collects the properties that a filter tests.
fn filtered<'a>(filter: &Cursor<'a>, properties: &mut Vec<(&'a str, Cursor<'a>)>) {
    for entry in filter.node.entries() {
        let member = filter.member(entry);
        match (entry.key.as_str(), &entry.value.kind) {
            ("$and" | "$or" | "$nor", Kind::List(_)) => {
                member.items().into_iter().flatten().for_each(|item| filtered(&item, properties));
            }
            ("$not", _) => filtered(&member, properties),
            (name, _) if name.starts_with('$') => {}
            (name, _) => properties.push((name, Cursor { mark: entry.key_span, ..member })),
        }
    }
}

/// Reports names of events and properties that are not declared, if any event is.
pub fn check(rules: &Rules<'_>, trees: &[Node], out: &mut ReadContext<'_>) {
    if rules.events.is_empty() {
        return;
    }
    for used in uses(trees) {
        let Some(event) = rules.events.get(used.name) else {
            if !KNOWN.contains(&used.name) {
                let message = format!("unknown event `{}`", used.name);
                let known = rules.events.keys().copied().chain(KNOWN);
                used.cursor.error("unknown-event", message, out).expected_one_of(used.name, known);
            }
            continue;
        };
        let Some(known) = &event.properties else { continue };
        for (name, cursor) in used.properties {
            // A declared object may have any members.
            let is_known =
                |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if !known.iter().any(|known| is_known(known)) {
                let message = format!("unknown property `{name}` of `{}`", used.name);
                cursor.error("unknown-property", message, out).expected_one_of(name, known.iter().copied());
            }
        }
    }
}

/// The number of uses of each event, and of each property of each event.
pub type Counts<'a> = (BTreeMap<&'a str, usize>, BTreeMap<(&'a str, &'a str), usize>);

/// Returns how often each name is used.
#[must_use]
pub fn counts<'a>(uses: &[EventUse<'a>]) -> Counts<'a> {
    let (mut events, mut properties) = (BTreeMap::new(), BTreeMap::new());
    for used in uses {
        let count: &mut usize = events.entry(used.name).or_default();
        *count = count.saturating_add(1);
        for (name, _) in &used.properties {
            let count: &mut usize = properties.entry((used.name, *name)).or_default();
            *count = count.saturating_add(1);
        }
    }
    (events, properties)
}
