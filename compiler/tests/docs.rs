//! The examples of the rules reference compile.

use throughline_compiler::Source;
use throughline_compiler::growthbook::{ImportOptions, import};

use crate::support;

/// Returns the blocks of a page in a language.
fn blocks<'p>(page: &'p str, language: &'static str) -> impl Iterator<Item = &'p str> {
    page.split("```").skip(1).step_by(2).filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
}

/// Returns the YAML blocks of a page.
fn examples(page: &str) -> Vec<Source> {
    let blocks = (1..).zip(blocks(page, "yaml"));
    blocks.map(|(number, yaml)| Source::new(format!("rules.md, example {number}"), yaml)).collect()
}

/// Checks that the payload of the import guide gives the rules that the guide shows, and that they compile.
#[test]
fn the_guide_from_growthbook_shows_what_happens() {
    let page = std::fs::read_to_string(support::path("../docs/growthbook.md")).unwrap();
    let found = import(blocks(&page, "json").next().unwrap(), ImportOptions::default()).unwrap();
    assert_eq!(found.rules, blocks(&page, "yaml").next().unwrap());
    let findings: Vec<String> = found.findings.iter().map(|finding| format!("{finding}\n")).collect();
    assert_eq!(findings.concat(), blocks(&page, "text").next().unwrap());
    support::plans(&examples(&page));
}

#[test]
fn the_examples_of_the_reference_are_one_set_of_rules() {
    let page = std::fs::read_to_string(support::path("../docs/rules.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 11, "the examples are gone");
    support::plans(&examples);
}

#[test]
fn the_smallest_rules_are_complete_and_leave_nothing_to_find() {
    let page = std::fs::read_to_string(support::path("../docs/rules.md")).unwrap();
    let sources = [Source::new("rules.yaml", blocks(&page, "yaml smallest").next().unwrap())];
    let outcome = throughline_compiler::check(&sources, throughline_compiler::Options::default(), None);
    assert!(outcome.diagnostics.is_empty(), "{}", outcome.render(&sources, false));
    assert!(outcome.plans.is_some());
}

#[test]
fn the_reference_names_every_section_and_every_built_in_attribute() {
    let page = std::fs::read_to_string(support::path("../docs/rules.md")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(throughline_compiler::schema()).unwrap();
    for (section, _) in schema.get("properties").unwrap().as_object().unwrap() {
        assert!(page.contains(&format!("{section}:")), "`{section}` is missing");
    }
    for name in ["id", "path", "utmCampaign", "isBot", "channel", "pageTitle"] {
        assert!(page.contains(name), "`{name}` is missing");
    }
}
