//! Law: the core and the naive model in `tests/reference/` decide alike for generated rules and facts.
#![allow(clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod generate;
mod reference;
mod support;

use std::collections::BTreeMap;

use throughline::condition::Evaluator;
use throughline::plan::Op;
use throughline::plan::tables::Campaign;
use throughline::{Facts, Plan, Value, reduce};

/// Facts for each set of rules: compiling takes longer than deciding.
const FACTS: u64 = 10;

/// How often an operator held, or did not.
type Outcomes = BTreeMap<(String, bool), u64>;

#[test]
fn the_core_decides_as_the_naive_model() {
    let mut filled = 0_u64;
    let mut outcomes = Outcomes::new();
    for seed in 0..support::cases(4_000) / FACTS {
        let rules = generate::rules(seed);
        let plan = support::plan(&rules);
        for number in 0..FACTS {
            let facts = generate::facts(&rules, seed * FACTS + number);
            let found = support::decide(&plan, &support::facts(&facts));
            let wanted = reference::decide(&rules, &facts, plan.id());
            let differences = support::differences(&wanted, &found, false);
            assert!(
                differences.is_empty(),
                "case {seed}/{number}:\n{}\nrules {rules:#}\nfacts {facts:#}",
                differences.join("\n")
            );
            count_conditions(&plan, support::facts(&facts), &mut outcomes);
            filled += u64::from(found["slots"].as_object().is_some_and(|slots| !slots.is_empty()));
        }
    }
    // A generator that fills nothing would prove nothing.
    assert!(filled * 4 > support::cases(4_000), "only {filled} decisions filled a slot");
    // Nor would one with conditions that nobody asks, or that always have the same answer.
    let is_asked = |op: &&&str| !["true", "false", "$journey"].contains(*op);
    for op in Op::NAMES.iter().filter(is_asked) {
        let [held, failed] = [true, false].map(|holds| outcomes.get(&((*op).to_owned(), holds)).copied().unwrap_or(0));
        assert!(
            held > 0 && failed > 0 || support::cases(4_000) < 4_000,
            "`{op}` held {held} times, and {failed} times not"
        );
    }
}

/// Counts how often each operator in the conditions of campaigns held, and how often it did not.
fn count_conditions(plan: &Plan, mut facts: Facts, outcomes: &mut Outcomes) {
    facts.events.iter().for_each(|event| reduce(plan, &mut facts.profile, event));
    let mut evaluator = Evaluator::new(plan, &facts.profile, &facts.request, facts.now);
    for when in plan.rows(plan.all::<Campaign>()).filter_map(|(_, campaign)| campaign.when) {
        count(&evaluator.explain(when), outcomes);
    }
}

fn count(explained: &Value, outcomes: &mut Outcomes) {
    if let (Value::String(op), Value::Bool(holds)) = (explained.at(["op"]), explained.at(["holds"])) {
        *outcomes.entry((op.clone(), *holds)).or_default() += 1;
    }
    if let Value::Array(parts) = explained.at(["of"]) {
        parts.iter().for_each(|part| count(part, outcomes));
    }
}
