//! Distances, with the standard library's trigonometry.

use serde_json::{Value, json};

use super::typed::number;
use super::value::value_holds;
use super::{Model, list, members};

impl Model<'_> {
    pub fn is_so_far(&self, wanted: &Value) -> bool {
        let from = match wanted["from"].as_str() {
            Some(name) => self.attribute(name),
            None => self.request["attributes"].clone(),
        };
        let named: Vec<&Value> = match &wanted["to"] {
            Value::Null => members(&self.rules["places"]).map(|(_, place)| place).collect(),
            Value::String(name) => vec![&self.rules["places"][name]],
            names => list(names).map(|name| &self.rules["places"][name.as_str().unwrap()]).collect(),
        };
        let Some(nearest) = named.into_iter().filter_map(|place| metres(&from, place)).reduce(f64::min) else {
            return false;
        };
        members(wanted).filter(|(key, _)| key.starts_with('$')).all(|(operator, length)| {
            let length = length.as_str().unwrap().strip_suffix("km").unwrap().parse::<f64>().unwrap() * 1000.0;
            value_holds(&json!(nearest), &json!({ operator: length }))
        })
    }
}

/// Returns the distance between two positions; `None` if one of them is not on the globe.
pub fn metres(a: &Value, b: &Value) -> Option<f64> {
    let degrees = |place: &Value, name: &str, most: f64| number(&place[name]).filter(|degrees| degrees.abs() <= most);
    let radians =
        |place: &Value, name| Some(degrees(place, name, if name == "latitude" { 90.0 } else { 180.0 })?.to_radians());
    let (phi, theta) = (radians(a, "latitude")?, radians(b, "latitude")?);
    let (north, east) = (theta - phi, radians(b, "longitude")? - radians(a, "longitude")?);
    let haversine = (north / 2.0).sin().powi(2) + phi.cos() * theta.cos() * (east / 2.0).sin().powi(2);
    Some(2.0 * 6_371_008.8 * haversine.sqrt().asin())
}
