//! Law: the core and the naive model in `tests/reference/` decide alike for generated rules and facts.

use std::collections::BTreeMap;

use serde_json::json;
use throughline::internals::condition::Evaluator;
use throughline::internals::plan::Op;
use throughline::internals::plan::tables::Campaign;
use throughline::{Facts, Plan, Value, reduce};

use crate::generate;
use crate::reference;
use crate::support;

/// The number of facts for each set of rules, because compiling takes longer than deciding.
const FACTS: u64 = 10;

/// The number of times that an operator held, or did not.
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
            filled += u64::from(found["slots"].as_object().is_some_and(|slots| !slots.is_empty()));
            let (held, request) = reference::conditions(&rules, &facts);
            let all = support::facts(
                &json!({ "now": facts["now"], "profile": facts["profile"], "events": facts["events"], "request": request }),
            );
            let found = conditions(&plan, all, &mut outcomes);
            assert_eq!(held, found, "case {seed}/{number}:\nrules {rules:#}\nfacts {facts:#}");
        }
    }
    // A generator that fills nothing would prove nothing.
    assert!(filled * 4 > support::cases(4_000), "only {filled} decisions filled a slot");
    // Nor would one with conditions that are not evaluated, or that always have the same result.
    let is_asked = |op: &&&str| !["true", "false", "$journey"].contains(*op);
    for op in Op::NAMES.iter().filter(is_asked) {
        let [held, failed] = [true, false].map(|holds| outcomes.get(&((*op).to_owned(), holds)).copied().unwrap_or(0));
        assert!(
            held > 0 && failed > 0 || support::cases(4_000) < 4_000,
            "`{op}` held {held} times, and {failed} times not"
        );
    }
}

/// Returns the campaigns whose conditions hold, under facts with everything derived from them. Counts the
/// result of each operator.
fn conditions(plan: &Plan, mut facts: Facts, outcomes: &mut Outcomes) -> serde_json::Map<String, serde_json::Value> {
    facts.events.iter().for_each(|event| reduce(plan, &mut facts.profile, event));
    let mut evaluator = Evaluator::new(plan, &facts.profile, &facts.request, facts.now);
    let asked = plan.rows(plan.all::<Campaign>()).filter_map(|(_, campaign)| Some((campaign.id, campaign.when?)));
    let held = asked.map(|(id, when)| {
        let explained = evaluator.explain(when);
        count(&explained, outcomes);
        let holds = evaluator.holds(when);
        assert_eq!(*explained.at(["holds"]), Value::Bool(holds), "{explained:?}");
        (plan.text(id).to_owned(), json!(holds))
    });
    held.collect()
}

fn count(explained: &Value, outcomes: &mut Outcomes) {
    if let (Value::String(op), Value::Bool(holds)) = (explained.at(["op"]), explained.at(["holds"])) {
        *outcomes.entry((op.clone(), *holds)).or_default() += 1;
    }
    if let Value::Array(parts) = explained.at(["of"]) {
        parts.iter().for_each(|part| count(part, outcomes));
    }
}
