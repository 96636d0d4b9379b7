//! Slots: the parts of a page that campaigns fill.

use throughline::html::{SUPPORTED, Selector};

use crate::address;
use crate::rules::Definition;
use crate::source::cursor::{Cursor, ReadContext};

/// A slot.
#[derive(Clone, Debug)]
pub struct Slot<'a> {
    /// The position of the definition.
    pub cursor: Cursor<'a>,
    /// The globs of the paths that have the slot; empty for every path.
    pub pages: Vec<&'a str>,
    /// Whether a browser may decide it.
    pub public: bool,
    /// The selector that finds it on pages without `data-tl-slot`.
    pub selector: Option<&'a str>,
    /// Whether its content is JSON instead of HTML.
    pub json: bool,
    /// The schema of its data.
    pub schema: Option<Cursor<'a>>,
}

impl<'a> Definition<'a> for Slot<'a> {
    const NOUN: &'static str = "slot";

    fn read(cursor: Cursor<'a>, out: &mut ReadContext<'_>) -> Self {
        let fields = cursor.fields(&["pages", "public", "selector", "type", "schema", "description"], out);
        let pages = fields.get("pages").map(|cursor| pages(&cursor, out)).unwrap_or_default();
        let json = |word: &str| ["html", "json"].iter().position(|known| *known == word).map(|index| index == 1);
        let is_json =
            fields.get("type").and_then(|cursor| cursor.keyword(&["html", "json"], json, out)).unwrap_or(false);
        let schema = fields.get("schema");
        if let Some(schema) = &schema {
            crate::rules::slot_schema::check(schema, out);
            if !is_json {
                schema
                    .error("schema", "only slots of type `json` have a schema", out)
                    .expected("`type: json` next to it");
            }
        }
        Self {
            pages: if pages.contains(&"**") { Vec::new() } else { pages },
            public: fields.flag("public", false, out),
            selector: fields.get("selector").and_then(|cursor| selector(&cursor, out)),
            json: is_json,
            schema,
            cursor: fields.cursor().clone(),
        }
    }
}

/// Reads a selector that the edge can follow while a page streams.
fn selector<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Option<&'a str> {
    let text = cursor.text(out)?;
    if let Err(error) = Selector::parse(text) {
        let place = text.get(..error.at).unwrap_or(text).chars().count().saturating_add(1);
        let message = format!("`{text}` is not a selector for a slot: at character {place}, {}", error.message);
        cursor.error("selector", message, out).expected(SUPPORTED);
    }
    Some(text)
}

fn pages<'a>(cursor: &Cursor<'a>, out: &mut ReadContext<'_>) -> Vec<&'a str> {
    let globs = cursor.references(out);
    if globs.is_empty() {
        cursor.error("empty", "the list of pages is empty", out).expected("path globs, such as `/` or `/products/**`");
    }
    for glob in &globs {
        if glob.name != "**" && !glob.name.starts_with('/') {
            let message = format!("`{}` is not a path glob", glob.name);
            glob.cursor.error("glob", message, out).expected("a path that begins with `/`, or `**` for every page");
        }
        if glob.name.contains(['?', '#']) {
            let message = format!("`{}` matches no path", glob.name);
            glob.cursor.error("glob", message, out).expected("a path without `?` and `#`");
        }
    }
    globs.into_iter().map(|glob| glob.name).collect()
}

/// Returns the regular expression of the paths that match one of the globs.
///
/// `*` stands for any characters of one segment, `**` for any number of segments. A path matches with and
/// without a slash at its end: `/pricing` names `/pricing` and `/pricing/`.
#[must_use]
pub fn pattern(globs: &[&str]) -> String {
    let normal = |glob: &str| address::normal(glob).unwrap_or_else(|| glob.to_owned());
    let alternatives: Vec<String> = globs.iter().map(|glob| alternative(&normal(glob))).collect();
    format!("^(?:{})$", alternatives.join("|"))
}

fn alternative(glob: &str) -> String {
    let segments = glob.split('/').filter(|segment| !segment.is_empty());
    let segment = |segment: &str| match segment {
        "**" => "(?:/[^/]+)*".to_owned(),
        "*" => "/[^/]+".to_owned(),
        _ => {
            let pieces: Vec<String> = segment.split('*').map(regex_syntax::escape).collect();
            format!("/{}", pieces.join("[^/]*"))
        }
    };
    let path: String = segments.map(segment).collect();
    format!("{path}/?")
}
