//! Attributes: the facts that conditions and templates may read.

use std::collections::BTreeMap;

use throughline::Value;
use throughline::internals::json::ValueRef;
use throughline::internals::plan::tables::{Derivation, Source};

use crate::condition::names_as_given;
use crate::rules::Definition;
use crate::rules::event_values::EventValues;
use crate::source::cursor::{Cursor, ReadContext, Reference};
use crate::source::tree::Kind;

/// The accepted values of `source`, other than a map of event values.
const SOURCES: [&str; 2] = [Source::Profile.name(), Source::Request.name()];

/// The request attributes that every plan knows without a declaration.
const BUILT_IN: [&str; 17] = [
    "id",
    "url",
    "path",
    "host",
    "query",
    "referrer",
    "pageTitle",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "timezone",
    "locale",
    "isBot",
    "channel",
    IP,
];
/// The IP address of the request: personal data, which only conditions read.
const IP: &str = "ip";
/// The built-in attributes that are derived from the user agent and from the position.
const DERIVED: [Derivation; 3] = [Derivation::DeviceType, Derivation::Browser, Derivation::NearestPlace];
/// The built-in attributes that are query parameters of the page's URL: campaign parameters and click ids,
/// each with its parameter.
const PARAMETERS: [(&str, &str); 19] = [
    ("utmSource", "utm_source"),
    ("utmMedium", "utm_medium"),
    ("utmCampaign", "utm_campaign"),
    ("utmTerm", "utm_term"),
    ("utmContent", "utm_content"),
    ("utmId", "utm_id"),
    ("gclid", "gclid"),
    ("gbraid", "gbraid"),
    ("wbraid", "wbraid"),
    ("dclid", "dclid"),
    ("fbclid", "fbclid"),
    ("msclkid", "msclkid"),
    ("ttclid", "ttclid"),
    ("twclid", "twclid"),
    ("liFatId", "li_fat_id"),
    ("epik", "epik"),
    ("scCid", "ScCid"),
    ("rdtCid", "rdt_cid"),
    ("yclid", "yclid"),
];

/// The types of an attribute.
pub const TYPES: [&str; 7] = ["string", "number", "boolean", "date", "version", "list", "object"];

/// A declared or built-in attribute.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    /// The position of the declaration; `None` for a built-in attribute.
    pub cursor: Option<Cursor<'a>>,
    /// One of [`TYPES`].
    pub kind: &'static str,
    /// The source of the value.
    pub source: Source,
    /// The events that supply the values, if they come from events.
    pub event_values: Option<EventValues<'a>>,
    /// The derivation that supplies the value where the request does not, with its query parameter.
    pub derived: Option<(Derivation, &'a str)>,
    /// Whether the token may carry it.
    pub edge: bool,
    /// Whether untrusted events may set it.
    pub client: bool,
    /// Whether it is personal data (PII).
    pub pii: bool,
    /// The values that it may have; empty for any value.
    pub values: Vec<String>,
    /// The value that templates render if it is missing.
    pub default: Option<Value>,
}

impl Attribute<'_> {
    /// Returns whether a decision on a page may read it.
    #[must_use]
    pub const fn is_at_edge(&self) -> bool {
        self.edge || matches!(self.source, Source::Request)
    }

    /// Reports an attribute that stays in the collector but is used elsewhere: by `user`, through the reference `name`.
    pub fn require_at_edge(&self, name: &Reference<'_>, user: &str, out: &mut ReadContext<'_>) {
        if self.pii && self.cursor.is_none() {
            let message = format!("`{}` is personal data, so {user} cannot use it", name.name);
            name.cursor.error("personal-data", message, out).expected("a condition, such as `$inCidr`");
            return;
        }
        if self.is_at_edge() {
            return;
        }
        let message = format!("`{}` never leaves the collector, so {user} cannot use it", name.name);
        let expected = if self.pii {
            "an attribute without `pii: true`; only messages of journeys may contain personal data"
        } else {
            "an attribute with `edge: true`"
        };
        name.cursor.error("not-at-edge", message, out).expected(expected);
    }
}

impl<'a> Definition<'a> for Attribute<'a> {
    const NOUN: &'static str = "attribute";
    const ID: &'static str = "names joined by dots, such as `loyalty.tier`";

    fn is_id(name: &str) -> bool {
        let is_name = |part: &str| {
            let is_letter = |c: char| c == ' ' || !c.is_whitespace() && !c.is_control();
            !part.is_empty() && part.trim() == part && part.chars().all(is_letter)
        };
        !name.starts_with('$') && name.split('.').all(is_name)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = ["type", "source", "parameter", "edge", "client", "pii", "enum", "default", "description"];
        let fields = cursor.fields(&known, out);
        let is_type = |word: &str| TYPES.into_iter().find(|known| *known == word);
        let kind =
            fields.required("type", out).and_then(|cursor| cursor.keyword(&TYPES, is_type, out)).unwrap_or("string");
        let (source, event_values) = source(kind, fields.get("source"), out);
        let parameter = fields.get("parameter").and_then(|cursor| parameter(kind, source, &cursor, out));
        let [edge, client, pii] = ["edge", "client", "pii"].map(|name| fields.flag(name, false, out));
        let values = fields.get("enum").map(|cursor| cursor.list(out)).unwrap_or_default();
        let values = values.into_iter().filter_map(|cursor| enum_value(&cursor, out)).collect();
        let default = fields.get("default").and_then(|cursor| default(kind, &cursor, out));
        if let (true, true, Some(flag)) = (pii, edge, fields.get("edge")) {
            let message = "personal data is not allowed in the token";
            flag.error("pii-at-edge", message, out).expected("`edge: true` or `pii: true`, not both");
        }
        let unneeded_edge_attributes = match source {
            Source::Request if edge || client => {
                Some("a request attribute is not in the profile, so `edge` and `client` have no effect")
            }
            Source::Events if client => {
                Some("an attribute derived from events is never set directly, so `client` has no effect")
            }
            _ => None,
        };
        if let (Some(message), Some(flag)) = (unneeded_edge_attributes, fields.get("source")) {
            flag.warning("no-effect", message, out);
        }
        let derived = parameter.map(|parameter| (Derivation::Parameter, parameter));
        Self {
            cursor: Some(fields.cursor().clone()),
            kind,
            source,
            event_values,
            derived,
            edge,
            client,
            pii,
            values,
            default,
        }
    }
}

/// Reads `source` of an attribute: a keyword, or a map that names the events that supply its values.
fn source<'a>(kind: &str, cursor: Option<Cursor<'a>>, out: &mut ReadContext<'_>) -> (Source, Option<EventValues<'a>>) {
    let named = |word: &str| Source::from_name(word).filter(|_| SOURCES.contains(&word));
    match cursor {
        Some(cursor) if matches!(cursor.node.kind, Kind::Map(_)) => {
            (Source::Events, EventValues::read(kind, cursor, out))
        }
        Some(cursor) => (cursor.keyword(&SOURCES, named, out).unwrap_or(Source::Profile), None),
        None => (Source::Profile, None),
    }
}

/// Reads the query parameter that an attribute stands for.
fn parameter<'a>(kind: &str, source: Source, cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<&'a str> {
    if source != Source::Request || kind != "string" {
        cursor
            .error("wrong-type", "a parameter of the page is a string attribute of the request", out)
            .expected("`type: string` and `source: request`");
    }
    cursor.text(out)
}

/// Reads a value of an `enum`: a string, or a number as its digits.
fn enum_value(cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<String> {
    match cursor.node.kind {
        Kind::Number(_) => Some(ValueRef::from(&cursor.node.to_value()).to_text().into_owned()),
        _ => cursor.text(out).map(str::to_owned),
    }
}

/// Reads a default, which must have the attribute's type.
fn default(kind: &str, cursor: &Cursor<'_>, out: &mut ReadContext<'_>) -> Option<Value> {
    let (is_good, expected) = match (kind, &cursor.node.kind) {
        ("number", found) => (matches!(found, Kind::Number(_)), "a number"),
        ("boolean", found) => (matches!(found, Kind::Bool(_)), "`true` or `false`"),
        ("list" | "object", _) => (false, "no default; only strings, numbers and booleans can have one"),
        (_, found) => (matches!(found, Kind::String(_)), "a string"),
    };
    if !is_good {
        let message = format!("found {} as the default of an attribute of type `{kind}`", cursor.node.kind_name());
        cursor.error("wrong-type", message, out).expected(expected);
    }
    is_good.then(|| cursor.node.to_value())
}

/// Returns the built-in attributes by name.
#[must_use]
pub fn built_in<'a>() -> BTreeMap<&'a str, Attribute<'a>> {
    let attribute = |name: &'static str, derived| Attribute {
        cursor: None,
        kind: match name {
            "isBot" => "boolean",
            "latitude" | "longitude" => "number",
            _ => "string",
        },
        source: Source::Request,
        event_values: None,
        derived,
        edge: false,
        client: false,
        pii: name == IP,
        values: Vec::new(),
        default: None,
    };
    let request_facts = BUILT_IN.into_iter().map(|name| (name, None));
    let derived = DERIVED.into_iter().map(|from| (from.name(), Some((from, ""))));
    let parameters = PARAMETERS.into_iter().map(|(name, parameter)| (name, Some((Derivation::Parameter, parameter))));
    let as_given = names_as_given().into_iter().map(|name| (name, None));
    request_facts
        .chain(as_given)
        .chain(derived)
        .chain(parameters)
        .map(|(name, derived)| (name, attribute(name, derived)))
        .collect()
}
