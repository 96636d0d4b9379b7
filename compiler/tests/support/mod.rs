//! Helpers of the compiler's tests.
#![allow(dead_code, reason = "each user needs a part of it")]

use std::path::{Path, PathBuf};

use throughline::Plan;
use throughline_compiler::{CompileResult, Options, Plans, Source, compile};

/// Returns a path in this crate.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Returns the files of a folder with an extension, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == ending));
    files.sort();
    files
}

/// Reads a file as a source.
pub fn source(file: &Path) -> Source {
    Source::new(file.file_name().unwrap().to_string_lossy(), std::fs::read_to_string(file).unwrap())
}

/// Returns the rules of the demo shop.
pub fn demo() -> Vec<Source> {
    files("../rules", "yaml").iter().map(|file| source(file)).collect()
}

/// Compiles one YAML source.
pub fn outcome(yaml: &str) -> (Vec<Source>, CompileResult) {
    let sources = vec![Source::new("rules.yaml", yaml)];
    let outcome = compile(&sources, Options::default());
    (sources, outcome)
}

/// Returns the plans of rules that must compile without a diagnostic.
#[track_caller]
pub fn plans(sources: &[Source]) -> Plans {
    let outcome = compile(sources, Options::default());
    assert!(outcome.diagnostics.is_empty(), "{}", outcome.render(sources, false));
    outcome.plans.unwrap()
}

/// Returns the edge plan of YAML that must compile.
#[track_caller]
pub fn edge(yaml: &str) -> Plan {
    Plan::load(&plans(&[Source::new("rules.yaml", yaml)]).edge).unwrap()
}

/// Returns the public plan of YAML that must compile.
#[track_caller]
pub fn public(yaml: &str) -> Plan {
    Plan::load(&plans(&[Source::new("rules.yaml", yaml)]).public).unwrap()
}
