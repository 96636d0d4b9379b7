//! The examples of the page on templates, compiled and rendered.

use serde_json::{Value, json};
use throughline::{Facts, Plan, decide};
use throughline_compiler::{Options, Source, compile};

use crate::support;

/// Returns the blocks of a page in a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// Renders a template in a slot of a page.
fn written(catalogue: &str, facts: &Value, template: &str) -> String {
    let rules = json!({
        "defaults": { "timezone": "Europe/Vienna" },
        "attributes": {
            "firstName": { "type": "string", "edge": true }, "tier": { "type": "string", "edge": true },
            "nobody": { "type": "string", "edge": true }, "points": { "type": "number", "edge": true },
            "vip": { "type": "boolean", "edge": true }, "tags": { "type": "list", "edge": true },
            "cart": { "type": "object", "edge": true }, "ordered": { "type": "date", "edge": true },
            "viewed": { "type": "list", "edge": true }, "bought": { "type": "list", "edge": true },
        },
        "slots": { "hero": { "public": true } },
        "channels": { "web": {} },
        "messages": { "m": { "renditions": [{ "channel": "web", "html": template }] } },
        "campaigns": { "c": { "class": "service", "slots": { "hero": "m" } } },
    });
    let sources = [Source::new("rules.json", rules.to_string()), Source::new("catalogue.yaml", catalogue)];
    let outcome = compile(&sources, Options::default());
    let plans = outcome.plans.as_ref().unwrap_or_else(|| panic!("{template}:\n{}", outcome.render(&sources, false)));
    let body = |bytes: &[u8]| {
        let (plan, facts) = (Plan::load(bytes).unwrap(), serde_json::from_value::<Facts>(facts.clone()).unwrap());
        let decision = decide(&plan, &facts);
        decision.slots.get("hero").unwrap().content.body.to_string()
    };
    assert_eq!(body(&plans.edge), body(&plans.public), "{template}");
    body(&plans.edge)
}

#[test]
fn every_example_becomes_what_the_page_says() {
    let page = std::fs::read_to_string(support::path("../docs/templates.md")).unwrap();
    let facts: Value = serde_json::from_str(blocks(&page, "json").first().unwrap()).unwrap();
    let traits: serde_json::Map<_, _> =
        facts.as_object().unwrap().iter().map(|(name, value)| (name.clone(), json!([value, 1, 0]))).collect();
    let facts = json!({ "now": 1_760_000_000_000_i64, "profile": { "subject": "p1", "traits": traits } });
    let catalogue = *blocks(&page, "yaml").first().unwrap();
    let texts = blocks(&page, "text");
    let examples: Vec<_> =
        texts.iter().flat_map(|block| block.lines()).filter_map(|line| line.split_once(" → ")).collect();
    assert!(examples.len() >= 27, "only {} examples", examples.len());
    let wrong: Vec<String> = examples
        .into_iter()
        .map(|(template, wanted)| (template, wanted, written(catalogue, &facts, template)))
        .filter(|(_, wanted, found)| *wanted != found)
        .map(|(template, wanted, found)| format!("{template}\n  wanted {wanted}\n  found  {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn browsers_get_no_field_that_no_template_names_and_nothing_out_of_stock() {
    let catalogue = "catalogue: { cup: { title: Cup, cost: secret-cost, stock: 1 }, tent: { title: secret-tent, stock: 0 } }\n\
                     lists: { all: { where: { stock: 1 } }, secret-list: {} }\n";
    let template = "{% for item in lists.all %}{{ item.title }}{% endfor %}";
    let rules = json!({
        "slots": { "hero": { "public": true } }, "channels": { "web": {} },
        "messages": { "m": { "renditions": [{ "channel": "web", "html": template }] } },
        "campaigns": { "c": { "class": "service", "slots": { "hero": "m" } } },
    });
    let sources = [Source::new("rules.json", rules.to_string()), Source::new("catalogue.yaml", catalogue)];
    let plans = compile(&sources, Options::default()).plans.unwrap();
    let text = String::from_utf8_lossy(&plans.public);
    assert!(text.contains("Cup") && !text.contains("secret"), "{text}");
}
