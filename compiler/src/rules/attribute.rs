//! Attributes: the facts that conditions and templates may read.

use std::collections::BTreeMap;

use throughline::Value;
use throughline::internals::plan::tables::{Derivation, Source};

use crate::rules::Definition;
use crate::rules::event_values::EventValues;
use crate::source::cursor::{Cursor, ReadContext};
use crate::source::tree::Kind;

/// Where a value comes from, as a word.
const SOURCES: [&str; 2] = [Source::Profile.name(), Source::Request.name()];

/// Request attributes that every plan knows without a declaration.
const BUILT_IN: [&str; 16] = [
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
];
/// Those that follow from what the browser says that it is, and from where it is.
const DERIVED: [Derivation; 3] = [Derivation::DeviceType, Derivation::Browser, Derivation::NearestPlace];
/// Those that are parameters of the page's address: of campaigns, and of clicks on advertisements. Each with its parameter.
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

/// The types that an attribute can have.
pub const TYPES: [&str; 7] = ["string", "number", "boolean", "date", "version", "list", "object"];

/// A declared attribute, or a built-in one.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    /// Where it is declared; none for a built-in one.
    pub cursor: Option<Cursor<'a>>,
    /// One of [`TYPES`].
    pub kind: &'static str,
    /// Where its value comes from.
    pub source: Source,
    /// The events whose values it has, if it comes from events.
    pub of_events: Option<EventValues<'a>>,
    /// What it follows from where the request does not have it, with the parameter of the page's address.
    pub derived: Option<(Derivation, &'a str)>,
    /// The token may carry it.
    pub edge: bool,
    /// Untrusted events may set it.
    pub client: bool,
    /// It is personal data.
    pub pii: bool,
    /// The only values that it has; empty for any.
    pub values: Vec<String>,
    /// What templates write where it has no value.
    pub default: Option<Value>,
}

impl Attribute<'_> {
    /// Whether a decision on a page may read it.
    #[must_use]
    pub const fn is_at_edge(&self) -> bool {
        self.edge || matches!(self.source, Source::Request)
    }
}

impl<'a> Definition<'a> for Attribute<'a> {
    const NOUN: &'static str = "attribute";
    const ID: &'static str = "names joined by dots, such as `loyalty.tier`";

    fn is_id(name: &str) -> bool {
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control());
        !name.starts_with('$') && name.split('.').all(is_name)
    }

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let known = ["type", "source", "parameter", "edge", "client", "pii", "enum", "default", "description"];
        let fields = cursor.fields(&known, out);
        let is_type = |word: &str| TYPES.into_iter().find(|known| *known == word);
        let kind =
            fields.required("type", out).and_then(|cursor| cursor.word(&TYPES, is_type, out)).unwrap_or("string");
        let (source, of_events) = source(kind, fields.get("source"), out);
        let parameter = fields.get("parameter").and_then(|cursor| parameter(kind, source, &cursor, out));
        let [edge, client, pii] = ["edge", "client", "pii"].map(|name| fields.flag(name, false, out));
        let values = fields.get("enum").map(|cursor| cursor.list(out)).unwrap_or_default();
        let values = values.into_iter().filter_map(|cursor| cursor.text(out).map(str::to_owned)).collect();
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
            of_events,
            derived,
            edge,
            client,
            pii,
            values,
            default,
        }
    }
}

/// Where the values of an attribute come from: events, if a map stands there that says which.
fn source<'a>(kind: &str, cursor: Option<Cursor<'a>>, out: &mut ReadContext<'_>) -> (Source, Option<EventValues<'a>>) {
    let named = |word: &str| Source::from_name(word).filter(|_| SOURCES.contains(&word));
    match cursor {
        Some(cursor) if matches!(cursor.node.kind, Kind::Map(_)) => {
            (Source::Events, EventValues::read(kind, cursor, out))
        }
        Some(cursor) => (cursor.word(&SOURCES, named, out).unwrap_or(Source::Profile), None),
        None => (Source::Profile, None),
    }
}

/// The parameter of the page's address that an attribute is.
fn parameter<'a>(kind: &str, source: Source, cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<&'a str> {
    if source != Source::Request || kind != "string" {
        cursor
            .error("wrong-type", "a parameter of the page is a string attribute of the request", out)
            .expected("`type: string` and `source: request`");
    }
    cursor.text(out)
}

/// A default, which must have the attribute's type.
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

/// The built-in attributes.
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
        of_events: None,
        derived,
        edge: false,
        client: false,
        pii: false,
        values: Vec::new(),
        default: None,
    };
    let told = BUILT_IN.into_iter().map(|name| (name, None));
    let derived = DERIVED.into_iter().map(|from| (from.name(), Some((from, ""))));
    let of_page = PARAMETERS.into_iter().map(|(name, parameter)| (name, Some((Derivation::Parameter, parameter))));
    told.chain(derived).chain(of_page).map(|(name, derived)| (name, attribute(name, derived))).collect()
}
