//! Any text as a payload of GrowthBook: what is wrong with it, or rules that compile and can be evaluated.

use throughline::Plan;
use throughline_compiler::growthbook::{ImportOptions, import};
use throughline_compiler::{Options, Severity, Source, compile};

use super::exercise::{FACTS, exercise};

/// A key of the right length, so that the encrypted text is decrypted, and turns out not to be JSON.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

pub fn payload(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for public in [false, true] {
        let found = match import(text, ImportOptions { key: Some(KEY), public }) {
            Ok(found) => found,
            Err(finding) => return assert!(!finding.to_string().is_empty()),
        };
        assert!(found.findings.iter().all(|finding| !finding.message.is_empty()), "a finding says nothing");
        let outcome = compile(&[Source::new("rules.yaml", found.rules.as_str())], Options::default());
        let errors: Vec<_> = outcome.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "what was imported does not compile: {errors:?}\n{}", found.rules);
        let plans = outcome.plans.unwrap();
        for bytes in [&plans.edge, &plans.public] {
            let plan = Plan::load(bytes).unwrap();
            FACTS.iter().for_each(|facts| exercise(&plan, facts));
        }
    }
}
