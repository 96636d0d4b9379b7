//! Disclosures: the data that leaves the collector, and the rules that need it elsewhere.

use throughline::internals::plan::tables::Source;
use throughline::{Object, Value};

use super::reasons::DisclosureKind;
use super::usage::Usage;
use crate::rules::Rules;

/// Something that leaves the collector, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The kind of data.
    pub kind: DisclosureKind,
    /// Its name.
    pub name: String,
    /// Whether browsers decide by it too: the public plan says by what it is compared, and scripts of the page can read it.
    pub public: bool,
    /// Some of the places in the rules that need it; none for what is needed for local times.
    pub needed_by: Vec<String>,
    /// How many places need it.
    pub places: usize,
}

impl Disclosure {
    /// For people: `attribute tier: token; needed by campaigns.gold.when`.
    #[must_use]
    pub fn line(&self) -> String {
        let to = if self.public { "token and public plan" } else { "token" };
        let more = self.places.saturating_sub(self.needed_by.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let why = match self.needed_by.as_slice() {
            [] => "local times".to_owned(),
            some => some.join(", "),
        };
        format!("{} {}: {to}; needed by {why}{more}", self.kind.name(), self.name)
    }

    /// For programs: `kind`, `name`, `public`, `neededBy` and `places`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody writes 2^53 places")]
    pub fn to_value(&self) -> Value {
        let mut out = Object::new();
        out.insert("kind", self.kind.name());
        out.insert("name", self.name.as_str());
        out.insert("public", Value::Bool(self.public));
        out.insert("neededBy", Value::Array(self.needed_by.iter().map(|path| Value::from(path.as_str())).collect()));
        out.insert("places", Value::Number(self.places as f64));
        Value::Object(out)
    }
}

/// Returns the data that leaves the collector.
pub fn disclosures(rules: &Rules<'_>, edge: &Usage<'_>, public: &Usage<'_>) -> Vec<Disclosure> {
    let is_of_profile = |name: &&String| {
        let attribute = rules.attributes.get(name.as_str());
        attribute.is_some_and(|attribute| attribute.edge && attribute.source != Source::Request)
    };
    let attributes = edge.edge_attributes.iter().filter(is_of_profile).map(String::as_str);
    let zone = Some("timezone").filter(|_| edge.edge_local);
    let attributes = attributes.chain(zone).map(|name| (DisclosureKind::Attribute, name));
    let carried = edge.segments.iter().filter(|(_, carried)| *carried);
    let segments = carried.map(|(id, _)| (DisclosureKind::Segment, id.as_str()));
    let events = edge.reasons.events().map(|name| (DisclosureKind::Event, name));
    let row = |(kind, name): (DisclosureKind, &str)| {
        let (needed_by, places) = edge.reasons.get(kind, name);
        let is_zone = kind == DisclosureKind::Attribute && Some(name) == zone && public.edge_local;
        let public = is_zone || public.reasons.has(kind, name);
        Disclosure { kind, name: name.to_owned(), public, needed_by, places }
    };
    attributes.chain(segments).chain(events).map(row).collect()
}

/// The attributes that may leave the collector, and that only the collector uses.
pub fn unneeded_edge_attributes<'a>(rules: &Rules<'a>, edge: &Usage<'_>) -> Vec<&'a str> {
    let attributes = rules.attributes.iter().filter(|(name, attribute)| {
        attribute.edge && edge.all.attributes.contains(**name) && !edge.edge_attributes.contains(**name)
    });
    attributes.map(|(name, _)| *name).collect()
}
