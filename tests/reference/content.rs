//! Which rendition of a message, and what it says to this person.

use serde_json::Value;

use super::{Model, list};

static NULL: Value = Value::Null;

impl Model<'_> {
    /// Of the channel's renditions the one for the variation, else the default one; of those the one with the nearest locale.
    pub fn rendition(&self, message: &str, channel: &str, variation: Option<&str>) -> Option<&Value> {
        let wanted = self.request["locale"].as_str().unwrap_or("");
        let fits = |row: &&Value| {
            let locale = self.locale_of(row).as_str().unwrap_or("");
            let near = locale.is_empty()
                || wanted.eq_ignore_ascii_case(locale)
                || wanted.to_lowercase().starts_with(&format!("{}-", locale.to_lowercase()));
            row["channel"] == channel && near && (row["variation"].is_null() || row["variation"].as_str() == variation)
        };
        let fitting: Vec<&Value> = list(&self.rules["messages"][message]["renditions"]).filter(fits).collect();
        let closeness = |row: &&&Value| (!row["variation"].is_null(), self.locale_of(row).as_str().unwrap_or("").len());
        fitting.iter().max_by_key(closeness).copied()
    }

    /// The locale of a rendition; `null` for the default one.
    pub fn locale_of<'r>(&self, rendition: &'r Value) -> &'r Value {
        let default = self.rules["defaults"]["locale"].as_str().unwrap_or("en");
        if rendition["locale"] == default { &NULL } else { &rendition["locale"] }
    }

    /// Adds `html`, `text` or `json`, and the `subject` of an e-mail.
    pub fn render(&self, rendition: &Value, out: &mut Value) {
        for name in ["html", "text", "subject"] {
            if let Some(template) = rendition[name].as_str() {
                out[name] = Value::String(self.insert(template, name == "html"));
            }
        }
        if let Some(data) = rendition.get("json") {
            out["json"] = self.insert_in(data);
        }
    }

    /// Data with facts inserted in its texts.
    fn insert_in(&self, data: &Value) -> Value {
        match data {
            Value::String(template) => Value::String(self.insert(template, false)),
            Value::Array(items) => items.iter().map(|item| self.insert_in(item)).collect(),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(name, value)| (name.clone(), self.insert_in(value))).collect())
            }
            other => other.clone(),
        }
    }

    fn insert(&self, template: &str, is_html: bool) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let (output, after) = after.split_once("}}").unwrap();
            let (name, default) = output.split_once('|').unwrap_or((output, ""));
            let default = default.split_once('\'').map_or("", |(_, text)| text.rsplit_once('\'').unwrap().0);
            let found = match self.attribute(name.trim()) {
                Value::String(text) if !text.is_empty() => text,
                value @ (Value::Number(_) | Value::Bool(_)) => super::condition::text(&value),
                _ => default.to_owned(),
            };
            out.push_str(&if is_html { harmless(&found, is_in_url(&out)) } else { found });
            rest = after;
        }
        out + rest
    }
}

/// Whether the markup ends inside of a `href` or `src`.
fn is_in_url(markup: &str) -> bool {
    let tag = markup.rsplit_once('<').map_or("", |(_, tag)| tag);
    ["href=\"", "src=\""].iter().any(|start| tag.rsplit_once(start).is_some_and(|(_, value)| !value.contains('"')))
}

fn harmless(text: &str, is_url: bool) -> String {
    if is_url {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        return text.bytes().map(byte).collect();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
