//! The examples of the rules reference are rules.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use throughline_compiler::Source;

/// The YAML blocks of a page.
fn examples(page: &str) -> Vec<Source> {
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("yaml\n"));
    (1..).zip(blocks).map(|(number, yaml)| Source::new(format!("rules.md, example {number}"), yaml)).collect()
}

#[test]
fn the_examples_of_the_reference_are_one_set_of_rules() {
    let page = std::fs::read_to_string(support::path("../docs/rules.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 11, "the examples are gone");
    support::plans(&examples);
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
