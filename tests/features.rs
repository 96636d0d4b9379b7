//! Features beyond GrowthBook's own cases.

use serde_json::{Value, json};
use throughline::{EvaluationOptions, Facts, MAX_FEATURE_DEPTH, Plan, evaluate};
use throughline_compiler::{Options, Source, compile};

use crate::support;

/// Returns features of which each needs the next one, and the last one `last`.
fn chain(count: usize, last: Option<&str>) -> Value {
    let feature = |at: usize| {
        let next = if at + 1 < count { Some(format!("f-{}", at + 1)) } else { last.map(str::to_owned) };
        let needs = next.map(|next| json!([{ "id": next, "condition": { "value": true } }]));
        let rule = json!({ "parentConditions": needs, "force": true });
        (format!("f-{at}"), json!({ "dialect": "growthbook", "defaultValue": false, "rules": [rule] }))
    };
    json!({ "features": (0..count).map(feature).collect::<serde_json::Map<_, _>>() })
}

fn source(plan: &Plan) -> &'static str {
    evaluate(plan, &Facts::default(), &EvaluationOptions::default(), "f-0").source.name()
}

#[test]
fn a_circle_of_thousands_of_features_ends() {
    assert_eq!(source(&support::plan(&chain(9_000, Some("f-0")))), "cyclicPrerequisite");
}

#[test]
fn the_longest_chain_that_rules_may_have_is_followed_to_its_end() {
    assert_eq!(source(&support::plan(&chain(MAX_FEATURE_DEPTH, None))), "force");
}

#[test]
fn a_longer_chain_is_a_mistake() {
    let rules = Source::new("rules.json", chain(MAX_FEATURE_DEPTH + 1, None).to_string());
    let found = compile(&[rules], Options::default()).diagnostics;
    let found: Vec<_> = found.iter().map(|found| (found.code, found.path.as_str(), found.message.as_str())).collect();
    let path = "features.f-0.rules[0].parentConditions[0].id";
    assert_eq!(found, [("too-deep", path, "`f-0` depends on a chain of 65 features")]);
}

/// Checks kept assignments: GrowthBook keeps them per attribute value, in documents of the host; the profile
/// keeps those of campaigns.
#[test]
fn a_kept_assignment_of_a_campaign_is_none_of_a_feature() {
    let variations = json!({ "key": "wording", "hashVersion": 2, "variations": ["a", "b"], "meta": [{ "key": "a" }, { "key": "b" }] });
    let plan = support::plan(&json!({ "features": { "words": { "rules": [variations] } } }));
    let value = |kept: &str, options: Value| -> Value {
        let facts = json!({ "now": 5, "profile": { "subject": "ann", "assignments": { "wording__0": [kept, 1, 1] } } });
        let found = support::evaluate_all(&plan, &support::facts(&facts), &options);
        serde_json::from_str::<Value>(&found).unwrap_or_default().pointer("/words/value").cloned().unwrap_or_default()
    };
    let document = |kept: &str| json!({ "stickyBuckets": { "id||ann": { "attributeName": "id", "attributeValue": "ann", "assignments": { "wording__0": kept } } } });
    assert_eq!(value("a", Value::Null), value("b", Value::Null));
    assert_eq!([value("a", document("b")), value("b", document("a"))], ["b", "a"]);
}
