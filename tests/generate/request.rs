//! Requests: page, browser and position.

use serde_json::{Value, json};

use super::Dice;
use super::fact::{POSITIONS, fact};

/// Returns the attributes of a request, some of which are derived from others.
pub fn attributes(dice: &mut Dice) -> Value {
    let mut out = json!({ "path": dice.path() });
    for name in ["weather", "country", "locale", "timezone", "ip"] {
        if dice.percent(60) {
            out[name] = fact(dice, name);
        }
    }
    for name in ["deviceType", "browser", "nearestPlace", "gclid", "partner"] {
        if dice.percent(15) {
            out[name] = if dice.percent(25) { Value::Null } else { fact(dice, name) };
        }
    }
    if dice.percent(60) {
        let [latitude, longitude] = *dice.pick(&POSITIONS);
        (out["latitude"], out["longitude"]) = (json!(latitude), json!(longitude));
        if dice.percent(8) {
            out["latitude"] = dice.pick(&[json!(90.5), json!("48.2"), json!(null)]).clone();
        }
    }
    if dice.percent(40) {
        out["query"] = json!(query(dice));
    }
    if dice.percent(40) {
        let query = if dice.percent(80) { query(dice) } else { String::new() };
        out["url"] = json!(format!("https://shop.example/{query}#?gclid=no"));
    }
    out
}

/// Returns parameters of the page's URL; some are empty, duplicated, or in an unusual encoding.
fn query(dice: &mut Dice) -> String {
    let names =
        ["utm_source", "utm_source", "utm_medium", "gclid", "li_fat_id", "ScCid", "sccid", "ref", "utm%5Fsource", ""];
    let values = ["a", "gold", "", "%C3%A9+%26+b", "%c3%a9%20&+b", "%zz%", "%C3", "a=b", "%F0%9F%98%80é"];
    let count = 1 + dice.below(4);
    let pair = |dice: &mut Dice| {
        let sign = if dice.percent(90) { "=" } else { "" };
        format!("{}{sign}{}", dice.pick(&names), dice.pick(&values))
    };
    let pairs: Vec<String> = (0..count).map(|_| pair(dice)).collect();
    format!("{}{}", dice.pick(&["?", "?", "", "??"]), pairs.join("&"))
}

/// Returns a user agent; most claim to be several browsers.
pub fn agent(dice: &mut Dice) -> Value {
    let devices =
        ["Android 10; Mobile", "Android 10", "Android 9; BRAVIA 4K", "X11; Linux", "iPad", "iPhone", "iPod", "Mobi"];
    let names =
        ["Chrome/1", "Safari/1", "Edg/1", "EdgiOS/1", "Edge/18", "Firefox/1", "FxiOS/1", "CriOS/1", "Chromium/1"];
    let mut out = json!({});
    if dice.percent(90) {
        let claims: Vec<&str> = names.into_iter().filter(|_| dice.percent(20)).collect();
        out["userAgent"] = json!(format!("Mozilla/5.0 ({}) {}", dice.pick(&devices), claims.join(" ")));
    }
    if dice.percent(30) {
        out["mobile"] = json!(dice.percent(40));
    }
    if dice.percent(20) {
        out["platform"] = json!(dice.pick(&["Android", "Linux"]));
    }
    if dice.percent(20) {
        out["formFactors"] = dice.pick(&[json!(["XR"]), json!(["XR", "Desktop"]), json!(["tablet", "Mobile"])]).clone();
    }
    out
}
