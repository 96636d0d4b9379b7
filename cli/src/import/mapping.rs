//! The mapping of an import: which column of a record says what.
//!
//! ```yaml
//! userId: customer_no
//! timestamp: updated_at
//! identifiers: { crm_id: id }
//! traits: { firstName: name, loyalty.tier: tier, orders: { column: n, type: number } }
//! consent: { channel.email: newsletter }
//! ```

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use throughline_compiler::source::tree::{Kind, Node};
use throughline_compiler::{CompileResult, Source, parse};

use crate::failure::Failure;

const KEYS: [&str; 6] = ["userId", "anonymousId", "timestamp", "identifiers", "traits", "consent"];
const USER_COLUMNS: [&str; 2] = ["userId", "user_id"];
const YES: [&str; 7] = ["yes", "y", "true", "1", "granted", "subscribed", "opted-in"];
const NO: [&str; 7] = ["no", "n", "false", "0", "denied", "unsubscribed", "opted-out"];

/// The columns that make an `identify` call.
pub struct Mapping {
    user_id: Vec<Column>,
    anonymous_id: Vec<Column>,
    timestamp: Option<Column>,
    identifiers: Vec<(String, Column)>,
    traits: Vec<(String, Column)>,
    consent: Vec<(String, Column)>,
    /// Whether each column that is not named is a trait.
    rest: bool,
}

/// A column and the type of its values.
struct Column {
    name: String,
    values: Type,
}

#[derive(Clone, Copy)]
enum Type {
    AsWritten,
    Number,
    Boolean,
}

impl Default for Mapping {
    /// The columns `userId` and `user_id` are the user id, every other one is a trait.
    fn default() -> Self {
        let column = |name: &str| Column { name: name.to_owned(), values: Type::AsWritten };
        Self {
            user_id: USER_COLUMNS.map(column).into(),
            anonymous_id: Vec::new(),
            timestamp: None,
            identifiers: Vec::new(),
            traits: Vec::new(),
            consent: Vec::new(),
            rest: true,
        }
    }
}

impl Mapping {
    /// Reads a mapping in YAML or JSON.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        let source = Source::new(path.display().to_string(), text);
        let tree = parse(&source).map_err(|diagnostics| {
            let result = CompileResult { diagnostics, plans: None, disclosures: Vec::new() };
            Failure::Because(result.render(core::slice::from_ref(&source), false).trim_end().to_owned())
        })?;
        Self::of(&tree).map_err(|error| Failure::file(path, error))
    }

    fn of(tree: &Node) -> Result<Self, String> {
        let entries = map(tree, "the mapping")?;
        if let Some((unknown, _)) = entries.iter().find(|(key, _)| !KEYS.contains(key)) {
            return Err(format!("unknown key `{unknown}`, expected one of: {}", KEYS.join(", ")));
        }
        let column = |key: &str| tree.get(key).map(|node| Column::of(node, key)).transpose();
        let columns = |key: &str| -> Result<Vec<(String, Column)>, String> {
            let Some(node) = tree.get(key) else { return Ok(Vec::new()) };
            let named =
                |(name, node): (&str, &Node)| Ok((name.to_owned(), Column::of(node, &format!("{key}.{name}"))?));
            map(node, key)?.into_iter().map(named).collect()
        };
        Ok(Self {
            user_id: column("userId")?.into_iter().collect(),
            anonymous_id: column("anonymousId")?.into_iter().collect(),
            timestamp: column("timestamp")?,
            identifiers: columns("identifiers")?,
            traits: columns("traits")?,
            consent: columns("consent")?,
            rest: false,
        })
    }

    /// Returns the `identify` call for a record, without a message id.
    ///
    /// # Errors
    /// Returns the reason if the record names nobody, or a value has the wrong type.
    pub fn call(&self, record: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut call = Map::from_iter([("type".to_owned(), json!("identify"))]);
        let id = |columns: &[Column]| columns.iter().find_map(|column| column.find(record).cloned());
        for (key, columns) in [("userId", &self.user_id), ("anonymousId", &self.anonymous_id)] {
            call.extend(id(columns).map(|id| (key.to_owned(), id)));
        }
        let external = self.external_ids(record)?;
        let is_somebody = call.len() > 1 || !external.is_empty();
        if let Some(time) = self.timestamp.as_ref().and_then(|column| column.find(record)) {
            call.insert("timestamp".to_owned(), time.clone());
        }
        let mut context = Map::new();
        if !external.is_empty() {
            context.insert("externalIds".to_owned(), Value::Array(external));
        }
        let consent = self.consent(record)?;
        if !consent.is_empty() {
            context.insert("consent".to_owned(), json!({ "categoryPreferences": consent }));
        }
        if !is_somebody {
            return Err(self.nobody());
        }
        let traits = self.traits(record)?;
        call.extend([("traits".to_owned(), Value::Object(traits)), ("context".to_owned(), Value::Object(context))]);
        Ok(call)
    }

    /// Returns the reason why a record without an id is refused.
    fn nobody(&self) -> String {
        let ids =
            self.user_id.iter().chain(&self.anonymous_id).chain(self.identifiers.iter().map(|(_, column)| column));
        let names: Vec<String> = ids.map(|column| format!("`{}`", column.name)).collect();
        format!("the record has no id, expected a value in one of the columns {}", names.join(", "))
    }

    fn external_ids(&self, record: &Map<String, Value>) -> Result<Vec<Value>, String> {
        let found =
            self.identifiers.iter().filter_map(|(kind, column)| Some((kind, column.value(record).transpose()?)));
        found
            .map(|(kind, id)| Ok(json!({ "type": kind, "id": id?, "collection": "users", "encoding": "none" })))
            .collect()
    }

    fn traits(&self, record: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut traits = Map::new();
        for (name, column) in &self.traits {
            if let Some(value) = column.value(record)? {
                insert_at(&mut traits, name, value);
            }
        }
        let others = record
            .iter()
            .filter(|(name, value)| self.rest && !USER_COLUMNS.contains(&name.as_str()) && !is_missing(value));
        others.for_each(|(name, value)| insert_at(&mut traits, name, value.clone()));
        Ok(traits)
    }

    fn consent(&self, record: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let states = self.consent.iter().filter_map(|(purpose, column)| Some((purpose, column, column.find(record)?)));
        states.map(|(purpose, column, value)| Ok((purpose.clone(), boolean(value, &column.name)?))).collect()
    }
}

impl Column {
    fn of(node: &Node, at: &str) -> Result<Self, String> {
        let expected = || format!("`{at}`: expected the name of a column, or `{{ column: name, type: number }}`");
        if let Kind::String(name) = &node.kind {
            return Ok(Self { name: name.clone(), values: Type::AsWritten });
        }
        let Some(Kind::String(name)) = node.get("column").map(|node| &node.kind) else { return Err(expected()) };
        let values = match node.get("type").map(|node| &node.kind) {
            None => Type::AsWritten,
            Some(Kind::String(name)) if name == "number" => Type::Number,
            Some(Kind::String(name)) if name == "boolean" => Type::Boolean,
            Some(_) => return Err(format!("`{at}.type`: expected `number` or `boolean`")),
        };
        Ok(Self { name: name.clone(), values })
    }

    /// Returns the value of the column, unless it is missing: a member of that name, else one inside of others.
    fn find<'r>(&self, record: &'r Map<String, Value>) -> Option<&'r Value> {
        let inside = || {
            let mut names = self.name.split('.');
            let first = record.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        record.get(&self.name).or_else(inside).filter(|value| !is_missing(value))
    }

    fn value(&self, record: &Map<String, Value>) -> Result<Option<Value>, String> {
        let Some(value) = self.find(record) else { return Ok(None) };
        match self.values {
            Type::AsWritten => Ok(Some(value.clone())),
            Type::Boolean => boolean(value, &self.name).map(Some),
            Type::Number => number(value).map(Some).ok_or_else(|| wrong(value, &self.name, "a number")),
        }
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Value::Number),
        _ => None,
    }
}

fn boolean(value: &Value, column: &str) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.trim().to_lowercase(),
        other => other.to_string(),
    };
    match text.as_str() {
        yes if YES.contains(&yes) => Ok(Value::Bool(true)),
        no if NO.contains(&no) => Ok(Value::Bool(false)),
        _ => Err(wrong(value, column, "yes or no")),
    }
}

fn wrong(value: &Value, column: &str, expected: &str) -> String {
    let shown: String = value.to_string().chars().take(40).collect();
    format!("the column `{column}` is `{shown}`, expected {expected}")
}

/// Whether a value says nothing: null, or a string without a character.
fn is_missing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Inserts a value at a path of names, such as `loyalty.tier`.
fn insert_at(object: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((name, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), value);
        return;
    };
    let inner = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert_at(inner, rest, value);
    }
}

fn map<'n>(node: &'n Node, name: &str) -> Result<Vec<(&'n str, &'n Node)>, String> {
    match &node.kind {
        Kind::Map(entries) => Ok(entries.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect()),
        _ => Err(format!("`{name}`: expected a map of names to columns")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn mapping(text: &str) -> Result<Mapping, String> {
        Mapping::of(&parse(&Source::new("mapping.yaml", text)).unwrap())
    }

    fn call(mapping: &Mapping, record: Value) -> Result<Value, String> {
        let Value::Object(record) = record else { return Err("no record".to_owned()) };
        mapping.call(&record).map(Value::Object)
    }

    #[test]
    fn columns_become_ids_traits_and_consent() {
        let mapping = mapping(
            "userId: no\ntimestamp: at\nidentifiers: { crm_id: id, phone: mobile }\n\
             traits: { loyalty.tier: tier, orders: { column: n, type: number } }\nconsent: { channel.email: mail.ok }",
        );
        let record = json!({
            "no": "42", "id": "A-1", "mobile": " ", "tier": "gold", "n": "3", "mail": { "ok": "No" },
            "at": "2026-01-01T00:00:00Z", "other": "x"
        });
        assert_eq!(
            call(&mapping.unwrap(), record),
            Ok(json!({
                "type": "identify",
                "userId": "42",
                "timestamp": "2026-01-01T00:00:00Z",
                "traits": { "loyalty": { "tier": "gold" }, "orders": 3 },
                "context": {
                    "externalIds": [{ "type": "crm_id", "id": "A-1", "collection": "users", "encoding": "none" }],
                    "consent": { "categoryPreferences": { "channel.email": false } }
                }
            }))
        );
    }

    #[test]
    fn without_a_mapping_each_column_is_a_trait() {
        let found = call(&Mapping::default(), json!({ "user_id": 7, "email": "a@example.com", "note": "" }));
        let wanted = json!({ "type": "identify", "userId": 7, "traits": { "email": "a@example.com" }, "context": {} });
        assert_eq!(found, Ok(wanted));
    }

    #[test]
    fn a_record_that_names_nobody_or_has_a_wrong_value_is_refused() {
        let mapping = mapping("userId: no\ntraits: { n: { column: n, type: number } }\nconsent: { sms: sms }").unwrap();
        for (record, reason) in [
            (json!({ "no": " ", "n": 1 }), "no id, expected a value in one of the columns `no`"),
            (json!({ "no": "1", "n": "many" }), "the column `n` is `\"many\"`, expected a number"),
            (json!({ "no": "1", "sms": "perhaps" }), "expected yes or no"),
        ] {
            let error = call(&mapping, record).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        assert!(mapping("user: no").err().unwrap().contains("unknown key `user`"));
        assert!(mapping("traits: [a]").err().unwrap().contains("`traits`"));
        assert!(mapping("userId: { type: number }").err().unwrap().contains("the name of a column"));
    }
}
