//! Any string as rules: errors with their positions, or plans that load and decide.

use throughline::Plan;
use throughline::canonical;
use throughline_compiler::parse;
use throughline_compiler::{Options, Source, compile};

use super::exercise::{FACTS, exercise};

/// Compiles rules: JSON if they begin with a brace, else YAML.
pub fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let name = if text.starts_with('{') { "rules.json" } else { "rules.yaml" };
    let sources = [Source::new(name, text)];
    let outcome = compile(&sources, Options::default());
    let _ = (outcome.render(&sources, true), canonical::to_string(&outcome.to_value(&sources)));
    let Some(plans) = outcome.plans else {
        assert!(!outcome.diagnostics.is_empty(), "no plans, and nobody says why");
        return;
    };
    for bytes in [&plans.edge, &plans.public] {
        let plan = Plan::load(bytes).unwrap();
        FACTS.iter().for_each(|facts| exercise(&plan, facts));
    }
    let json = canonical::to_json_text(&parse(&sources[0]).unwrap().to_value());
    let translated = compile(&[Source::new("rules.json", json)], Options::default());
    assert_eq!(translated.plans, Some(plans), "the same rules in JSON make another plan");
}
