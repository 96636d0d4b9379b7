//! What follows from the address of the page, and from what the browser says.

use serde_json::{Value, json};

/// The request with campaign, click and class of device, where it does not say them.
pub fn complete(request: &Value) -> Value {
    let mut request = request.clone();
    let attributes = &request["attributes"];
    let query = match (attributes["query"].as_str(), attributes["url"].as_str()) {
        (Some(query), _) => query.trim_start_matches('?').to_owned(),
        (None, Some(url)) => url.split('#').next().unwrap().split_once('?').map_or("", |(_, query)| query).to_owned(),
        (None, None) => String::new(),
    };
    for (name, parameter) in [("utmSource", "utm_source"), ("gclid", "gclid")] {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(parameter)?.strip_prefix('='));
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            put(&mut request, name, &value.replace('+', " ").replace("%C3%A9", "é").replace("%26", "&"));
        }
    }
    if let Some(agent) = request["agent"]["userAgent"].as_str() {
        let is_small = request["agent"]["mobile"] == true || agent.contains("Mobile");
        let device = match agent.contains("Android") {
            _ if is_small => "mobile",
            true => "tablet",
            false => "desktop",
        };
        put(&mut request, "deviceType", device);
    }
    request
}

fn put(request: &mut Value, name: &str, value: &str) {
    if request["attributes"][name].is_null() {
        request["attributes"][name] = json!(value);
    }
}
