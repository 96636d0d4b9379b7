//! Helpers of several tests.
#![allow(dead_code, reason = "each user needs a part of it")]

pub mod token;

use std::path::{Path, PathBuf};

/// Returns the edge plan and the public plan of rules, as the compiler emits them.
pub fn compile(rules: &serde_json::Value) -> throughline_compiler::Plans {
    let sources = [throughline_compiler::Source::new("rules.json", rules.to_string())];
    let outcome = throughline_compiler::compile(&sources, throughline_compiler::Options::default());
    let wrong = outcome.render(&sources, false);
    outcome.plans.unwrap_or_else(|| panic!("the rules do not compile:\n{wrong}\n{rules:#}"))
}

/// Returns the edge plan of rules, loaded.
pub fn plan(rules: &serde_json::Value) -> throughline::Plan {
    throughline::Plan::load(&compile(rules).edge).unwrap()
}

/// Returns the edge plan of rules in YAML, loaded.
pub fn plan_of_yaml(rules: &str) -> throughline::Plan {
    let sources = [throughline_compiler::Source::new("rules.yaml", rules)];
    let outcome = throughline_compiler::compile(&sources, throughline_compiler::Options::default());
    let wrong = outcome.render(&sources, false);
    let plans = outcome.plans.unwrap_or_else(|| panic!("the rules do not compile:\n{wrong}\n{rules}"));
    throughline::Plan::load(&plans.edge).unwrap()
}

pub fn facts(facts: &serde_json::Value) -> throughline::Facts {
    serde_json::from_value(facts.clone()).unwrap_or_else(|error| panic!("these are no facts: {error}\n{facts:#}"))
}

pub fn decide(plan: &throughline::Plan, facts: &throughline::Facts) -> serde_json::Value {
    serde_json::from_str(&throughline::decide(plan, facts).to_json()).unwrap()
}

/// Returns the evaluations of all features under these options, by key, as every host returns them.
pub fn evaluate_all(plan: &throughline::Plan, facts: &throughline::Facts, options: &serde_json::Value) -> String {
    let found = throughline::evaluate_all(plan, facts, &self::options(options));
    let found = found.iter().map(|found| (found.key.as_str(), found.to_value()));
    throughline::canonical::to_string(&throughline::Value::Object(found.collect()))
}

/// Returns the experiments of pages under these options, as every host returns them.
pub fn experiments(plan: &throughline::Plan, facts: &throughline::Facts, options: &serde_json::Value) -> String {
    let runs = throughline::run_experiments(plan, facts, &self::options(options), &[""]);
    let runs = runs.iter().map(throughline::ExperimentRun::to_value);
    throughline::canonical::to_string(&throughline::Value::Array(runs.collect()))
}

fn options(options: &serde_json::Value) -> throughline::EvaluationOptions {
    if options.is_null() {
        throughline::EvaluationOptions::default()
    } else {
        serde_json::from_value(options.clone()).unwrap()
    }
}

/// Returns the number of generated cases to run; `THROUGHLINE_CASES` raises it.
pub fn cases(default: u64) -> u64 {
    std::env::var("THROUGHLINE_CASES").ok().map_or(default, |count| count.parse().unwrap())
}

/// Returns each path at which two values differ, as `path: wanted …, found …`; with `partial`, objects may
/// have further members.
pub fn differences(wanted: &serde_json::Value, found: &serde_json::Value, partial: bool) -> Vec<String> {
    let mut out = Vec::new();
    compare("", wanted, found, partial, &mut out);
    out
}

fn compare(path: &str, wanted: &serde_json::Value, found: &serde_json::Value, partial: bool, out: &mut Vec<String>) {
    use serde_json::Value;
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|name| !partial && !a.contains_key(*name)));
            for name in names {
                let [a, b] = [a, b].map(|map| map.get(name).unwrap_or(&Value::Null));
                compare(&format!("{path}/{name}"), a, b, partial, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{at}"), a, b, partial, out);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        _ if wanted == found => {}
        _ => out.push(format!("{path}: wanted {wanted}, found {found}")),
    }
}

/// Returns the behaviour cases, each with the path of its file in `tests/data/`, ordered by path.
pub fn behaviour() -> Vec<(String, serde_json::Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths = Vec::new();
    add_files(&root, &mut paths);
    let mut cases: Vec<_> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            let case = serde_json::from_str(&std::fs::read_to_string(path).unwrap());
            (name.clone(), case.unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    cases
}

fn add_files(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, paths);
        } else {
            paths.push(path);
        }
    }
}
