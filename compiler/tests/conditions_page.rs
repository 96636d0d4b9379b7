//! The tables of the page on conditions: each line is compiled and decided.

use serde_json::{Map, Value, json};
use throughline::{Plan, decide};
use throughline_compiler::Source;
use throughline_compiler::source::duration;

use crate::support;

/// Noon of 1 June 2026.
const NOON: i64 = 1_780_315_200_000;

/// Parses YAML to JSON.
fn json(yaml: &str) -> Value {
    let tree = throughline_compiler::parse(&Source::new("facts.yaml", yaml)).unwrap();
    serde_json::from_str(&throughline::canonical::to_string(&tree.to_value())).unwrap()
}

/// Returns the strings in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Returns the lines of the tables of a page: a condition, facts for which it holds, and facts for which it
/// does not.
fn lines(page: &str) -> Vec<[&str; 3]> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (condition, rest) = row.split_once("` |").unwrap();
        let (yes, no) = rest.split_once(" | ").unwrap();
        [condition, yes, no]
    })
    .collect()
}

/// Parses facts as the page writes them.
fn facts(written: &str) -> throughline::Facts {
    let mut written = json(written).as_object().unwrap().clone();
    let mut take = |name: &str| written.remove(name).unwrap_or(Value::Null);
    let now = take("now").as_str().map_or(NOON, |text| text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let age = |event: &Value| duration::parse(event.get(1).unwrap().as_str().unwrap()).unwrap().0;
    let events = take("events");
    let events: Vec<Value> = (0..)
        .zip(events.as_array().into_iter().flatten())
        .map(|(at, event)| {
            let properties = event.get(2).cloned().unwrap_or_else(|| json!({}));
            let time = now.checked_sub(age(event)).unwrap();
            json!({ "id": format!("e{at}"), "type": "track", "event": event.get(0), "at": time, "trusted": true, "properties": properties })
        })
        .collect();
    let journey = take("journey");
    let entered = journey.is_array().then(
        || json!({ "basket": { "entered": [now, 1], "since": now, "status": journey.get(0), "step": journey.get(1) } }),
    );
    let mut request = json!({ "attributes": { "path": "/" }, "consent": take("consent") });
    if let Some(attributes) = take("request").as_object() {
        request.pointer_mut("/attributes").unwrap().as_object_mut().unwrap().extend(attributes.clone());
    }
    let segments = take("segments");
    let traits: Map<String, Value> = written.into_iter().map(|(name, value)| (name, json!([value, 1, 1]))).collect();
    let mut facts =
        json!({ "now": now, "profile": { "subject": "p", "traits": traits }, "request": request, "events": events });
    for (name, part) in [("journeys", entered.unwrap_or_default()), ("segments", segments)] {
        if !part.is_null() {
            facts.pointer_mut("/profile").unwrap().as_object_mut().unwrap().insert(name.to_owned(), part);
        }
    }
    serde_json::from_value(facts).unwrap()
}

#[test]
fn conditions_hold_for_what_the_page_says() {
    let page = std::fs::read_to_string(support::path("../docs/conditions.md")).unwrap();
    let frame = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let lines = lines(&page);
    assert!(lines.len() > 50, "only {} lines", lines.len());
    for [condition, yes, no] in lines {
        let rules = json!({
            "slots": { "here": {} },
            "campaigns": { "it": { "class": "service", "when": json(condition), "slots": { "here": "hello" } } },
        });
        let sources = [Source::new("page.yaml", frame), Source::new("line.json", rules.to_string())];
        let plan = Plan::load(&support::plans(&sources).edge).unwrap();
        for (cell, wanted) in [(yes, true), (no, false)] {
            for written in quoted(cell) {
                let holds = !decide(&plan, &facts(written)).slots.is_empty();
                assert_eq!(holds, wanted, "{condition} for {written}");
            }
        }
    }
}

#[test]
fn the_page_has_every_operator() {
    let page = std::fs::read_to_string(support::path("../docs/conditions.md")).unwrap();
    let reference = std::fs::read_to_string(support::path("../docs/rules.md")).unwrap();
    let conditions: String = lines(&page).into_iter().map(|[condition, ..]| format!("{condition}\n")).collect();
    let section = reference.split("## Conditions").nth(1).unwrap().split("\n## ").next().unwrap();
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '$';
    let named = section.split(|c| !is_letter(c)).filter(|word| word.len() > 2 && word.starts_with('$'));
    let missing: Vec<&str> = named.filter(|operator| !conditions.contains(&format!("{operator}:"))).collect();
    assert!(missing.is_empty(), "no line shows {missing:?}");
}
