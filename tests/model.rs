//! Law: the core and the naive model in `tests/reference/` decide alike for generated rules and facts.
#![allow(clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests fail by panicking")]

mod generate;
mod reference;
mod support;

/// Facts for each set of rules: compiling takes longer than deciding.
const FACTS: u64 = 10;

#[test]
fn the_core_decides_as_the_naive_model() {
    let mut filled = 0_u64;
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
        }
    }
    // A generator that fills nothing would prove nothing.
    assert!(filled * 4 > support::cases(4_000), "only {filled} decisions filled a slot");
}
