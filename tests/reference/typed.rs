//! Values as their declared types, in the rules' own dialect: what cannot be read is missing.

use serde_json::{Value, json};

use super::condition::one_or_many;
use super::javascript::text;
use super::{Model, duration, members};

impl Model<'_> {
    /// Returns the type of an attribute.
    fn kind(&self, name: &str) -> &str {
        match name {
            "latitude" | "longitude" => "number",
            "isBot" => "boolean",
            // A member of a value has no declared type.
            _ if self.split(name).is_some() => "",
            _ => self.rules["attributes"][name]["type"].as_str().unwrap_or("string"),
        }
    }

    /// Returns a value as the type of an attribute.
    pub fn typed(&self, name: &str, found: &Value) -> Value {
        let read = match (self.kind(name), found) {
            ("number", _) => number(found).map(|number| json!(number)),
            ("boolean", _) => boolean(found).map(|truth| json!(truth)),
            ("date", _) => self.date(found).map(|at| json!(at)),
            ("version", Value::String(_) | Value::Number(_)) => version(found).is_some().then(|| json!(text(found))),
            ("string", Value::String(_) | Value::Number(_) | Value::Bool(_)) => self.named(name, &text(found)),
            ("list", Value::String(items)) => {
                let items = items.split(',').map(str::trim);
                Some(items.filter(|item| !item.is_empty()).collect())
            }
            ("list", Value::Number(_) | Value::Bool(_)) => Some(json!([found])),
            ("list" | "object", Value::Array(_)) | ("object", Value::Object(_)) => Some(found.clone()),
            _ => None,
        };
        read.unwrap_or_default()
    }

    /// Returns the value of an enum that a string is, in any case; the string itself without an enum.
    fn named(&self, name: &str, found: &str) -> Option<Value> {
        let Some(names) = self.rules["attributes"][name]["enum"].as_array() else { return Some(json!(found)) };
        let mut names = names.iter().map(text);
        if names.clone().any(|name| name == found) {
            return Some(json!(found));
        }
        names.find(|name| name.eq_ignore_ascii_case(found)).map(|name| json!(name))
    }

    fn date(&self, found: &Value) -> Option<i64> {
        let of_number = |number: f64| {
            let millis = if number.abs() < 1e11 { number * 1000.0 } else { number };
            (number.abs() <= 8.64e15).then_some(millis as i64)
        };
        let Value::String(written) = found else { return of_number(number(found)?) };
        let written = written.trim();
        let parses = written.parse::<jiff::Timestamp>().is_ok() || written.parse::<jiff::civil::DateTime>().is_ok();
        // The library reads dates without dashes, too.
        let is_moment = parses && written.contains('-');
        match number(found) {
            _ if is_moment => Some(self.moment(written, &Value::Null)),
            Some(number) if number.abs() >= 1e8 => of_number(number),
            _ => None,
        }
    }

    /// Returns the operand of an attribute with its constants as the attribute's type.
    pub fn typed_operand(&self, name: &str, operand: &Value) -> Value {
        let is_version = self.kind(name) == "version";
        match operand {
            Value::Object(operators) if operators.keys().any(|key| key.starts_with('$')) => {
                let typed = members(operand).map(|(operator, operand)| {
                    let typed = |operand: &Value| self.constant(name, operand);
                    match operator.as_str() {
                        "$not" => (operator.clone(), self.typed_operand(name, operand)),
                        "$in" | "$nin" => {
                            let items: Value = one_or_many(operand).map(typed).collect();
                            (if is_version { operator.replacen('$', "$v", 1) } else { operator.clone() }, items)
                        }
                        "$eq" | "$ne" | "$lt" | "$lte" | "$gt" | "$gte" => {
                            let is_text = operand.is_string() || operand.is_number();
                            let versioned = is_version && is_text;
                            (if versioned { operator.replacen('$', "$v", 1) } else { operator.clone() }, typed(operand))
                        }
                        _ => (operator.clone(), operand.clone()),
                    }
                });
                Value::Object(typed.collect())
            }
            Value::String(_) | Value::Number(_) if is_version => json!({ "$veq": operand }),
            _ => self.constant(name, operand),
        }
    }

    fn constant(&self, name: &str, constant: &Value) -> Value {
        let typed = match (self.kind(name), constant) {
            ("number", _) => number(constant).map(|number| json!(number)),
            ("boolean", _) => boolean(constant).map(|truth| json!(truth)),
            ("string", Value::Number(_) | Value::Bool(_)) => Some(json!(text(constant))),
            ("date", Value::String(written)) => Some(json!(match written.strip_prefix("now") {
                Some("") => self.now,
                Some(length) => match length.strip_prefix('-') {
                    Some(length) => self.now - duration(length),
                    None => self.now + duration(&length[1..]),
                },
                None => self.moment(written, &Value::Null),
            })),
            _ => None,
        };
        typed.unwrap_or_else(|| constant.clone())
    }
}

/// Returns the number that a value is or writes.
pub fn number(found: &Value) -> Option<f64> {
    let number = match found {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let is_decimal = text.bytes().all(|byte| b"0123456789.eE+-".contains(&byte));
            text.parse().ok().filter(|_| is_decimal)
        }
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// Returns the truth that a value is or writes.
pub fn boolean(found: &Value) -> Option<bool> {
    match found {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => [(0.0, false), (1.0, true)]
            .into_iter()
            .find_map(|(wanted, truth)| (number.as_f64() == Some(wanted)).then_some(truth)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A part of a version, in its order: a pre-release, the end of the numbers, a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    PreRelease(Vec<Identifier>),
    End,
    Number(u128),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identifier {
    Number(u128),
    Name(String),
}

/// Returns the parts of a version, which compare as versions do.
pub fn version(found: &Value) -> Option<Vec<Part>> {
    if !found.is_string() && !found.is_number() {
        return None;
    }
    let written = text(found);
    let written = written.trim();
    let written = written.strip_prefix('v').or(written.strip_prefix('V')).unwrap_or(written);
    let is_identifier = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let (written, build) = written.split_once('+').unwrap_or((written, "b"));
    let (numbers, pre_release) = match written.split_once('-') {
        Some((numbers, rest)) => (numbers, Some(rest)),
        None => (written, None),
    };
    if !build.split('.').all(is_identifier) || !pre_release.is_none_or(|rest| rest.split('.').all(is_identifier)) {
        return None;
    }
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
    let mut numbers: Vec<u128> = numbers.split('.').map(number).collect::<Option<_>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    let identifier = |part: &str| number(part).map_or_else(|| Identifier::Name(part.to_owned()), Identifier::Number);
    let end = pre_release.map_or(Part::End, |rest| Part::PreRelease(rest.split('.').map(identifier).collect()));
    Some(numbers.into_iter().map(Part::Number).chain([end]).collect())
}
