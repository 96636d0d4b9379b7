//! Facts derived from the page's URL, the user agent and the position.

use serde_json::{Value, json};

use super::distance::metres;
use super::{address, members};

/// The built-in attributes that are parameters of the page's URL.
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
    ("msclkid", "msclkid"),
    ("fbclid", "fbclid"),
    ("ttclid", "ttclid"),
    ("twclid", "twclid"),
    ("liFatId", "li_fat_id"),
    ("epik", "epik"),
    ("scCid", "ScCid"),
    ("rdtCid", "rdt_cid"),
    ("yclid", "yclid"),
];

/// Returns whether an attribute is derived without a declaration.
pub fn is_derived(name: &str) -> bool {
    ["deviceType", "browser", "nearestPlace"].contains(&name) || PARAMETERS.iter().any(|(known, _)| *known == name)
}

/// Returns the request with its derived attributes, where it does not have them itself.
pub fn complete(rules: &Value, request: &Value) -> Value {
    let mut out = request.clone();
    let attributes = &request["attributes"];
    let declared =
        members(&rules["attributes"]).filter_map(|(name, row)| Some((name.as_str(), row["parameter"].as_str()?)));
    for (name, parameter) in declared.chain(PARAMETERS) {
        put(&mut out, name, value_of(&parameters(attributes), parameter));
    }
    put(&mut out, "deviceType", device(&request["agent"]));
    put(&mut out, "browser", browser(&request["agent"]));
    let places = members(&rules["places"]).filter_map(|(id, place)| Some((metres(attributes, place)?, id.clone())));
    put(&mut out, "nearestPlace", places.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, id)| id));
    // A decision is named after the page as it was asked for.
    out["page"] = attributes.get("url").or(attributes.get("path")).cloned().unwrap_or_default();
    address::normalise(&mut out["attributes"], &["path", "url", "query"]);
    out
}

fn put(request: &mut Value, name: &str, value: Option<String>) {
    if let (true, Some(value)) = (request["attributes"][name].is_null(), value) {
        request["attributes"][name] = json!(value);
    }
}

/// Returns the names and values of the query of the page's URL, in order.
fn parameters(attributes: &Value) -> Vec<(String, String)> {
    let query = match (attributes["query"].as_str(), attributes["url"].as_str()) {
        (Some(query), _) => query.strip_prefix('?').unwrap_or(query),
        (None, Some(url)) => url.split('#').next().unwrap().split_once('?').map_or("", |(_, query)| query),
        (None, None) => "",
    };
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Returns the first value with this name; an empty one counts as missing.
fn value_of(parameters: &[(String, String)], wanted: &str) -> Option<String> {
    let first = parameters.iter().find(|(name, _)| name == wanted);
    first.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
}

/// Decodes a component: `+` is a space, `%` a byte, and invalid sequences stay.
fn decoded(written: &str) -> String {
    let mut out = Vec::new();
    let mut rest = written.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|digits| !digits.contains('+')).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, length) = match (first, byte) {
            (b'%', Some(byte)) => (byte, 3),
            (b'+', _) => (b' ', 1),
            (first, _) => (*first, 1),
        };
        out.push(byte);
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn device(agent: &Value) -> Option<String> {
    let says = |mark: &str| agent["userAgent"].as_str().is_some_and(|text| text.contains(mark));
    let factors = agent["formFactors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let known = factors.map(str::to_lowercase).find(|name| ["mobile", "tablet", "desktop"].contains(&name.as_str()));
    let is_silent = members(agent).all(|(_, said)| *said == json!("") || *said == json!([]) || said.is_null());
    let is_television = says("TV") || says("BRAVIA") || says("AFT");
    match known {
        Some(known) => Some(known),
        None if is_silent => None,
        None if says("iPad") => Some("tablet".to_owned()),
        None if agent["mobile"] == true || says("Mobi") || says("iPhone") || says("iPod") => Some("mobile".to_owned()),
        None if (says("Android") || agent["platform"] == "Android") && !is_television => Some("tablet".to_owned()),
        None => Some("desktop".to_owned()),
    }
}

/// Returns the browser. Most claim to be Chrome and Safari, so rarer names take precedence.
fn browser(agent: &Value) -> Option<String> {
    let text = agent["userAgent"].as_str().filter(|text| !text.is_empty())?;
    let is = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    let name = match () {
        () if is(&["Edg/", "EdgA/", "EdgiOS/", "Edge/"]) => "edge",
        () if is(&["Firefox/", "FxiOS/"]) => "firefox",
        () if is(&["Chrome/", "CriOS/", "Chromium/"]) => "chrome",
        () if is(&["Safari/"]) => "safari",
        () => "unknown",
    };
    Some(name.to_owned())
}
