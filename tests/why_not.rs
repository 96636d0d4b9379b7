//! Answers to "why was this campaign not shown?": one case for each reason.

use serde_json::{Value, json};
use throughline::explain;

use crate::support;

const NOW: i64 = 1_760_011_200_000;
const HOUR: i64 = 3_600_000;

/// Returns rules with a campaign `x` that fills the slot `hero` and is the next action, unless something
/// prevents it.
fn rules() -> Value {
    json!({
        "attributes": {
            "tier": { "type": "string", "edge": true }, "score": { "type": "number", "edge": true },
            "support.open": { "type": "boolean", "edge": true }, "phoneOk": { "type": "boolean", "edge": true },
        },
        "policies": { "consent": { "default": "granted", "promo": ["advertising"] } },
        "segments": { "keen": { "when": { "score": { "$gte": 20 } } } },
        "slots": { "hero": { "pages": ["/"] }, "bar": { "pages": ["/"] }, "card": { "pages": ["/app"] } },
        "channels": { "web": {}, "sms": { "reach": "phoneOk" }, "email": {} },
        "offers": { "mine": { "group": "sales" }, "theirs": { "group": "sales" } },
        "messages": {
            "m": { "renditions": [{ "channel": "web", "html": "m" }, { "channel": "sms", "text": "m" }, { "channel": "email", "subject": "m", "text": "m" }] },
        },
        "campaigns": {
            "x": {
                "class": "service", "priority": 50, "offer": "mine", "slots": { "hero": "m", "card": "m" },
                "next": [{ "channel": "sms", "message": "m" }, { "channel": "email", "message": "m" }],
            },
        },
    })
}

fn facts() -> Value {
    json!({
        "now": NOW,
        "profile": {
            "subject": "p1",
            "traits": { "tier": ["gold", 1, 1], "score": [12, 1, 1], "support": [{ "open": true }, 1, 1] },
            "exposures": { "campaign:x": [[NOW - HOUR, 1], [NOW - 2 * HOUR, 2]] },
        },
        "request": { "attributes": { "path": "/" }, "consent": { "advertising": "denied" } },
        "events": [{ "id": "e", "type": "track", "event": "Order Completed", "at": NOW - HOUR, "properties": {}, "traits": {}, "consent": {}, "trusted": true }],
    })
}

/// Merges the members of one object into another, at every depth.
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// Returns the answer for rules and facts with these changes.
fn why_not(rules_patch: &Value, facts_patch: &Value, campaign: &str, slot: Option<&str>) -> Value {
    let (mut rules, mut facts) = (rules(), facts());
    merge(&mut rules, rules_patch);
    merge(&mut facts, facts_patch);
    let plan = support::plan(&rules);
    let facts = support::facts(&facts);
    let explanation = explain(&plan, &facts).why_not(&plan, campaign, slot);
    serde_json::from_str::<Value>(&explanation.to_json()).unwrap()["whyNot"].clone()
}

/// Checks the answer for `x` in the hero, for a change of `x`, of the rules and of the facts.
#[track_caller]
fn assert_says(x: &Value, rules: &Value, facts: &Value, wanted: &Value) {
    let mut rules = rules.clone();
    merge(&mut rules, &json!({ "campaigns": { "x": x } }));
    let found = &why_not(&rules, facts, "x", Some("hero"))["slots"]["hero"];
    let wrong = support::differences(wanted, found, true);
    assert!(wrong.is_empty(), "{x} {rules} {facts}:\n{}\n{found:#}", wrong.join("\n"));
}

#[test]
fn of_a_condition_the_first_test_that_decided_is_named_with_its_fact() {
    let cases = [
        (
            json!({ "score": { "$gte": 50 } }),
            json!({ "path": "of[0]", "attribute": "score", "found": 12, "op": "$gte", "operand": 50, "holds": false }),
        ),
        (
            json!({ "$and": [{ "tier": "gold" }, { "score": { "$lt": 5 } }] }),
            json!({ "path": "of[1].of[0]", "attribute": "score", "op": "$lt" }),
        ),
        (json!({ "city": "Graz" }), json!({ "attribute": "city", "missing": "city", "operand": "Graz" })),
        (
            json!({ "$or": [{ "tier": "iron" }, { "score": 7 }] }),
            json!({ "path": "of[0].of[0]", "attribute": "tier", "found": "gold", "operand": "iron" }),
        ),
        (
            json!({ "$not": { "tier": "gold" } }),
            json!({ "path": "of[0].of[0]", "attribute": "tier", "operand": "gold", "holds": true }),
        ),
        (json!({ "$segment": "keen" }), json!({ "segment": "keen", "attribute": "score", "found": 12, "operand": 20 })),
        (
            json!({ "$event": { "name": "Order Completed", "count": { "$gte": 2 }, "within": "1d" } }),
            json!({ "event": "Order Completed", "found": 1, "op": "$gte", "operand": 2 }),
        ),
        (
            json!({ "$consent": "advertising" }),
            json!({ "op": "$consent", "purpose": "advertising", "found": "denied", "operand": "granted" }),
        ),
    ];
    for (when, because) in cases {
        let wanted = json!({ "outcome": "condition_false", "priority": 50, "because": because });
        assert_says(&json!({ "when": when }), &json!({}), &json!({}), &wanted);
    }
}

#[test]
fn whatever_else_is_in_the_way_is_named_with_its_numbers() {
    let none = json!({});
    let rival = |offer: &str| json!({ "campaigns": { "y": { "class": "service", "priority": 90, "offer": offer, "slots": { "hero": "m" } } } });
    let policy = |policy: Value| json!({ "policies": policy });
    let cases = [
        (json!({}), none.clone(), none.clone(), json!({ "outcome": "won" })),
        (
            json!({ "class": "promo" }),
            none.clone(),
            none.clone(),
            json!({ "outcome": "consent_missing", "detail": { "purpose": "advertising" } }),
        ),
        (
            json!({ "schedule": { "from": "2026-01-01" } }),
            none.clone(),
            none.clone(),
            json!({ "outcome": "outside_schedule", "detail": { "from": 1_767_225_600_000_i64 } }),
        ),
        (
            none.clone(),
            json!({ "holdouts": { "h": { "percent": 100 } } }),
            none.clone(),
            json!({ "outcome": "holdout", "detail": { "holdout": "h", "share": 1 } }),
        ),
        (
            json!({ "exclusion": { "group": "g", "from": 0, "to": 0.000_001 } }),
            json!({ "exclusions": { "g": {} } }),
            none.clone(),
            json!({ "outcome": "excluded", "detail": { "exclusion": "g", "range": [0, 0.000_001] } }),
        ),
        (
            none.clone(),
            policy(json!({ "suppress": [{ "class": "service", "when": { "support.open": true } }] })),
            none.clone(),
            json!({ "outcome": "suppressed", "because": { "path": "when.of[0]", "attribute": "support.open", "found": true, "holds": true } }),
        ),
        (
            none.clone(),
            policy(
                json!({ "cooldown": [{ "class": "service", "after": { "event": "Order Completed" }, "for": "2h" }] }),
            ),
            none.clone(),
            json!({ "outcome": "cooling_down", "detail": { "after": "Order Completed", "since": NOW - HOUR, "until": NOW + HOUR } }),
        ),
        (
            json!({ "caps": [{ "max": 2, "per": "6h" }] }),
            none.clone(),
            none.clone(),
            json!({ "outcome": "capped", "detail": { "max": 2, "seen": 2, "times": [NOW - 2 * HOUR, NOW - HOUR], "room": NOW + 4 * HOUR } }),
        ),
        (
            none.clone(),
            none.clone(),
            json!({ "profile": { "offers": { "theirs": [NOW - HOUR, 1] } } }),
            json!({ "outcome": "offer_conflict", "detail": { "offer": "theirs", "since": NOW - HOUR } }),
        ),
        (
            none.clone(),
            rival("theirs"),
            none.clone(),
            json!({ "outcome": "offer_conflict", "detail": { "offer": "theirs", "since": null } }),
        ),
        (
            none.clone(),
            rival("mine"),
            none.clone(),
            json!({ "outcome": "outranked", "detail": { "campaign": "y", "by": "priority" } }),
        ),
        (
            none.clone(),
            json!({ "messages": { "m": { "once": true } } }),
            json!({ "profile": { "exposures": { "seen:m": [[1, 1]] } } }),
            json!({ "outcome": "already_seen", "detail": { "message": "m" } }),
        ),
        (
            none.clone(),
            none.clone(),
            json!({ "request": { "channel": "kiosk" } }),
            json!({ "outcome": "no_rendition" }),
        ),
        (none.clone(), none.clone(), json!({ "request": { "bot": true } }), json!({ "outcome": "bot" })),
        (none.clone(), none.clone(), json!({ "request": { "slots": ["bar"] } }), json!({ "outcome": "not_asked" })),
    ];
    for (x, rules, facts, wanted) in cases {
        assert_says(&x, &rules, &facts, &wanted);
    }
}

#[test]
fn without_a_slot_every_place_of_the_campaign_is_answered() {
    let none = json!({});
    let found = why_not(&none, &none, "x", None);
    let sms = json!({ "channel": "sms", "message": "m", "outcome": "unreachable" });
    let email = json!({ "channel": "email", "message": "m", "outcome": "possible", "at": NOW });
    let wanted = json!({
        "campaign": "x",
        "slots": { "hero": { "outcome": "won", "priority": 50 }, "card": { "outcome": "not_asked" } },
        "nextAction": { "outcome": "won", "priority": 50, "steps": [sms, email] },
    });
    assert_eq!(found, wanted);
}

#[test]
fn what_is_not_there_is_said() {
    let none = json!({});
    assert_eq!(why_not(&none, &none, "z", Some("hero")), json!({ "campaign": "z", "outcome": "unknown_campaign" }));
    let slots = |slot: &str| why_not(&none, &none, "x", Some(slot))["slots"].clone();
    assert_eq!(slots("bar"), json!({ "bar": { "outcome": "not_placed" } }));
    assert_eq!(slots("attic"), json!({ "attic": { "outcome": "unknown_slot" } }));
}

#[test]
fn a_segment_of_segments_is_spelled_out_once() {
    let mut segments = json!({ "s0": { "when": { "score": { "$gte": 20 } } } });
    for number in 1..15 {
        let part = format!("s{}", number - 1);
        segments[format!("s{number}")] = json!({ "when": { "$or": [{ "$segment": part }, { "$and": [{ "$segment": part }, { "tier": "gold" }] }] } });
    }
    let rules = json!({ "segments": segments, "campaigns": { "x": { "when": { "$segment": "s14" } } } });
    let mut all = self::rules();
    merge(&mut all, &rules);
    let plan = support::plan(&all);
    let facts = support::facts(&facts());
    let explanation = explain(&plan, &facts).to_json();
    assert!(explanation.len() < 20_000, "{} bytes", explanation.len());
    // For the slot and for the next action.
    assert_eq!(explanation.matches(r#""repeated":true"#).count(), 2 * 14, "{explanation}");

    let answer = why_not(&rules, &json!({}), "x", Some("hero"));
    let because = &answer["slots"]["hero"]["because"];
    assert_eq!(
        (&because["attribute"], &because["found"], &because["operand"]),
        (&json!("score"), &json!(12), &json!(20))
    );
}
