//! Tests of values: bare values and operators, in the rules' own dialect: a missing value passes no test, except that it
//! differs from every other value.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::javascript::{alike, compare, is_in, same, text, type_name, walk};
use super::typed::{boolean, number, version};
use super::{list, members, regex};

/// Returns whether a value satisfies an operand: a bare value, or operators that all have to hold.
pub fn value_holds(found: &Value, operand: &Value) -> bool {
    match operand {
        Value::Object(operators) if operators.keys().any(|key| key.starts_with('$')) => {
            operators.iter().all(|(operator, operand)| operator_holds(found, operator, operand))
        }
        Value::Object(_) | Value::Array(_) => (found.is_object() || found.is_array()) && alike(found, operand),
        Value::Null => found.is_null(),
        Value::Bool(wanted) => boolean(found) == Some(*wanted),
        Value::Number(wanted) => number(found) == wanted.as_f64(),
        Value::String(wanted) => !found.is_null() && text(found) == *wanted,
    }
}

fn operator_holds(found: &Value, operator: &str, operand: &Value) -> bool {
    match operator {
        "$eq" => same(found, operand),
        "$ne" => !same(found, operand),
        "$lt" | "$lte" | "$gt" | "$gte" => relation_holds(operator, order(found, operand)),
        "$in" => is_in(found, operand, str::to_owned),
        "$nin" => !is_in(found, operand, str::to_owned),
        "$ini" => is_in(found, operand, str::to_lowercase),
        "$nini" => !is_in(found, operand, str::to_lowercase),
        "$inCidr" | "$ninCidr" => {
            one_or_items(found).any(|item| is_in_networks(item, operand)) == (operator == "$inCidr")
        }
        "$inHashed" | "$ninHashed" => {
            let is_named = |item: &Value| !item.is_null() && list(operand).any(|value| *value == text(item));
            one_or_items(found).any(is_named) == (operator == "$inHashed")
        }
        "$regex" | "$regexi" => {
            !found.is_null() && regex::finds(operand.as_str().unwrap(), operator == "$regexi", &text(found))
        }
        "$exists" => found.is_null() != (operand == true),
        "$type" => operand == type_name(found),
        "$size" => found.as_array().is_some_and(|items| value_holds(&json!(items.len()), operand)),
        "$all" | "$alli" => {
            let is_there = |wanted: &Value| list(found).any(|item| element_is(item, wanted, operator == "$alli"));
            found.is_array() && list(operand).all(is_there)
        }
        "$elemMatch" => list(found).filter(|item| !item.is_null()).any(|item| element_holds(item, operand)),
        "$not" => !value_holds(found, operand),
        "$veq" => compare_versions(found, operand) == Some(Ordering::Equal),
        "$vne" => compare_versions(found, operand) != Some(Ordering::Equal),
        "$vin" => list(operand).any(|version| is_version(found, version)),
        "$vnin" => !list(operand).any(|version| is_version(found, version)),
        _ if operator.starts_with("$v") => {
            relation_holds(&operator.replacen("$v", "$", 1), compare_versions(found, operand))
        }
        other => panic!("the model does not know `{other}`"),
    }
}

/// Returns the items of a list, or the value itself.
fn one_or_items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

/// Returns whether a value is an address whose first bits are those of some network.
fn is_in_networks(value: &Value, networks: &Value) -> bool {
    let bits = |address: &str| {
        let address: std::net::IpAddr = address.trim().parse().ok()?;
        let octets = match address {
            std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            std::net::IpAddr::V6(address) => address.octets(),
        };
        Some(octets.iter().map(|octet| format!("{octet:08b}")).collect::<String>())
    };
    let Some(address) = value.as_str().and_then(bits) else { return false };
    list(networks).any(|network| {
        let network = network.as_str().unwrap();
        let (first, len) =
            network.split_once('/').unwrap_or((network, if network.contains(':') { "128" } else { "32" }));
        let before = if first.contains(':') { 0 } else { 96 };
        let len = before + len.parse::<usize>().unwrap();
        address[..len] == bits(first).unwrap()[..len]
    })
}

/// Returns whether the value's members satisfy a condition whose keys are their names, or paths of names.
pub fn members_hold(found: &Value, condition: &Value) -> bool {
    members(condition).all(|(key, operand)| {
        let part_holds = |part: &Value| members_hold(found, part);
        logic_holds(key, operand, part_holds).unwrap_or_else(|| value_holds(&walk(found, key), operand))
    })
}

/// Evaluates `$and` and its like over their parts; `None` for other keys.
pub fn logic_holds(key: &str, operand: &Value, part_holds: impl Fn(&Value) -> bool) -> Option<bool> {
    match key {
        "$and" => Some(list(operand).all(part_holds)),
        "$or" => Some(*operand == json!([]) || list(operand).any(part_holds)),
        "$nor" => Some(*operand != json!([]) && !list(operand).any(part_holds)),
        "$not" => Some(!part_holds(operand)),
        _ => None,
    }
}

pub fn relation_holds(operator: &str, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| match operator {
        "$lt" => order.is_lt(),
        "$lte" => order.is_le(),
        "$gt" => order.is_gt(),
        "$gte" => order.is_ge(),
        other => panic!("the model does not know `{other}`"),
    })
}

fn element_is(item: &Value, wanted: &Value, ignores_case: bool) -> bool {
    match wanted {
        Value::String(wanted) if ignores_case => !item.is_null() && text(item).to_lowercase() == wanted.to_lowercase(),
        _ => value_holds(item, wanted),
    }
}

/// Tests an element: operators apply to the element itself, everything else to its members.
fn element_holds(item: &Value, wanted: &Value) -> bool {
    let is_on_members = |key: &str| !key.starts_with('$') || ["$and", "$or", "$nor"].contains(&key);
    if members(wanted).any(|(key, _)| is_on_members(key)) {
        members_hold(item, wanted)
    } else {
        value_holds(item, wanted)
    }
}

/// Compares a value with a constant: with a number as a number, else as JavaScript does.
fn order(found: &Value, constant: &Value) -> Option<Ordering> {
    match constant {
        _ if found.is_null() => None,
        Value::Number(constant) => number(found)?.partial_cmp(&constant.as_f64()?),
        _ => compare(found, constant),
    }
}

/// Returns whether a value is a version, or whatever else is among versions.
fn is_version(found: &Value, wanted: &Value) -> bool {
    let is_text = wanted.is_string() || wanted.is_number();
    if is_text { compare_versions(found, wanted) == Some(Ordering::Equal) } else { same(found, wanted) }
}

fn compare_versions(a: &Value, b: &Value) -> Option<Ordering> {
    Some(version(a)?.cmp(&version(b)?))
}
