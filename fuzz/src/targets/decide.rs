//! Generated rules and facts: the core decides as the naive model does.

use throughline::Plan;
use throughline_compiler::{Options, Source, compile};

use crate::generate::{self, Dice};
use crate::{reference, support};

/// Decides with the generator reading its choices from the bytes.
pub fn decide(bytes: &[u8]) {
    let dice = &mut Dice::of(bytes);
    let rules = generate::rules_by(dice);
    let outcome = compile(&[Source::new("rules.json", rules.to_string())], Options::default());
    let Some(plans) = outcome.plans else { return };
    let plan = Plan::load(&plans.edge).unwrap();
    for _ in 0..3 {
        let facts = generate::facts_by(&rules, dice);
        let found = support::decide(&plan, &support::facts(&facts));
        let differences = support::differences(&reference::decide(&rules, &facts, plan.id()), &found, false);
        assert!(differences.is_empty(), "{}\nrules {rules:#}\nfacts {facts:#}", differences.join("\n"));
    }
}
