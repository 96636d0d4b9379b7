//! Where GrowthBook's conformance cases are.

use std::path::PathBuf;

use throughline::Value;

/// The cases of a section; none, and a word about it, where there is no conformance data.
pub fn cases(section: &str) -> Option<Vec<Value>> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance"));
    let root = std::env::var_os("THROUGHLINE_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let file = root.join("growthbook/cases.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        assert!(std::env::var_os("CI").is_none(), "no conformance data at {}", file.display());
        println!("SKIPPED: no conformance data at {}", file.display());
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    match all.at([section]) {
        Value::Array(cases) => Some(cases.clone()),
        other => panic!("`{section}` is no list of cases: {other:?}"),
    }
}
