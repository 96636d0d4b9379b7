//! The examples of the rules reference behave as the page says: each is followed by facts and their outcome.

use serde_json::{Value, json};
use throughline::{Plan, advance, advance_account, reduce};
use throughline_compiler::{Options, Plans, Source, compile};

use crate::support;

/// Returns the blocks of a page, each with its language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).collect()
}

/// Returns rules with a slot for each segment that an example names, which is filled for members only.
fn probes<'e>(examples: impl Iterator<Item = &'e Value>) -> Source {
    let named = examples.filter_map(|example| example["segments"].as_object()).flat_map(serde_json::Map::keys);
    let slot = |id: &String| format!("segment.{id}");
    let ids: Vec<&String> = named.collect();
    let slots: Value = ids.iter().map(|id| (slot(id), json!({}))).collect::<serde_json::Map<_, _>>().into();
    let campaign = |id: &&String| {
        (slot(id), json!({ "class": "transactional", "when": { "$segment": id }, "slots": { slot(id): "probe" } }))
    };
    let campaigns: Value = ids.iter().map(campaign).collect::<serde_json::Map<_, _>>().into();
    let messages = json!({ "probe": { "renditions": [{ "channel": "web", "html": "in" }] } });
    Source::new("probes.json", json!({ "slots": slots, "campaigns": campaigns, "messages": messages }).to_string())
}

fn compiled(rules: &[Source]) -> Plans {
    let outcome = compile(rules, Options::default());
    let wrong = outcome.render(rules, false);
    outcome.plans.unwrap_or_else(|| panic!("{wrong}"))
}

/// Returns the outcome of the facts, in the form of the page.
fn outcome([plan, public, probes]: [&Plan; 3], example: &Value) -> Value {
    let facts = support::facts(&example["facts"]);
    let read = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let mut found = json!({ "facts": example["facts"], "decision": support::decide(plan, &facts) });
    found["inBrowser"] = support::decide(public, &facts);
    let probed = support::decide(probes, &facts);
    for id in example["segments"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        found["segments"][id] = (!probed["slots"][format!("segment.{id}")].is_null()).into();
    }
    found["features"] = read(support::evaluate_all(plan, &facts, &Value::Null));
    found["experiments"] = read(support::experiments(plan, &facts, &Value::Null));
    let mut profile = facts.profile.clone();
    facts.events.iter().for_each(|event| reduce(plan, &mut profile, event));
    let mut actions = advance(plan, &profile, &[], facts.now).actions;
    // The subject is the only member of the account, so the account has the same events.
    let member_messages = advance_account(plan, &profile, facts.now).member_messages;
    actions.extend(
        member_messages
            .iter()
            .filter_map(|member_message| member_message.compose(plan, &profile, &[], facts.now).unwrap()),
    );
    let sent = actions.iter().map(|action| {
        let channel = action.outcome.as_ref().map_or("none", |letter| letter.channel.as_str());
        json!({ "journey": action.journey, "step": action.step, "message": action.message, "channel": channel })
    });
    found["sends"] = sent.collect();
    found
}

#[test]
fn the_examples_of_the_rules_reference_do_what_the_page_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md")).unwrap();
    let blocks = blocks(&page);
    let of =
        |wanted: &'static str| blocks.iter().filter(move |(language, _)| *language == wanted).map(|(_, text)| *text);
    let source = |(number, text)| Source::new(format!("rules.md, example {number}"), text);
    let rules: Vec<Source> = (1..).zip(of("yaml")).map(source).collect();
    let parse = |text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let told: Vec<Value> = of("json").map(parse).collect();
    // The first one names events that occur in several.
    let named = told.first().unwrap();
    let plans = compiled(&rules);
    let probes = compiled(&[rules, vec![probes(told.iter())]].concat());
    let [plan, public, probes] = [plans.edge, plans.public, probes.edge].map(|bytes| Plan::load(&bytes).unwrap());
    let mut wrong = Vec::new();
    // The smallest file stands alone, and is an example of the compiler's tests.
    let mut examples = blocks.iter().filter(|(language, _)| ["yaml", "json"].contains(language)).peekable();
    while let Some((language, text)) = examples.next() {
        if *language == "yaml" {
            if examples.peek().is_none_or(|(next, _)| *next != "json") {
                wrong.push(format!("nothing says what comes of\n{text}"));
            }
            continue;
        }
        let mut example: Value = parse(text);
        if example.get("facts").is_none() {
            continue;
        }
        if let Some(name) = example["facts"]["events"].as_str() {
            example["facts"]["events"] = named[name].clone();
        }
        let found = outcome([&plan, &public, &probes], &example);
        assert!(example.as_object().unwrap().len() > 1, "nothing comes of\n{text}");
        let differences = support::differences(&example, &found, true);
        if !differences.is_empty() {
            wrong.push(format!("{}\nin {text}", differences.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
