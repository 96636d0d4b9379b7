//! Behaviour as data: each file below `tests/data/` has rules, facts, and the expected decision.
//!
//! `want` is matched partially: objects may have more members, arrays are exact, and `null` means absent.
//! `explain` is matched with the trace in the same way, `features` with the evaluations of all features under
//! `options`, and `experiments` with those of pages.

use serde_json::Value;
use throughline::{Facts, Plan, explain, reduce};

use crate::support;

/// The minimum number of cases, so that a lost directory does not pass.
const LEAST: usize = 100;

#[test]
fn every_case_is_decided_as_it_says() {
    let cases = support::behaviour();
    assert!(cases.len() >= LEAST, "only {} cases in tests/data", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|(file, case)| failure(file, case)).collect();
    assert!(failures.is_empty(), "{} of {} cases failed:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// Returns the facts of a host that gets the profile from a token: all events applied, and only what the plan
/// needs.
fn as_carried(plan: &Plan, facts: &Facts) -> Facts {
    let mut profile = facts.profile.clone();
    facts.events.iter().for_each(|event| reduce(plan, &mut profile, event));
    Facts { profile: profile.project(plan, facts.now), events: Vec::new(), ..facts.clone() }
}

/// Returns the failure of a case, with its file and name.
fn failure(file: &str, case: &Value) -> Option<String> {
    let plan = support::plan(&case["rules"]);
    let facts = support::facts(&case["facts"]);
    let found = support::decide(&plan, &facts);
    let explanation: Value = serde_json::from_str(&explain(&plan, &facts).to_json()).unwrap();
    let mut differences = support::differences(&case["want"], &found, true);
    if let Some(wanted) = case.get("explain") {
        differences.extend(support::differences(wanted, &explanation["trace"], true));
    }
    if let Some(wanted) = case.get("features") {
        let found = support::evaluate_all(&plan, &facts, &case["options"]);
        differences.extend(support::differences(wanted, &serde_json::from_str(&found).unwrap(), true));
    }
    if let Some(wanted) = case.get("experiments") {
        let found = support::experiments(&plan, &facts, &case["options"]);
        differences.extend(support::differences(wanted, &serde_json::from_str(&found).unwrap(), true));
    }
    if explanation["decision"] != found {
        differences.push(format!("explain decided differently: {}", explanation["decision"]));
    }
    if support::decide(&plan, &as_carried(&plan, &facts)) != found {
        differences.push("the profile that a token carries decided differently".to_owned());
    }
    let name = case["name"].as_str().unwrap_or("without a name");
    (!differences.is_empty()).then(|| format!("- {name} ({file})\n    {}", differences.join("\n    ")))
}
