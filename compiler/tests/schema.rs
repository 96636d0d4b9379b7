//! The JSON Schema says of rules what the compiler says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use jsonschema::Validator;
use serde_json::{Value, json};
use throughline_compiler::{Source, schema};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// A YAML text as the compiler reads it.
fn json(yaml: &str) -> Value {
    let tree = throughline_compiler::parse(&Source::new("rules.yaml", yaml)).unwrap();
    serde_json::from_str(&throughline::canonical::to_string(&tree.to_value())).unwrap()
}

#[track_caller]
fn assert_accepts(validator: &Validator, name: &str, yaml: &str) {
    let errors: Vec<String> =
        validator.iter_errors(&json(yaml)).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
}

#[test]
fn the_demo_rules_follow_the_schema() {
    let validator = validator();
    for source in support::demo() {
        assert_accepts(&validator, &source.name, &source.text);
    }
}

#[test]
fn good_rules_follow_the_schema() {
    let validator = validator();
    for file in support::files("tests/rules", "yaml") {
        let source = support::source(&file);
        assert_accepts(&validator, &source.name, &source.text);
    }
}

/// Every map of the rules but those with free names, with a key that nobody knows.
#[test]
fn unknown_keys_are_not_in_the_schema() {
    let validator = validator();
    let rules = support::source(&support::path("tests/rules/everything.yaml"));
    let rules = json(&rules.text);
    assert!(validator.is_valid(&rules));
    let mut tried = 0;
    for pointer in closed_maps(&rules, String::new()) {
        let mut changed = rules.clone();
        changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().insert("surprise".to_owned(), json!("x"));
        assert!(!validator.is_valid(&changed), "an unknown key at {pointer} is accepted");
        let text = changed.to_string();
        let sources = [Source::new("rules.json", text)];
        let outcome = throughline_compiler::compile(&sources, throughline_compiler::Options::default());
        assert!(outcome.plans.is_none(), "the compiler accepts an unknown key at {pointer}");
        tried += 1;
    }
    assert!(tried > 40, "only {tried} maps were tried");
}

/// The maps whose keys are words of the language, outside of conditions and data.
fn closed_maps(value: &Value, pointer: String) -> Vec<String> {
    const FREE: [&str; 16] = [
        "attributes",
        "segments",
        "slots",
        "channels",
        "offers",
        "messages",
        "campaigns",
        "experiments",
        "holdouts",
        "journeys",
        "where",
        "json",
        "features",
        "autoExperiments",
        "savedGroups",
        "contextualBandits",
    ];
    let mut found = Vec::new();
    let last = pointer.rsplit('/').next().unwrap_or_default();
    if ["when", "where", "json", "condition", "force", "defaultValue", "variations", "contextualVariations"]
        .contains(&last)
    {
        return found;
    }
    if let Some(map) = value.as_object() {
        if !FREE.contains(&last) {
            found.push(pointer.clone());
        }
        for (key, value) in map {
            found.extend(closed_maps(value, format!("{pointer}/{key}")));
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(closed_maps(value, format!("{pointer}/{index}")));
    }
    found
}
