//! The linter: the examples of its documentation, the demo's rules, and allowances.

use std::collections::BTreeSet;

use throughline::Millis;
use throughline_compiler::{CompileResult, Options, Source, WARNINGS, check};

use crate::support;

/// The first moment of 2026, the current time of the examples.
const NOW: Millis = Millis(1_767_225_600_000);

fn page() -> String {
    std::fs::read_to_string(support::path("../docs/lint.md")).unwrap()
}

fn linted(sources: &[Source]) -> CompileResult {
    check(sources, Options::default(), Some(NOW))
}

fn codes(outcome: &CompileResult) -> BTreeSet<&'static str> {
    outcome.diagnostics.iter().map(|found| found.code).collect()
}

/// Returns the YAML blocks of a piece of a page.
fn blocks(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("yaml\n")).collect()
}

/// Returns the sections whose heading is a code, with that code.
fn sections(page: &str) -> Vec<(&str, &str)> {
    page.split("\n### `").skip(1).map(|part| part.split_once('`').unwrap()).collect()
}

/// Returns the rules that surround the examples.
fn frame(page: &str) -> Source {
    let (before, _) = page.split_once("\n### `").unwrap();
    Source::new("frame.yaml", *blocks(before).last().unwrap())
}

#[test]
fn every_code_has_a_section_and_every_section_a_code() {
    let page = page();
    let documented: Vec<&str> = sections(&page).into_iter().map(|(code, _)| code).collect();
    let known: Vec<&str> = WARNINGS.iter().map(|(code, _)| *code).collect();
    assert_eq!(documented, known);
}

#[test]
fn bad_examples_are_found_and_good_ones_are_not() {
    let page = page();
    let frame = frame(&page);
    let mut wrong = Vec::new();
    let outcome = linted(core::slice::from_ref(&frame));
    if !outcome.diagnostics.is_empty() {
        wrong.push(format!("the frame: {}", outcome.render(core::slice::from_ref(&frame), false)));
    }
    for (code, text) in sections(&page) {
        let examples = blocks(text);
        if examples.is_empty() || !examples.len().is_multiple_of(2) {
            wrong.push(format!("{code} has {} examples", examples.len()));
            continue;
        }
        let names = [("bad", Some(code)), ("good", None)];
        for ((name, wanted), example) in names.into_iter().cycle().zip(examples) {
            let sources = [frame.clone(), Source::new(format!("{code}-{name}.yaml"), example)];
            let outcome = linted(&sources);
            if codes(&outcome) != wanted.into_iter().collect() || outcome.plans.is_none() {
                wrong.push(format!("{code}, {name}: found {:?}\n{}", codes(&outcome), outcome.render(&sources, false)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Segments that exclude each other are named, and events are told in words.
#[test]
fn what_is_proven_impossible_is_an_error_in_the_words_of_the_rules() {
    let rules = |when: &str| {
        format!(
            r#"
policies: {{ consent: {{ default: granted }} }}
segments: {{ buyer: {{ when: {{ $event: {{ name: Order Completed, within: 365d }} }} }} }}
slots: {{ hero: {{ pages: ["/"], public: true }} }}
channels: {{ web: {{}} }}
messages: {{ hello: {{ renditions: [ {{ channel: web, html: "<p>Hello</p>" }} ] }} }}
campaigns: {{ greet: {{ class: service, when: {when}, slots: {{ hero: hello }} }} }}
"#
        )
    };
    let named = "no facts satisfy this condition: in segment `buyer` and not in segment `buyer` are mutually exclusive";
    let told = "no facts satisfy this condition: event `Order Completed` within 365d and not event `Order Completed` within 365d are mutually exclusive";
    let cases = [
        ("{ $segment: buyer, $not: { $segment: buyer } }", named),
        ("{ $segment: buyer, $not: { $event: { name: Order Completed, within: 365d } } }", told),
    ];
    for (when, message) in cases {
        let outcome = linted(&[Source::new("rules.yaml", rules(when))]);
        let found: Vec<_> = outcome.diagnostics.iter().filter(|found| found.code == "never-true").collect();
        assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [message]);
        assert!(found.iter().all(|found| found.severity == throughline_compiler::Severity::Error));
    }
    let allow =
        "lint: { allow: [ { code: never-true, reason: switched off }, { code: unreachable-campaign, reason: so } ] }";
    let off = rules(cases[0].0) + allow;
    let codes = codes(&linted(&[Source::new("rules.yaml", off)]));
    assert!(!codes.contains("never-true"), "{codes:?}");
}

#[test]
fn the_demo_rules_are_clean() {
    let sources = support::demo();
    let outcome = linted(&sources);
    assert!(outcome.diagnostics.is_empty(), "{}", outcome.render(&sources, false));
}

/// Checks that a shadowed campaign is found whatever its condition consists of.
#[test]
fn rivals_are_found_by_what_they_require() {
    let conditions = [
        ("{ score: { $lt: 10 } }", "{ score: { $lt: 20 } }"),
        ("{ score: 5, tier: gold }", "{ tier: { $in: [gold, silver] } }"),
        ("{ tier: gold }", "{ $or: [ { tier: gold }, { score: 5 } ] }"),
        ("{ name: { $regex: ^a }, score: 5 }", "{ name: { $regex: ^a } }"),
        ("{ $event: { name: E, within: 1h } }", "{ $event: { name: E, within: 1d } }"),
        ("{ $recency: { event: E, $lt: 1h } }", "{ $event: { name: E, within: 1d } }"),
        ("{ $segment: keen, tier: gold }", "{ score: { $gt: 50 } }"),
        ("{ version: { $vgte: 2.1.0 } }", "{ version: { $vgte: 2.0.0 } }"),
    ];
    for (narrow, wide) in conditions {
        let found = |first: &str, second: &str| {
            let rules = format!(
                "attributes: {{ score: {{ type: number, edge: true }}, name: {{ type: string, edge: true }},
  tier: {{ type: string, edge: true }}, version: {{ type: version, edge: true }} }}
segments: {{ keen: {{ when: {{ score: {{ $gt: 60 }} }} }} }}
slots: {{ hero: {{}} }}
channels: {{ web: {{}} }}
messages: {{ m: {{ renditions: [ {{ channel: web, html: m }} ] }} }}
campaigns:
  high: {{ class: service, priority: 2, when: {first}, slots: {{ hero: m }} }}
  low: {{ class: service, priority: 1, when: {second}, slots: {{ hero: m }} }}
"
            );
            codes(&linted(&[Source::new("rules.yaml", rules)])).contains("shadowed-campaign")
        };
        assert!(found(wide, narrow), "{wide} does not beat {narrow}");
        assert!(!found(narrow, wide), "{narrow} beats {wide}");
    }
}

#[test]
fn all_that_nothing_uses_is_told() {
    let page = page();
    let unused = sections(&page).into_iter().find(|(code, _)| *code == "unused").unwrap().1;
    let outcome = linted(&[frame(&page), Source::new("unused.yaml", *blocks(unused).first().unwrap())]);
    let paths: Vec<&str> = outcome.diagnostics.iter().map(|found| found.path.as_str()).collect();
    let wanted = [
        "segments.keen",
        "exclusions.page",
        "catalogue",
        "lists.all",
        "savedGroups.testers",
        "contextualBandits.banner",
    ];
    assert_eq!(paths, wanted);
}

/// Checks the findings for the lengths of SMS.
#[test]
fn texts_are_measured_with_what_bounds_them() {
    let long = "x".repeat(100);
    let cases = [
        // Two items of at most 100 characters, with a comma each.
        ("{% for item in lists.all %}{{ item.title }},{% endfor %}", Some("2 segments: 202 code units")),
        ("{% for item in lists.all limit: 1 %}{{ item.title }},{% endfor %}", None),
        ("{% for item in lists.one %}{{ item.title }},{% endfor %}", None),
        ("{% for item in lists.all %}{{ item.title | truncate: 70 }}{% endfor %}", None),
        ("{{ lists.all | map: 'title' | join: ', ' }}", Some("2 segments: 204 code units")),
        (
            "{% for i in (1..9) %}{{ name }}{% endfor %}",
            Some("2 segments: 180 code units in GSM 03.38, assuming 20 characters for `{{ name }}`"),
        ),
        ("{% for tag in tags %}{{ tag }}{% else %}none{% endfor %}", Some("1 segment without `{% for tag in tags %}`")),
        ("{{ tags | join: ', ' }}", Some("1 segment without `{{ tags | join: ', ' }}`")),
        ("{{ tags | join: ', ' | truncate: 161 }}", Some("2 segments: 161 code units")),
        ("{% for tag in tags limit: 8 %}{{ tag }}{% endfor %}", None),
    ];
    for (text, wanted) in cases {
        let rules = format!(
            "attributes: {{ tags: {{ type: list, edge: true }}, name: {{ type: string, edge: true }} }}
channels: {{ web: {{}}, sms: {{}} }}
catalogue: {{ tent: {{ title: Tent }}, boots: {{ title: {long} }} }}
lists: {{ all: {{}}, one: {{ limit: 1 }} }}
messages: {{ m: {{ renditions: [ {{ channel: sms, text: \"{text}\" }} ] }} }}
campaigns: {{ c: {{ class: service, when: {{ $and: [ {{ name: {{ $exists: true }} }}, {{ tags: {{ $exists: true }} }} ] }}, next: [ {{ channel: sms, message: m }} ] }} }}
"
        );
        let outcome = linted(&[Source::new("rules.yaml", rules)]);
        let told: Vec<&str> = outcome
            .diagnostics
            .iter()
            .filter(|found| found.code != "unused")
            .map(|found| found.message.as_str())
            .collect();
        match wanted {
            Some(wanted) => {
                assert!(told.len() == 1 && told.iter().all(|said| said.contains(wanted)), "{text}: {told:?}")
            }
            None => assert!(told.is_empty(), "{text}: {told:?}"),
        }
    }
}

#[test]
fn what_leaves_the_collector_is_listed_with_what_needs_it() {
    let page = page();
    let lines = |sources: &[Source]| -> String {
        linted(sources).disclosures.iter().map(|disclosures| disclosures.line() + "\n").collect()
    };
    let (_, listed) = page.split_once("```text\n").unwrap();
    assert!(listed.starts_with(&(lines(&[frame(&page)]) + "```")), "{}", lines(&[frame(&page)]));
    let rules = "
attributes: { tier: { type: string, edge: true }, margin: { type: number }, plan: { type: string, edge: true } }
segments:
  valuable: { when: { margin: { $gt: 40 } } }
  keen: { when: { $event: { name: Page Viewed, count: 3, within: 1d }, plan: free } }
slots: { hero: { public: true }, side: {} }
channels: { web: {} }
messages: { m: { renditions: [ { channel: web, html: \"{{ tier }}\" } ] }, n: { renditions: [ { channel: web, html: n } ] } }
campaigns:
  one: { class: service, when: { $segment: [valuable, keen] }, slots: { side: n } }
  two: { class: service, slots: { hero: m } }
policies: { cooldown: [ { class: service, after: { event: Order Completed }, for: 1d } ] }
";
    let wanted = "\
attribute plan: token; needed by segments.keen.when
attribute tier: token and public plan; needed by messages.m.renditions[0].html
segment valuable: token; needed by campaigns.one.when
event Order Completed: token and public plan; needed by policies.cooldown[0].after.event
event Page Viewed: token; needed by segments.keen.when
";
    assert_eq!(lines(&[Source::new("rules.yaml", rules)]), wanted);
}

/// Checks many campaigns that share a device and a group with nine others: they are compared with these,
/// however many share the device. A finding that occurs a thousand times is reported a few times and counted.
#[test]
fn a_slot_of_many_campaigns_is_checked_whole_and_told_in_few_lines() {
    let count = 600;
    let campaigns: String = (0..count)
        .map(|number| {
            let group = number % (count / 10);
            format!("  c{number}: {{ class: service, priority: {number}, when: {{ device: mobile, group: g{group} }}, slots: {{ hero: m }} }}\n")
        })
        .collect();
    let rules = format!(
        "attributes: {{ device: {{ type: string, edge: true }}, group: {{ type: string, edge: true }} }}
slots: {{ hero: {{}} }}
channels: {{ web: {{}} }}
messages: {{ m: {{ renditions: [ {{ channel: web, html: m }} ] }} }}
campaigns:\n{campaigns}"
    );
    let outcome = linted(&[Source::new("rules.yaml", rules)]);
    let told = |code: &str| outcome.diagnostics.iter().filter(|found| found.code == code).collect::<Vec<_>>();
    assert!(told("unchecked").is_empty());
    let shadowed = told("shadowed-campaign");
    // In each group one campaign has the highest priority.
    let all = count - count / 10;
    assert_eq!(shadowed.len(), 20);
    let more = format!("; and {} more findings like this", all - 20);
    assert!(shadowed.last().unwrap().message.ends_with(&more), "{}", shadowed.last().unwrap().message);
}
