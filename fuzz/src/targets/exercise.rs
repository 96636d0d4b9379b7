//! Plans for fuzzing, and the use of everything that was loaded.

use std::sync::LazyLock;

use throughline::canonical;
use throughline::{
    EvaluationOptions, ExperimentRun, Facts, Plan, Profile, SortedMap, advance, evaluate, evaluate_all, explain,
    reduce, run_experiments, sticky_keys,
};
use throughline_compiler::{Options, Source, compile};

use crate::{generate, support};

/// The bytes of some plans: all that rules can express, and some generated ones.
pub static PLANS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let everything = Source::new("everything.yaml", include_str!("../../../compiler/tests/rules/everything.yaml"));
    let everything = compile(&[everything], Options::default()).plans.unwrap();
    let generated = (0..6).map(|seed| support::compile(&generate::rules(seed)).edge);
    [everything.edge, everything.public].into_iter().chain(generated).collect()
});

/// The same plans, loaded.
pub static LOADED: LazyLock<Vec<Plan>> =
    LazyLock::new(|| PLANS.iter().map(|bytes| Plan::load(bytes).unwrap()).collect());

/// Facts that suit the generated rules.
pub static FACTS: LazyLock<Vec<Facts>> = LazyLock::new(|| {
    let rules = generate::rules(3);
    (0..4).map(|seed| support::facts(&generate::facts(&rules, seed))).collect()
});

/// Does everything that hosts do with a plan and facts, and checks invariants that hold for any plan and
/// facts.
pub fn exercise(plan: &Plan, facts: &Facts) {
    let decision = throughline::decide(plan, facts);
    let text = decision.to_json();
    assert_eq!(throughline::decide(plan, facts).to_json(), text, "equal facts, another decision");
    let explained = explain(plan, facts);
    assert_eq!(explained.decision.to_json(), text, "explaining decides otherwise");
    for json in [text, explained.to_json()] {
        let value = throughline::internals::json::parse(&json).unwrap();
        assert_eq!(canonical::to_string(&value), json, "not canonical");
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "not JSON for others");
    }

    let mut profile = facts.profile.clone();
    for event in facts.events.iter().chain(&decision.exposures()) {
        reduce(plan, &mut profile, event);
    }
    profile.decide_segments(plan, facts.now);
    let _ = advance(plan, &profile, &facts.events, facts.now);
    let projected = profile.project(plan, facts.now);
    assert_eq!(projected.project(plan, facts.now), projected, "projecting twice");
    assert_eq!(Profile::from_value(profile.to_value()).as_ref(), Ok(&profile), "written and read");
    projected.clone().truncate_to_budget(|profile| profile.traits.is_empty());
    evaluate_features(plan, facts);
}

/// Evaluates every feature and experiment, with no kept assignments and with all of them.
fn evaluate_features(plan: &Plan, facts: &Facts) {
    let keeping =
        EvaluationOptions { sticky_buckets: Some(SortedMap::new()), query_overrides: true, ..Default::default() };
    for options in [EvaluationOptions::default(), keeping] {
        let all = evaluate_all(plan, facts, &options);
        for found in &all {
            let alone = evaluate(plan, facts, &options, &found.key);
            assert_eq!((&alone.value, alone.source), (&found.value, found.source), "alone and among others");
        }
        let runs = run_experiments(plan, facts, &options, &["exp"]);
        for value in all.iter().map(|found| found.to_value()).chain(runs.iter().map(ExperimentRun::to_value)) {
            let json = canonical::to_string(&value);
            assert_eq!(
                canonical::to_string(&throughline::internals::json::parse(&json).unwrap()),
                json,
                "not canonical"
            );
        }
    }
    let _ = sticky_keys(plan, facts);
}
