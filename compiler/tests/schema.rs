//! The JSON Schema accepts the rules that the compiler accepts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use throughline_compiler::{Source, schema};

use crate::support;

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Parses YAML as the compiler does.
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

/// Checks that schema and compiler both reject an unknown key in every map without free names.
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

/// Returns the maps whose keys are part of the language, outside of conditions and data.
fn closed_maps(value: &Value, pointer: String) -> Vec<String> {
    const FREE: [&str; 17] = [
        "attributes",
        "identifiers",
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

/// Returns the names of all members in the schema.
fn schema_keys() -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            if key == "properties" {
                found.extend(value.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
            }
            collect(value, found);
        }
        value.as_array().into_iter().flatten().for_each(|item| collect(item, found));
    }
    let mut found = BTreeSet::new();
    collect(&serde_json::from_str(schema()).unwrap(), &mut found);
    found
}

/// Checks that every key of the schema occurs in rules that compile.
#[test]
fn the_compiler_takes_every_key_of_the_schema() {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            found.insert(key.clone());
            collect(value, found);
        }
        value.as_array().into_iter().flatten().for_each(|item| collect(item, found));
    }
    let mut compiled = BTreeSet::new();
    let files = support::files("tests/rules", "yaml").into_iter().map(|file| vec![support::source(&file)]);
    for sources in files.chain([support::demo()]) {
        support::plans(&sources);
        sources.iter().for_each(|source| collect(&json(&source.text), &mut compiled));
    }
    let missing: Vec<_> = schema_keys().difference(&compiled).cloned().collect();
    assert!(missing.is_empty(), "no rules in tests/rules have {missing:?}");
}

/// Checks that every key that a reader of the compiler knows is in the schema.
#[test]
fn the_schema_has_every_key_of_the_compiler() {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut sources = Vec::new();
    files(&support::path("src"), &mut sources);
    // GrowthBook's payloads are not rules.
    sources.retain(|file| !file.components().any(|part| part.as_os_str() == "growthbook"));
    let keys = schema_keys();
    let mut tried = 0;
    for file in sources {
        let text = std::fs::read_to_string(&file).unwrap();
        for opening in [".fields(&[", "let known = [", "let known = &[", "known_members(place, &["] {
            for list in text.split(opening).skip(1).filter_map(|rest| rest.split(']').next()) {
                for key in list.split('"').skip(1).step_by(2) {
                    assert!(keys.contains(key), "`{key}` of {} is not in the schema", file.display());
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 150, "only {tried} keys were found");
}

/// Checks that every key is documented.
#[test]
fn the_reference_tells_of_every_key() {
    let pages = ["rules", "conditions", "templates", "lint"];
    let page = |name: &&str| std::fs::read_to_string(support::path(&format!("../docs/{name}.md"))).unwrap();
    let text: String = pages.iter().map(page).collect();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && !"$_".contains(c)).collect();
    let missing: Vec<_> = schema_keys().into_iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "no page tells of {missing:?}");
}
