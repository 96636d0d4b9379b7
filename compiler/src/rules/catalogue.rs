//! The catalogue, and the lists of its items that templates iterate over.

use std::collections::{BTreeMap, BTreeSet};

use throughline::{Object, Value};

use crate::condition::{When, holds_for};
use crate::rules::{Definition, Rules};
use crate::source::cursor::{Cursor, ReadContext, Reference};

/// The maximum number of items in a catalogue.
const MAX_ITEMS: usize = 10_000;

/// An item of the catalogue.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its fields.
    pub fields: Object,
}

/// A list of catalogue items, chosen for each subject.
#[derive(Clone, Debug)]
pub struct List<'a> {
    /// The attribute that holds the ids of the items; `None` for all items.
    pub from: Option<Reference<'a>>,
    /// The condition on items of the list.
    pub when: Option<When<'a>>,
    /// The attributes that hold the ids of excluded items.
    pub without: Vec<Reference<'a>>,
    /// The maximum number of items.
    pub limit: u32,
}

impl<'a> Definition<'a> for Item {
    const NOUN: &'static str = "item";
    const ID: &'static str = "a string of at most 100 characters";

    fn is_id(id: &str) -> bool {
        (1..=100).contains(&id.chars().count()) && !id.chars().any(char::is_control)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = match cursor.node.to_value() {
            Value::Object(fields) => fields,
            _ => {
                cursor
                    .error("wrong-type", format!("found {}", cursor.node.kind_name()), out)
                    .expected("a map of fields");
                Object::new()
            }
        };
        Self { fields }
    }
}

impl<'a> Definition<'a> for List<'a> {
    const NOUN: &'static str = "list";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["from", "where", "without", "limit", "description"], out);
        Self {
            from: fields.get("from").and_then(|cursor| cursor.reference(out)),
            when: fields.get("where").map(When::new),
            without: fields.get("without").map(|cursor| cursor.references(out)).unwrap_or_default(),
            limit: fields.get("limit").and_then(|cursor| cursor.integer(1..=100, out)).unwrap_or(10),
        }
    }
}

impl List<'_> {
    /// Returns the names of the attributes that it reads.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.from.iter().chain(&self.without).map(|named| named.name)
    }

    /// Reports unknown attributes, attributes that hold no ids, and errors of its condition.
    pub fn check(&self, rules: &Rules<'_>, out: &mut ReadContext<'_>) {
        for named in self.from.iter().chain(&self.without) {
            if let Some(attribute) = rules.attribute(named, out).filter(|attribute| attribute.kind != "list") {
                let message =
                    format!("attribute `{}` has type `{}`, so it is not a list of ids", named.name, attribute.kind);
                named.cursor.error("wrong-type", message, out).expected("an attribute with `type: list`");
            }
        }
    }

    /// Returns the ids of the items that may appear in the list.
    ///
    /// The condition is evaluated when the rules are compiled, so an item that is out of stock then is in no
    /// plan.
    pub fn items<'r>(&self, rules: &'r Rules<'_>) -> BTreeSet<&'r str> {
        let all = rules.catalogue.keys().copied();
        let Some(when) = &self.when else { return all.collect() };
        let fields: Vec<&Object> = rules.catalogue.values().map(|item| &item.fields).collect();
        all.zip(holds_for(when.condition(), &fields)).filter(|(_, holds)| *holds).map(|(id, _)| id).collect()
    }
}

/// Reports a catalogue with too many items.
pub fn check(rules: &Rules<'_>, out: &mut ReadContext<'_>) {
    if rules.catalogue.len() > MAX_ITEMS {
        let message = format!("the catalogue has {} items", rules.catalogue.len());
        let found = out.diagnostics.error(crate::source::tree::Span::default(), "catalogue", "too-large", message);
        found.expected(format!("at most {MAX_ITEMS}"));
    }
    rules.lists.values().for_each(|list| list.check(rules, out));
}

/// The parts of the catalogue that the templates of a plan read.
pub struct Needs<'r> {
    /// The lists, each with the items that may appear in it.
    pub lists: BTreeMap<&'r str, BTreeSet<&'r str>>,
    /// The ids of all items.
    pub items: BTreeSet<&'r str>,
    /// The names of the fields.
    pub fields: BTreeSet<&'r str>,
}

impl<'r> Needs<'r> {
    /// Collects what the messages of the rules read.
    pub fn of(rules: &'r Rules<'_>) -> Self {
        let renditions = rules.messages.values().flat_map(|message| &message.renditions);
        let templates: Vec<_> = renditions.flat_map(|rendition| rendition.templates()).collect();
        let named = templates.iter().flat_map(|template| &template.lists);
        let known = named.filter_map(|named| rules.lists.get_key_value(named.name));
        let lists: BTreeMap<&str, BTreeSet<&str>> = known.map(|(id, list)| (*id, list.items(rules))).collect();
        let mut items: BTreeSet<&str> = lists.values().flatten().copied().collect();
        if templates.iter().any(|template| template.catalogue) {
            items.extend(rules.catalogue.keys().copied());
        }
        let fields = templates.iter().flat_map(|template| template.fields.iter().copied()).collect();
        Self { lists, items, fields }
    }
}
