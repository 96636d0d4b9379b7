//! Selects and renders the rendition of a message.

use serde_json::Value;

use super::derived::is_derived;
use super::formats::Formats;
use super::{Model, liquid, liquid_value, list};

static NULL: Value = Value::Null;

impl Model<'_> {
    /// Selects among the channel's renditions those for the variation, else those without one, and then the
    /// nearest locale.
    pub fn rendition(&self, message: &str, channel: &str, variation: Option<&str>) -> Option<&Value> {
        let tries = self.locales();
        let place = |row: &Value| {
            let locale = self.locale_of(row).as_str().or(self.rules["defaults"]["locale"].as_str()).unwrap_or("en");
            tries.iter().position(|known| *known == locale.to_lowercase())
        };
        let fits = |row: &&Value| {
            row["channel"] == channel
                && place(row).is_some()
                && (row["variation"].is_null() || row["variation"].as_str() == variation)
        };
        let fitting: Vec<&Value> = list(&self.rules["messages"][message]["renditions"]).filter(fits).collect();
        fitting.into_iter().min_by_key(|row| (row["variation"].is_null(), place(row)))
    }

    /// Returns the locales to try, the wanted one first: cut at its dashes, up to one with a fallback in the
    /// rules.
    fn locales(&self) -> Vec<String> {
        let mut locale = self.request["locale"].as_str().unwrap_or("").to_lowercase();
        let mut tries = vec![locale.clone()];
        loop {
            let mut rules = super::members(&self.rules["defaults"]["locales"]);
            if let Some((_, then)) = rules.find(|(name, _)| name.to_lowercase() == locale) {
                tries.extend(list(then).map(|name| name.as_str().unwrap().to_lowercase()));
                break;
            }
            let Some((head, _)) = locale.rsplit_once('-') else { break };
            locale = head.to_owned();
            tries.push(locale.clone());
        }
        tries.push(self.rules["defaults"]["locale"].as_str().unwrap_or("en").to_lowercase());
        tries
    }

    /// Returns the locale of a rendition; `null` for the default one.
    pub fn locale_of<'r>(&self, rendition: &'r Value) -> &'r Value {
        let default = self.rules["defaults"]["locale"].as_str().unwrap_or("en");
        if rendition["locale"] == default { &NULL } else { &rendition["locale"] }
    }

    /// Adds `html`, `text` or `json`, and the `subject` of an e-mail.
    pub fn render(&self, rendition: &Value, out: &mut Value) {
        let default = self.rules["defaults"]["locale"].as_str().unwrap_or("en");
        let locale = rendition["locale"].as_str().unwrap_or(default);
        for name in ["html", "text", "subject"] {
            if let Some(template) = rendition[name].as_str() {
                let html = |text: &str, before: &str| harmless(text, is_in_url(before));
                let text = |text: &str, _: &str| plain(text);
                out[name] = Value::String(self.insert(template, locale, if name == "html" { &html } else { &text }));
            }
        }
        if let Some(data) = rendition.get("json") {
            out["json"] = self.insert_in(data, locale);
        }
    }

    /// Renders the strings of data. A string that is one output that ends with `json` becomes the value.
    fn insert_in(&self, data: &Value, locale: &str) -> Value {
        match data {
            Value::String(template) => {
                let text = Value::String(self.insert(template, locale, &|text: &str, _: &str| text.to_owned()));
                let pieces = liquid::pieces(template);
                let outputs = pieces.iter().filter(|piece| **piece != liquid::Piece::Text(String::new()));
                match outputs.collect::<Vec<_>>().as_slice() {
                    [liquid::Piece::Output(output)] if output.ends_with("| json") => {
                        serde_json::from_str(text.as_str().unwrap()).unwrap()
                    }
                    _ => text,
                }
            }
            Value::Array(items) => items.iter().map(|item| self.insert_in(item, locale)).collect(),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(name, value)| (name.clone(), self.insert_in(value, locale))).collect())
            }
            other => other.clone(),
        }
    }

    fn insert(&self, template: &str, locale: &str, escape: &dyn Fn(&str, &str) -> String) -> String {
        let attribute = |name: &str| self.declared(name);
        let list = |name: &str| self.items(name);
        let currency = self.rules["defaults"]["currency"].as_str();
        let formats = Formats { locale, currency, zone: self.zone(), now: self.now };
        let variables = std::collections::HashMap::new();
        let loops = Vec::new();
        liquid::Liquid { attribute: &attribute, list: &list, formats: &formats, escape, variables, loops }
            .render(template)
    }

    /// Returns the items of a list, without duplicates in the order of its attribute, with their fields and
    /// ids.
    fn items(&self, name: &str) -> Value {
        let rule = &self.rules["lists"][name];
        let ids = |name: &Value| match name.as_str().map(|name| self.attribute(name)) {
            Some(Value::Array(ids)) => ids.iter().map(liquid_value::written).collect(),
            Some(other) => vec![liquid_value::written(&other)],
            None => Vec::new(),
        };
        let without: Vec<String> = list(&rule["without"]).flat_map(ids).collect();
        let mut kept: Vec<String> = Vec::new();
        // A value that is not a list names nothing in `from`, but is excluded in `without`.
        let from = rule["from"].as_str().map(|name| self.attribute(name)).unwrap_or_default();
        for id in list(&from).map(liquid_value::written) {
            let item = &self.rules["catalogue"][&id];
            let in_stock = rule["where"].is_null() || item["stock"].as_f64().is_some_and(|stock| stock > 0.0);
            if item.is_object() && in_stock && !without.contains(&id) && !kept.contains(&id) {
                kept.push(id);
            }
        }
        kept.truncate(rule["limit"].as_u64().unwrap_or(10) as usize);
        // A plan has only the fields that its templates name.
        let templates = self.rules["messages"].to_string();
        let is_named =
            |name: &str| [format!(".{name}"), format!("'{name}'")].iter().any(|named| templates.contains(named));
        let object = |id: &String| {
            let mut item = self.rules["catalogue"][id].clone();
            item.as_object_mut().unwrap().retain(|name, _| is_named(name));
            item["id"] = Value::String(id.clone());
            item
        };
        kept.iter().map(object).collect()
    }

    /// Returns the value of a declared attribute: none of a wrong type, and the default if it is missing.
    fn declared(&self, name: &str) -> Option<Value> {
        let row = self.rules["attributes"].get(name);
        let is_built_in = ["id", "path", "country", "locale", "channel"].contains(&name) || is_derived(name);
        let kind = row.filter(|_| !is_built_in).map_or("string", |row| row["type"].as_str().unwrap());
        let name = row.map_or_else(|| is_built_in.then_some(name), |_| Some(name))?;
        let found = self.whole_attribute(name);
        let value = if matches!(kind, "number" | "boolean") { self.typed(name, &found) } else { found };
        let is_good = match kind {
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "list" => value.is_array(),
            "object" => value.is_object(),
            _ => value.is_string() || value.is_number() || value.is_boolean(),
        };
        let is_missing = !is_good || value == "";
        let default = row.and_then(|row| row.get("default")).filter(|_| is_missing);
        Some(default.cloned().unwrap_or(if is_good { value } else { Value::Null }))
    }
}

/// Returns a value for plain text: on one line, without invisible characters.
pub fn plain(text: &str) -> String {
    let text = text.replace(['\n', '\t', '\u{2028}', '\u{2029}'], " ");
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// Returns whether the markup ends inside a `href` or `src`.
fn is_in_url(markup: &str) -> bool {
    let tag = markup.rsplit_once('<').map_or("", |(_, tag)| tag);
    ["href=\"", "src=\""].iter().any(|start| tag.rsplit_once(start).is_some_and(|(_, value)| !value.contains('"')))
}

/// Escapes a value for markup: as text, or as a part of a URL.
pub fn harmless(text: &str, is_url: bool) -> String {
    if is_url {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        return text.bytes().map(byte).collect();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
