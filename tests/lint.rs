//! Law: whatever the linter reports as impossible does not occur, for generated rules and facts.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use throughline::Plan;
use throughline_compiler::{Options, Source, check};

use crate::generate::{self, Dice, NOON};
use crate::support;

/// The number of facts for each set of rules, because compiling takes longer than deciding.
const FACTS: u64 = 20;

/// Returns the plan of the rules, and the findings as `code path`.
fn linted(rules: &Value) -> (Plan, BTreeSet<String>) {
    let sources = [Source::new("rules.json", rules.to_string())];
    let outcome = check(&sources, Options::default(), None);
    let found = outcome.diagnostics.iter().map(|found| format!("{} {}", found.code, found.path)).collect();
    let said = outcome.render(&sources, false);
    let plans = outcome.plans.unwrap_or_else(|| panic!("the rules do not compile:\n{said}\n{rules:#}"));
    (Plan::load(&plans.edge).unwrap(), found)
}

/// Checks that no winner was reported as impossible.
fn assert_possible(findings: &BTreeSet<String>, decision: &Value, case: &str) {
    let mut impossible = Vec::new();
    for (slot, fill) in decision["slots"].as_object().into_iter().flatten() {
        let id = fill["campaign"].as_str().unwrap();
        impossible.extend([
            format!("never-true campaigns.{id}.when"),
            format!("unreachable-campaign campaigns.{id}"),
            format!("shadowed-campaign campaigns.{id}.slots.{slot}"),
        ]);
    }
    if let Some(id) = decision["nextAction"]["campaign"].as_str() {
        impossible.extend([format!("never-true campaigns.{id}.when"), format!("unreachable-campaign campaigns.{id}")]);
    }
    let wrong: Vec<_> = impossible.iter().filter(|finding| findings.contains(*finding)).collect();
    assert!(wrong.is_empty(), "{wrong:?} in {case}");
}

#[test]
fn what_is_said_to_be_impossible_does_not_happen() {
    for seed in 0..support::cases(4_000) / FACTS {
        let rules = generate::rules(seed);
        let (plan, findings) = linted(&rules);
        for number in 0..FACTS {
            let facts = generate::facts(&rules, seed * FACTS + number);
            let decision = support::decide(&plan, &support::facts(&facts));
            assert_possible(&findings, &decision, &format!("case {seed}/{number}:\n{rules:#}\n{facts:#}"));
        }
    }
}

/// Checks conditions over few values, so that many exclude each other, or exclude nobody.
#[test]
fn what_conditions_are_said_to_mean_they_mean() {
    let (mut never, mut always, mut shadowed, mut unreachable) = (0, 0, 0, 0);
    let cases = support::cases(12_000);
    for seed in 0..cases / FACTS / 4 {
        let dice = &mut Dice::new(seed);
        let rules = dense_rules(dice);
        let (plan, findings) = linted(&rules);
        let count = |code: &str| findings.iter().filter(|finding| finding.starts_with(code)).count();
        never += count("never-true campaigns.") + count("unreachable-campaign");
        always += count("always-true");
        shadowed += count("shadowed-campaign");
        unreachable += count("unreachable-rule features.f.") + count("unreachable-rule features.g.");
        // Where the class needs consent, a condition that always holds is not enough to be eligible.
        let is_open = rules["policies"]["consent"]["service"] == json!([]);
        for number in 0..FACTS * 4 {
            let facts = dense_facts(dice);
            let decision = support::decide(&plan, &support::facts(&facts));
            let case = || format!("case {seed}/{number}:\n{rules:#}\n{facts:#}");
            assert_possible(&findings, &decision, &case());
            for rule in reached(&plan, &facts) {
                let finding = findings.iter().find(|finding| {
                    let rest = finding.strip_prefix("unreachable-rule ").and_then(|path| path.strip_prefix(&rule));
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                assert!(finding.is_none(), "{finding:?} in {}", case());
            }
            for at in 0..CAMPAIGNS {
                let is_always = is_open && findings.contains(&format!("always-true campaigns.c{at}.when"));
                let is_silent = decision["slots"][format!("own-{at}")].is_null();
                assert!(!(is_always && is_silent), "always-true campaigns.c{at}.when in {}", case());
            }
        }
    }
    // A linter that reports nothing would pass, too.
    let found =
        [("never", never, 100), ("always", always, 20), ("shadowed", shadowed, 100), ("unreachable", unreachable, 100)];
    for (what, count, least) in found {
        assert!(count as u64 * 12_000 > least * cases, "only {count} {what} in {cases} cases");
    }
}

/// Returns the rules that provide the values of features.
fn reached(plan: &Plan, facts: &Value) -> Vec<String> {
    let all = throughline::evaluate_all(plan, &support::facts(facts), &throughline::EvaluationOptions::default());
    let with_rule = all.iter().filter(|evaluation| !evaluation.rule.is_empty());
    with_rule.map(|evaluation| format!("features.{}.rules[{}]", evaluation.key, evaluation.rule)).collect()
}

/// Returns a feature with these rules, whose ids are their indices.
fn feature(rules: impl Iterator<Item = Value>) -> Value {
    let rules = rules.enumerate().map(|(number, mut rule)| {
        rule["id"] = json!(number.to_string());
        rule
    });
    json!({ "defaultValue": -1, "rules": rules.collect::<Vec<_>>() })
}

/// Returns a rule that forces a value, for some or for all; the number is its value.
fn forcing(dice: &mut Dice, value: u64) -> Value {
    let mut rule = json!({ "condition": dense(dice, 1), "force": value });
    if dice.percent(15) {
        rule["coverage"] = json!(0.5);
    }
    rule
}

/// Returns a rule that provides a value if the feature `f` has some value.
fn depending(dice: &mut Dice) -> Value {
    let value = json!({ (*dice.pick(&["$lt", "$gt", "$eq"])): dice.below(6) });
    let parent = json!({ "id": "f", "condition": { "value": value }, "gate": dice.percent(20) });
    json!({ "condition": dense(dice, 1), "parentConditions": [parent], "force": true })
}

const CAMPAIGNS: usize = 10;

/// Returns campaigns that each have a slot of their own, and all compete for one slot.
fn dense_rules(dice: &mut Dice) -> Value {
    let mut slots = Map::from_iter([("all".to_owned(), json!({}))]);
    let mut campaigns = Map::new();
    for at in 0..CAMPAIGNS {
        slots.insert(format!("own-{at}"), json!({}));
        let own = format!("own-{at}");
        campaigns.insert(
            format!("c{at}"),
            json!({ "class": "service", "priority": at, "when": dense(dice, 3), "slots": { (own): "m", "all": "m" } }),
        );
    }
    json!({
        "attributes": {
            "n": { "type": "number", "edge": true },
            "t": { "type": "string", "edge": true, "enum": ["a", "b", "c"] },
            "s": { "type": "string", "edge": true },
            "b": { "type": "boolean", "edge": true },
            "v": { "type": "version", "edge": true },
            "d": { "type": "date", "edge": true },
            "l": { "type": "list", "edge": true },
            "secret": { "type": "boolean" },
        },
        "channels": { "web": {} },
        "segments": {
            "s0": { "when": dense_part(dice, 16) },
            "s1": { "when": { "$or": [ dense_part(dice, 16), dense_part(dice, 16) ] } },
            "hidden": { "when": { "secret": true } },
        },
        "slots": slots,
        "messages": { "m": { "renditions": [{ "channel": "web", "html": "m" }] } },
        "campaigns": campaigns,
        "features": {
            "f": feature((0..5).map(|value| forcing(dice, value))),
            "g": feature((0..3).map(|_| depending(dice))),
        },
        "journeys": { "j": { "class": "service", "enter": { "event": "E" }, "steps": [{ "id": "one", "wait": "1d" }, { "id": "two", "wait": "1d" }] } },
        "policies": { "consent": { "default": "pending", "service": dice.pick(&[json!([]), json!(["x"])]) } },
    })
}

fn dense(dice: &mut Dice, depth: u64) -> Value {
    let parts = |dice: &mut Dice| -> Vec<Value> { (0..1 + dice.below(3)).map(|_| dense(dice, depth - 1)).collect() };
    match dice.below(if depth == 0 { 4 } else { 10 }) {
        0..=3 => dense_part(dice, 17),
        4..=6 => json!({ "$and": parts(dice) }),
        7 => json!({ "$or": parts(dice) }),
        8 => json!({ "$nor": parts(dice) }),
        _ => json!({ "$not": dense(dice, depth - 1) }),
    }
}

/// Returns a condition of one of the first `kinds`; the last kind uses segments, and time.
fn dense_part(dice: &mut Dice, kinds: u64) -> Value {
    let number = *dice.pick(&[0, 1, 2]);
    let text = *dice.pick(&["a", "b", "c"]);
    let relation = *dice.pick(&["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"]);
    let window = *dice.pick(&["1h", "1d", "2d"]);
    match dice.below(kinds) {
        0..=2 => json!({ "n": { (relation): number } }),
        3 => json!({ "n": { (*dice.pick(&["$in", "$nin"])): [0, 2] } }),
        4 => json!({ "n": number }),
        5 => {
            json!({ "t": { (*dice.pick(&["$in", "$nin", "$ini", "$nini"])): dice.pick(&[json!(["a"]), json!(["a", "b"]), json!([])]) } })
        }
        6 => json!({ "t": { (*dice.pick(&["$eq", "$ne"])): text } }),
        7 => json!({ "s": { (relation): dice.pick(&[json!("a"), json!("b"), json!(""), json!("2"), json!(1)]) } }),
        8 => json!({ (*dice.pick(&["n", "t", "s", "b", "l", "d", "v"])): { "$exists": dice.percent(50) } }),
        9 => {
            json!({ "b": dice.pick(&[json!(true), json!(false), json!(null), json!(1), json!("true"), json!({ "$ne": true })]) })
        }
        10 => {
            let relation = *dice.pick(&["$veq", "$vne", "$vlt", "$vgte", "$eq", "$lte"]);
            json!({ "v": { (relation): dice.pick(&["1.0.0", "2", "2.0.0", "2.0.0-rc.1"]) } })
        }
        11 => {
            json!({ "l": dice.pick(&[json!({ "$size": 1 }), json!({ "$in": ["a"] }), json!({ "$all": ["a"] }), json!({ "$not": { "$in": ["a"] } })]) })
        }
        12 | 13 => {
            let mut event = json!({ "name": "E" });
            if dice.percent(70) {
                event["count"] =
                    dice.pick(&[json!(1), json!({ "$gte": 2 }), json!({ "$lt": 1 }), json!({ "$ne": 0 })]).clone();
            }
            if dice.percent(70) {
                event["within"] = json!(window);
            }
            json!({ "$event": event })
        }
        14 if dice.percent(60) => {
            let dates = ["now", "now+1d", "now-1d", "2025-10-09T12:00:00Z", "2025-10-10"];
            json!({ "d": { (*dice.pick(&["$lt", "$lte", "$gt", "$gte"])): dice.pick(&dates) } })
        }
        14 => {
            json!({ "$recency": { "event": "E", (*dice.pick(&["$lt", "$lte", "$gt", "$gte"])): window } })
        }
        15 => json!({ "$consent": { "x": dice.pick(&["granted", "denied", "pending"]) } }),
        _ => dice
            .pick(&[
                json!({ "$segment": "s0" }),
                json!({ "$segment": ["s0", "s1"] }),
                json!({ "$segment": "hidden" }),
                json!({ "$journey": { "id": "j" } }),
                json!({ "$journey": { "id": "j", "state": "active", "step": "one" } }),
                json!({ "$journey": { "id": "j", "state": "exited" } }),
                json!({ "$schedule": { "from": "2025-10-09T12:00:00Z" } }),
                json!({ "$schedule": { "until": "2025-10-09T12:00:00Z" } }),
                json!({ "s": { "$regex": "^a" } }),
                json!({ "n": { "$type": "number" } }),
            ])
            .clone(),
    }
}

fn dense_facts(dice: &mut Dice) -> Value {
    let now = NOON + i64::try_from(dice.below(3)).unwrap() - 1;
    let mut traits = Map::new();
    let values = [
        ("n", json!([-1, 0, 0.5, 1, 1.5, 2, 3, "1", " 2 ", "", "x", true, [1]])),
        ("t", json!(["a", "b", "c", "a", "b", "c", "A", "d", 7])),
        ("s", json!(["", "0", "1", "2", "a", "aa", "b", "null", "true", 1, true, ["a"]])),
        ("b", json!([true, false, true, false, "yes", "no", "", 0, 1, "maybe", 2])),
        ("v", json!(["1.0.0", "1.5", "2.0.0", "2.0.0-rc.1", 1, "2", "v1", "latest", ""])),
        ("l", json!([[], ["a"], ["a", "b"], ["b"], "a", "a,b", "", 7, {}])),
        ("d", json!([now, now + 86_400_000, now - 86_400_000, "2025-10-09T12:00:00Z", "2025-10-10", "soon", ""])),
    ];
    for (name, values) in values {
        if dice.percent(75) {
            traits.insert(name.to_owned(), json!([dice.pick(values.as_array().unwrap()), now - 5, 1]));
        }
    }
    let mut request = json!({ "attributes": { "path": "/" } });
    if dice.percent(75) {
        request["consent"] = json!({ "x": dice.pick(&["granted", "granted", "denied", "pending"]) });
    }
    let hour = 3_600_000;
    let ages = [0, 1, hour - 1, hour, hour + 1, 24 * hour - 1, 24 * hour, 30 * hour, 48 * hour, 50 * hour];
    let events: Vec<Value> = (0..dice.below(4))
        .map(|at| json!({ "id": format!("e{at}"), "type": "track", "event": "E", "at": now - dice.pick(&ages), "trusted": true }))
        .collect();
    let mut profile = json!({ "subject": "p", "traits": traits });
    if dice.percent(30) {
        profile["segments"] = json!(["hidden"]);
    }
    if dice.percent(50) {
        let status = *dice.pick(&["active", "completed", "exited", "converted", "suppressed"]);
        let step = *dice.pick(&["one", "two"]);
        profile["journeys"] =
            json!({ "j": { "entered": [now - 10, 1], "step": step, "since": now - 10, "status": status } });
    }
    json!({ "now": now, "profile": profile, "request": request, "events": events })
}
