//! Events of Snowplow's trackers, in the tracker protocol: `{e, eid, uid, duid, dtm, stm, …}`, all of them texts.

use throughline::{Object, Value};
use worker::Url;

use super::{first, from_base64, insert};

/// The names of the kinds of events that carry no name.
const NAMES: [(&str, &str); 3] = [("pp", "Page Ping"), ("tr", "Transaction"), ("ti", "Transaction Item")];

/// Returns the call that an event means.
///
/// - `pv` is a page call. `ue` is a track call with the name and data of its schema. `se` is a track call with its action as
///   name.
/// - The data of its contexts are in the property `contexts`, by the names of their schemas.
/// - `uid` is the id of a person, and `duid` that of a device.
pub fn to_call(event: &Value) -> Object {
    let mut call = Object::new();
    for (theirs, ours) in [("eid", "messageId"), ("uid", "userId"), ("stm", "sentAt")] {
        insert(&mut call, ours, event.at([theirs]));
    }
    insert(&mut call, "anonymousId", first([event.at(["duid"]), event.at(["nuid"])]));
    insert(&mut call, "timestamp", first([event.at(["ttm"]), event.at(["dtm"])]));
    let kind = event.at(["e"]).as_str().unwrap_or_default();
    let (name, mut properties) = match kind {
        "pv" => (None, page(event)),
        "ue" => self_describing(event),
        "se" => (Some(event.at(["se_ac"]).clone()), structured(event)),
        _ => other(event, kind),
    };
    let contexts = contexts(event);
    if !contexts.is_empty() {
        properties.insert("contexts", Value::Object(contexts));
    }
    call.insert("type", if kind == "pv" { "page" } else { "track" });
    if let Some(name) = name {
        call.insert("event", name);
    }
    call.insert("properties", Value::Object(properties));
    call
}

fn page(event: &Value) -> Object {
    let mut out = Object::new();
    for (theirs, ours) in [("url", "url"), ("page", "title"), ("refr", "referrer")] {
        insert(&mut out, ours, event.at([theirs]));
    }
    if let Some(url) = event.at(["url"]).as_str().and_then(|url| Url::parse(url).ok()) {
        out.insert("path", url.path());
        out.insert("search", url.query().map(|query| format!("?{query}")).unwrap_or_default().as_str());
    }
    out
}

/// Returns the name and the data of an event that describes itself by a schema.
fn self_describing(event: &Value) -> (Option<Value>, Object) {
    let found = json(event, "ue_pr", "ue_px");
    let inner = found.at(["data"]);
    let data = inner.at(["data"]).as_object().cloned().unwrap_or_default();
    (schema_name(inner).map(Value::from), data)
}

fn structured(event: &Value) -> Object {
    let mut out = Object::new();
    let names = [("se_ca", "category"), ("se_ac", "action"), ("se_la", "label"), ("se_pr", "property")];
    for (theirs, ours) in names {
        insert(&mut out, ours, event.at([theirs]));
    }
    let value = event.at(["se_va"]);
    let number = value.as_str().and_then(|text| text.parse().ok()).map(Value::Number);
    insert(&mut out, "value", number.as_ref().unwrap_or(value));
    out
}

/// Returns the name of another kind of event, and the fields of that kind.
fn other(event: &Value, kind: &str) -> (Option<Value>, Object) {
    let name = NAMES.into_iter().find(|(known, _)| *known == kind).map(|(_, name)| Value::from(name));
    let prefix = format!("{kind}_");
    let members = event.as_object().into_iter().flat_map(Object::iter);
    let fields = members.filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value.clone())));
    (name, fields.collect())
}

fn contexts(event: &Value) -> Object {
    let found = json(event, "co", "cx");
    let Value::Array(items) = found.at(["data"]) else { return Object::new() };
    items.iter().filter_map(|item| Some((schema_name(item)?, item.at(["data"]).clone()))).collect()
}

/// Returns the JSON in one of two members, as text or in base64.
fn json(event: &Value, plain: &str, encoded: &str) -> Value {
    let text = match (event.at([plain]).as_str(), event.at([encoded]).as_str()) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Some(text)) => from_base64(text),
        (None, None) => None,
    };
    text.and_then(|text| Value::from_lenient_json(&text).ok()).unwrap_or_default()
}

/// Returns the name in a schema such as `iglu:com.acme/add_to_cart/jsonschema/1-0-0`.
fn schema_name(described: &Value) -> Option<&str> {
    described.at(["schema"]).as_str()?.split('/').nth(1).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use throughline::canonical;

    fn call(event: &str) -> String {
        canonical::to_string(&Value::Object(to_call(&Value::from_json(event).unwrap())))
    }

    #[test]
    fn each_event_is_the_call_that_it_means() {
        for (event, expected) in [
            (
                r#"{"e":"se","eid":"m","se_ca":"shop","se_ac":"add","se_va":"3.5","uid":"u","duid":"d","dtm":"1","stm":"2"}"#,
                r#"{"anonymousId":"d","event":"add","messageId":"m","properties":{"action":"add","category":"shop","value":3.5},"sentAt":"2","timestamp":"1","type":"track","userId":"u"}"#,
            ),
            (
                r#"{"e":"ue","ue_pr":"{\"schema\":\"s\",\"data\":{\"schema\":\"iglu:com.acme/add_to_cart/jsonschema/1-0-0\",\"data\":{\"sku\":\"x\"}}}"}"#,
                r#"{"event":"add_to_cart","properties":{"sku":"x"},"type":"track"}"#,
            ),
            (
                r#"{"e":"pp","pp_mix":"0","co":"{\"data\":[{\"schema\":\"iglu:a/user/jsonschema/1-0-0\",\"data\":{\"plan\":\"pro\"}}]}"}"#,
                r#"{"event":"Page Ping","properties":{"contexts":{"user":{"plan":"pro"}},"mix":"0"},"type":"track"}"#,
            ),
            (r#"{"e":"ue","ue_px":"!"}"#, r#"{"properties":{},"type":"track"}"#),
        ] {
            assert_eq!(call(event), expected, "{event}");
        }
    }
}
