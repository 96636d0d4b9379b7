//! Pins the names that the crate exports, so that internals do not become public by accident.
//!
//! `tests/public_api.txt` lists them. A new name needs a line there, and a reason in the change that adds it. The compiler
//! reaches the tables of a plan through `internals`, which is hidden from the documentation.

use std::collections::BTreeSet;

/// The modules whose names are public, with their sources.
const MODULES: [(&str, &str); 4] = [
    ("", include_str!("../src/lib.rs")),
    ("html::", include_str!("../src/html/mod.rs")),
    ("keys::", include_str!("../src/keys/mod.rs")),
    ("token::", include_str!("../src/token/mod.rs")),
];

#[test]
fn the_public_names_are_those_of_the_list() {
    let listed: BTreeSet<String> = include_str!("public_api.txt").lines().map(str::to_owned).collect();
    let exported: BTreeSet<String> = MODULES.iter().flat_map(|(prefix, source)| names(prefix, source)).collect();
    let new: Vec<_> = exported.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&exported).collect();
    assert!(new.is_empty() && gone.is_empty(), "not in tests/public_api.txt: {new:?}; no longer exported: {gone:?}");
}

#[test]
fn internals_is_the_only_hidden_module() {
    let (_, root) = MODULES[0];
    let hidden: Vec<_> = root.match_indices("#[doc(hidden)]").map(|(at, _)| &root[at..]).collect();
    assert_eq!(hidden.len(), 1, "one door for the compiler");
    assert!(hidden[0].starts_with("#[doc(hidden)]\npub mod internals {"), "the door is `internals`");
}

/// Returns the names of `pub use` and `pub mod` at the top level of a source.
fn names(prefix: &str, source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in source.match_indices("\npub use ") {
        let statement = &source[at + "\npub use ".len()..];
        let path = &statement[..statement.find(';').expect("a `use` ends")];
        assert!(!path.contains('*'), "`pub use {path}` exports names that no list pins");
        let last = match path.split_once('{') {
            Some((_, list)) => list.trim_end_matches('}'),
            None => path.rsplit("::").next().unwrap_or(path),
        };
        names.extend(last.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    }
    for (at, _) in source.match_indices("\npub mod ") {
        let name = &source[at + "\npub mod ".len()..];
        names.push(name[..name.find([';', ' ']).expect("a module has a body")].to_owned());
    }
    names.into_iter().map(|name| format!("{prefix}{name}")).collect()
}
