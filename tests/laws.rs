//! Laws of the core, for generated rules, facts and bytes.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use throughline::{Event, Facts, Millis, Plan, Profile, advance, explain, reduce};

use crate::generate::{self, Dice};
use crate::support;

/// Returns the same cases in every run; `THROUGHLINE_CASES` asks for more.
fn config(cases: u64) -> ProptestConfig {
    let cases = u32::try_from(support::cases(cases)).unwrap();
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_251_122),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Returns generated rules, loaded, and facts for them.
fn case(seed: u64) -> (Value, Plan, Facts) {
    let rules = generate::rules(seed);
    let plan = support::plan(&rules);
    let facts = support::facts(&generate::facts(&rules, seed));
    (rules, plan, facts)
}

/// Some sets of rules with their plans, compiled once.
static PLANS: LazyLock<Vec<(Value, Plan)>> = LazyLock::new(|| {
    let rules = (0..40).map(generate::rules);
    rules.map(|rules| (rules.clone(), support::plan(&rules))).collect()
});

fn shuffle<T>(items: &mut [T], seed: u64) {
    let dice = &mut Dice::new(seed);
    for at in (1..items.len()).rev() {
        items.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap());
    }
}

fn reduced(plan: &Plan, start: &Profile, events: &[Event]) -> Profile {
    let mut profile = start.clone();
    events.iter().for_each(|event| reduce(plan, &mut profile, event));
    profile
}

proptest! {
    #![proptest_config(config(250))]

    /// Checks that the profile does not depend on the order and repetition of events.
    #[test]
    fn reduce_does_not_depend_on_order_or_repetition(seed: u64, order: u64) {
        let (_, plan, facts) = case(seed);
        let mut events: Vec<Event> = facts.events.iter().chain(facts.events.iter().step_by(2)).cloned().collect();
        shuffle(&mut events, order);
        prop_assert_eq!(reduced(&plan, &facts.profile, &facts.events), reduced(&plan, &facts.profile, &events));
    }

    /// Checks that ids order events of equal time, even if two of them contradict each other.
    #[test]
    fn reduce_does_not_depend_on_the_order_of_one_millisecond(seed: u64, order: u64) {
        let (_, plan, mut facts) = case(seed);
        facts.events.iter_mut().for_each(|event| event.at = facts.now);
        let mut events = facts.events.clone();
        shuffle(&mut events, order);
        prop_assert_eq!(reduced(&plan, &facts.profile, &facts.events), reduced(&plan, &facts.profile, &events));
    }

    /// Checks that the knowledge of two hosts merges to that of one host that saw everything.
    #[test]
    fn merging_is_reducing_all(seed: u64, split: u64) {
        let (_, plan, facts) = case(seed);
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        let dice = &mut Dice::new(split);
        facts.events.iter().for_each(|event| parts[usize::try_from(dice.below(3)).unwrap()].push(event.clone()));
        let [a, b, c] = parts.map(|events| reduced(&plan, &Profile::new("p"), &events));
        let merged = |first: &Profile, second: &Profile| {
            let mut out = first.clone();
            out.merge(&plan, second);
            out
        };
        prop_assert_eq!(merged(&merged(&a, &b), &c), reduced(&plan, &Profile::new("p"), &facts.events));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&a, &a), a);
    }

    /// Checks that deciding changes nothing, and explaining decides the same.
    #[test]
    fn explaining_decides_the_same(seed: u64) {
        let (_, plan, facts) = case(seed);
        let once = throughline::decide(&plan, &facts);
        prop_assert_eq!(&throughline::decide(&plan, &facts), &once);
        prop_assert_eq!(&explain(&plan, &facts).decision, &once);
    }

    /// Checks that the id and the permission to store are known before anything is decided, pending events
    /// included.
    #[test]
    fn id_and_storage_are_known_without_deciding(seed: u64) {
        let (_, plan, facts) = case(seed);
        let decision = throughline::decide(&plan, &facts);
        prop_assert_eq!(throughline::decision_id(&plan, &facts), decision.id());
        prop_assert_eq!(throughline::allows_storage(&plan, &facts), decision.store);
    }

    /// Checks that the token carries exactly what decisions need, now and later, and that late events still
    /// fit in.
    #[test]
    fn a_projected_profile_decides_the_same(seed: u64, cut: prop::sample::Index, later: u16) {
        let (_, plan, mut facts) = case(seed);
        let cut = cut.index(facts.events.len() + 1);
        // A host has no claims of events that are not part of the profile yet.
        facts.events.iter_mut().skip(cut).for_each(|event| event.claimed_by = None);
        let (early, late) = facts.events.split_at(cut);
        let full = reduced(&plan, &facts.profile, &facts.events);
        let carried = reduced(&plan, &reduced(&plan, &facts.profile, early).project(&plan, facts.now), late);
        for wait in [0, i64::from(later) * 60_000] {
            let at = |profile: &Profile| {
                let facts = Facts { now: facts.now.plus(Millis(wait)), profile: profile.clone(), events: Vec::new(), ..facts.clone() };
                throughline::decide(&plan, &facts).to_json()
            };
            prop_assert_eq!(at(&full), at(&carried));
            prop_assert_eq!(at(&full), at(&full.project(&plan, facts.now)));
        }
        facts.profile = full.project(&plan, facts.now);
        prop_assert_eq!(facts.profile.project(&plan, facts.now), facts.profile);
    }

    /// Checks that a profile that is too long loses parts in the documented order, no more than it must, and
    /// names them.
    #[test]
    fn fitting_keeps_the_order_and_the_size(seed: u64, limit in 0_usize..1500) {
        let (_, plan, mut facts) = case(seed);
        let size = |profile: &Profile| serde_json::to_string(&Profile { partial: Default::default(), ..profile.clone() }).unwrap().len();
        let mut whole = reduced(&plan, &facts.profile, &facts.events);
        whole.segments = ["a", "b", "c"].map(str::to_owned).into_iter().collect();
        whole.partial.clear();
        let mut fitted = whole.clone();
        let fits = fitted.truncate_to_budget(|profile| size(profile) <= limit);
        prop_assert_eq!(fits, size(&fitted) <= limit);
        prop_assert_eq!(&fitted.consent, &whole.consent);
        // A part of the subject's own profile, and the same of each account.
        let part_of = |profile: &Profile, part: &str| -> Vec<Value> {
            let profile = serde_json::to_value(profile).unwrap();
            let accounts = profile["accounts"].as_object().into_iter().flat_map(serde_json::Map::values);
            accounts.chain([&profile]).filter_map(|of| of.get(part)).cloned().collect()
        };
        let last = throughline::DROP_ORDER.iter().rposition(|part| fitted.partial.contains(*part));
        for (at, part) in throughline::DROP_ORDER.iter().enumerate() {
            let left = part_of(&fitted, part);
            let changed = part_of(&whole, part) != left;
            prop_assert_eq!(changed, fitted.partial.contains(*part), "{}", part);
            prop_assert!(last.is_none_or(|last| at >= last) || left.is_empty(), "{} is not the first to go", part);
            prop_assert!(last.is_some_and(|last| at <= last) || !changed, "{} went too early", part);
        }
        if size(&whole) <= limit {
            prop_assert!(fitted.partial.is_empty());
        }
        facts.profile = fitted;
        exercise(&plan, &facts);
    }

    /// Checks that a campaign that wins nothing, and offers nothing, changes nothing.
    #[test]
    fn a_campaign_that_does_not_win_changes_nothing(seed: u64, priority in 0_u32..40) {
        let (mut rules, plan, facts) = case(seed);
        let name = "newcomer";
        let slot = rules["slots"].as_object().unwrap().iter().find(|(_, slot)| slot["type"] != "json").map(|(id, _)| id.clone());
        prop_assume!(slot.is_some());
        rules["messages"][name] = json!({ "renditions": [{ "channel": "web", "html": "new {{ tier }}" }] });
        rules["experiments"][name] = json!({ "variations": [{ "id": "a" }, { "id": "b" }] });
        rules["campaigns"][name] = json!({ "class": "service", "priority": priority, "experiment": name, "slots": { slot.unwrap(): name } });
        let before = support::decide(&plan, &facts);
        let after = support::decide(&support::plan(&rules), &facts);
        let won = after["slots"].as_object().unwrap().values().any(|fill| fill["campaign"] == name);
        for part in ["slots", "nextAction", "assignments", "reasons", "cacheVariant"] {
            prop_assert!(won || before[part] == after[part], "{}: {} became {}", part, before[part], after[part]);
        }
    }

    /// Checks the same for a copy of a campaign: with its condition, caps, experiment, slots and next
    /// actions, and an offer of its own. Unless it wins somewhere, nothing changes.
    #[test]
    fn a_campaign_like_another_that_does_not_win_changes_nothing(seed: u64, model: prop::sample::Index, offers: bool) {
        let (mut rules, plan, facts) = case(seed);
        let campaigns = rules["campaigns"].as_object().unwrap();
        let mut newcomer = campaigns.values().nth(model.index(campaigns.len())).unwrap().clone();
        newcomer["priority"] = json!(newcomer["priority"].as_u64().unwrap_or(0) / 2);
        // Ranges of exclusion groups may not overlap.
        newcomer.as_object_mut().unwrap().retain(|name, _| !["offer", "exclusion"].contains(&name.as_str()));
        if offers {
            rules["offers"]["newcomer"] = json!({ "group": "newcomers" });
            newcomer["offer"] = json!("newcomer");
        }
        rules["campaigns"]["newcomer"] = newcomer;
        let before = support::decide(&plan, &facts);
        let after = support::decide(&support::plan(&rules), &facts);
        let fills = after["slots"].as_object().unwrap().values().chain([&after["nextAction"]]);
        let won = fills.clone().any(|fill| fill["campaign"] == "newcomer");
        for part in ["slots", "nextAction", "assignments", "cacheVariant"] {
            prop_assert!(won || before[part] == after[part], "{}: {} became {}", part, before[part], after[part]);
        }
    }

    /// Checks that a score only orders: without it the same campaigns are eligible, and a priority with one
    /// campaign does not change.
    #[test]
    fn a_score_decides_nothing_but_the_order(seed: u64) {
        let (mut rules, _, facts) = case(seed);
        // The offer that a person gets depends on the order, and the eligibility of other campaigns on that
        // offer.
        rules["campaigns"].as_object_mut().unwrap().values_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("offer")));
        let explained = |scores: bool| {
            let mut rules = rules.clone();
            rules["policies"]["scores"] = json!(scores);
            serde_json::from_str::<Value>(&explain(&support::plan(&rules), &facts).to_json()).unwrap()
        };
        let (on, off) = (explained(true), explained(false));
        let lists = |found: &Value| {
            let slots = found["trace"]["slots"].as_object().unwrap().values();
            slots.chain([&found["trace"]["nextAction"]]).map(unordered).collect::<Vec<_>>()
        };
        prop_assert_eq!(lists(&on), lists(&off));
        let priorities = |found: &Value| winners(found).iter().map(|campaign| rules["campaigns"][campaign.as_str().unwrap_or("")]["priority"].clone()).collect::<Vec<_>>();
        prop_assert_eq!(priorities(&on), priorities(&off));
        prop_assert_eq!(&on["decision"]["store"], &off["decision"]["store"]);
    }

    /// Checks that an additional channel, with renditions, roles, consent and reach of its own, does not
    /// affect pages, next actions or journeys that do not use it.
    #[test]
    fn a_new_channel_changes_nothing_for_the_others(seed: u64, entered in 0_i64..90) {
        let mut rules = generate::rules(seed);
        add_journey(&mut rules);
        let mut more = rules.clone();
        more["channels"]["pager"] = json!({ "consent": "channel.pager", "reach": "vip", "roles": ["urgent"], "responds": { "event": "Page Viewed" } });
        for message in more["messages"].as_object_mut().unwrap().values_mut() {
            message["renditions"].as_array_mut().unwrap().push(json!({ "channel": "pager", "text": "{{ tier }}" }));
        }
        let (before, after) = (support::plan(&rules), support::plan(&more));
        let mut facts = support::facts(&generate::facts(&rules, seed));
        let added = json!({ "id": "added", "type": "track", "event": "Product Added", "at": facts.now.0 - entered * 60_000, "properties": { "path": "/p" }, "trusted": true });
        facts.events.push(serde_json::from_value(added).unwrap());
        let decided = |plan: &Plan| {
            let mut found = support::decide(plan, &facts);
            found.as_object_mut().unwrap().retain(|name, _| !["plan", "decisionId", "exposures"].contains(&name.as_str()));
            found
        };
        prop_assert_eq!(decided(&before), decided(&after));
        let advanced = |plan: &Plan| {
            let found = advance(plan, &reduced(plan, &facts.profile, &facts.events), &[], facts.now);
            (found.actions, found.wake_at)
        };
        prop_assert_eq!(advanced(&before), advanced(&after));
    }

    /// Checks that raising a coverage moves nobody to another variation, and takes nobody out.
    #[test]
    fn raising_a_rollout_moves_nobody(weights in prop::collection::vec(1_u32..100, 2..6), a in 0_u32..=100, b in 0_u32..=100, subject: u32) {
        let sum: u32 = weights.iter().sum();
        let (low, high) = (a.min(b), a.max(b));
        let variation = |coverage: u32| {
            let row = |(at, weight): (usize, &u32)| json!({ "id": format!("v{at}"), "weight": f64::from(*weight) / f64::from(sum) });
            let variations: Vec<Value> = weights.iter().enumerate().map(row).collect();
            let plan = support::plan(&json!({
                "channels": { "web": {} }, "slots": { "s": {} },
                "messages": { "m": { "renditions": [{ "channel": "web", "html": "x" }] } },
                "campaigns": { "c": { "class": "service", "experiment": "x", "slots": { "s": "m" } } },
                "experiments": { "x": { "coverage": f64::from(coverage) / 100.0, "variations": variations } },
            }));
            let decision = support::decide(&plan, &Facts { profile: Profile::new(format!("s{subject}")), ..Facts::default() });
            decision["assignments"][0]["variation"].clone()
        };
        let before = variation(low);
        prop_assert!(before.is_null() || before == variation(high));
        prop_assert!(low > 0 || before.is_null());
        prop_assert!(high < 100 || !variation(high).is_null());
    }

    /// Checks that lowering a holdout holds out nobody who was not.
    #[test]
    fn lowering_a_holdout_holds_out_nobody_new(a in 0_u32..=1000, b in 0_u32..=1000, subject: u32) {
        let filled = |permille: u32| {
            let plan = support::plan(&json!({
                "channels": { "web": {} }, "slots": { "s": {} },
                "messages": { "m": { "renditions": [{ "channel": "web", "html": "x" }] } },
                "campaigns": { "c": { "class": "service", "slots": { "s": "m" } } },
                "holdouts": { "h": { "percent": f64::from(permille) / 10.0, "classes": ["service"] } },
            }));
            let facts = Facts { profile: Profile::new(format!("s{subject}")), ..Facts::default() };
            !throughline::decide(&plan, &facts).slots.is_empty()
        };
        prop_assert!(!filled(a.max(b)) || filled(a.min(b)));
        prop_assert!(filled(0) && !filled(1000));
    }
}

/// Returns outcomes by campaign, in which winning and ranking lower are the same.
fn unordered(outcomes: &Value) -> Vec<Value> {
    let row = |row: &Value| {
        let may = row["outcome"] == "won" || row["outcome"] == "outranked";
        json!({ "campaign": row["campaign"], "outcome": if may { json!("may") } else { row["outcome"].clone() }, "steps": row["steps"] })
    };
    let mut rows: Vec<Value> = outcomes.as_array().unwrap().iter().map(row).collect();
    rows.sort_by_key(|row| row["campaign"].to_string());
    rows
}

/// Returns the campaign of each slot, and of the next action.
fn winners(explained: &Value) -> Vec<Value> {
    let decision = &explained["decision"];
    let slots = explained["trace"]["slots"].as_object().unwrap().keys().map(|slot| &decision["slots"][slot]);
    slots.chain([&decision["nextAction"]]).map(|fill| fill["campaign"].clone()).collect()
}

/// Adds a journey that sends by all channels, whatever their roles.
fn add_journey(rules: &mut Value) {
    rules["policies"]["roles"] = json!({});
    rules["journeys"] = json!({ "cart": {
        "class": "promo", "enter": { "event": "Product Added", "where": { "path": { "$regex": "^/p" } } }, "exit": [{ "event": "Order Completed" }],
        "steps": [{ "id": "settle", "wait": "10m", "after": "Product Added" }, { "id": "nudge", "send": "nudge", "channels": ["whatsapp", "email"], "ttl": "1h" }],
    } });
    rules["messages"]["nudge"] = json!({ "renditions": [{ "channel": "whatsapp", "text": "{{ tier }}?" }, { "channel": "email", "subject": "?", "text": "{{ score }}" }] });
}

/// Returns a profile with `tier` set to this value by an event at this time.
fn with_tier(plan: &Plan, profile: &Profile, at: i64, value: &Value) -> Profile {
    let event = json!({ "id": "e", "type": "identify", "at": at, "trusted": true, "traits": { "tier": value } });
    reduced(plan, profile, &[serde_json::from_value(event).unwrap()])
}

fn tier_plan() -> Plan {
    support::plan(&json!({
        "attributes": { "tier": { "type": "string", "edge": true } }, "channels": { "web": {} }, "slots": { "s": {} },
        "messages": { "m": { "renditions": [{ "channel": "web", "html": "{{ tier }}" }] } },
        "campaigns": { "c": { "class": "service", "slots": { "s": "m" } } },
    }))
}

/// Regression: a token forgot that a trait had been unset, and an earlier value that arrived later came back.
#[test]
fn a_projected_profile_remembers_that_a_trait_was_unset() {
    let plan = tier_plan();
    let unset = with_tier(&plan, &Profile::new("p"), 20, &Value::Null).project(&plan, Millis(30));
    assert_eq!(with_tier(&plan, &unset, 10, &json!("gold")).traits.get("tier").unwrap().0, throughline::Value::Null);
}

/// Regression: of two contradicting events with one id and one time the first to arrive won.
#[test]
fn contradictions_under_one_id_are_decided_alike_in_any_order() {
    let (plan, new) = (tier_plan(), Profile::new("p"));
    let (gold, silver) = (json!("gold"), json!("silver"));
    let one = with_tier(&plan, &with_tier(&plan, &new, 1, &gold), 1, &silver);
    assert_eq!(one, with_tier(&plan, &with_tier(&plan, &new, 1, &silver), 1, &gold));
}

/// Decides, explains, reduces and advances, with any result.
fn exercise(plan: &Plan, facts: &Facts) {
    let _ = throughline::decide(plan, facts).to_json();
    let _ = explain(plan, facts).to_json();
    let mut profile = reduced(plan, &facts.profile, &facts.events);
    profile.decide_segments(plan, facts.now);
    let _ = advance(plan, &profile, &facts.events, facts.now);
    profile.project(plan, facts.now).truncate_to_budget(|profile| profile.traits.is_empty());
}

/// Returns a plan with everything that a plan can have, and facts for it.
fn rich_plan() -> (Vec<u8>, Vec<Facts>) {
    let mut rules = generate::rules(3);
    add_journey(&mut rules);
    rules["segments"]["odd"] = json!({ "when": { "$or": [
        { "tier": { "$regex": "^g.*d$" } }, { "tags": { "$elemMatch": { "$eq": "a" } } }, { "tags": { "$all": ["a", "b"] } }, { "tags": { "$size": 2 } },
        { "$journey": { "id": "cart", "state": "active" } }, { "tier": { "$vgt": "1.2.3" } }, { "score": { "$type": "number" } },
    ] } });
    rules["campaigns"]["odd"] =
        json!({ "class": "service", "when": { "$segment": "odd" }, "slots": { "slot-0": "odd" } });
    let format = if rules["slots"]["slot-0"]["type"] == "json" { "json" } else { "html" };
    rules["messages"]["odd"] = json!({ "renditions": [{ "channel": "web", (format): "{{ tier }}" }] });
    let facts = (0..3).map(|seed| support::facts(&generate::facts(&rules, seed))).collect();
    (support::compile(&rules).edge, facts)
}

#[test]
fn a_plan_that_ends_anywhere_is_no_plan() {
    let (bytes, facts) = rich_plan();
    exercise(&Plan::load(&bytes).unwrap(), &facts[0]);
    for end in 0..bytes.len() {
        if let Ok(plan) = Plan::load(&bytes[..end]) {
            exercise(&plan, &facts[0]);
        }
    }
}

#[test]
fn a_plan_with_a_changed_byte_is_an_error_or_still_decides() {
    let (bytes, facts) = rich_plan();
    let dice = &mut Dice::new(1);
    let (mut loaded, mut refused) = (0, 0);
    // Every byte of a small plan; a large one has more of the same.
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 8_000) {
        for change in [0x80, 1 + dice.below(255)] {
            let mut damaged = bytes.clone();
            damaged[at] ^= u8::try_from(change).unwrap();
            match Plan::load(&damaged) {
                Ok(plan) => {
                    loaded += 1;
                    exercise(&plan, &facts[at % facts.len()]);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    // Both must happen, or the test checks nothing.
    assert!(loaded > 100 && refused > 100, "{loaded} loaded, {refused} refused");
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn any_bytes_are_no_plan(bytes: Vec<u8>) {
        prop_assert!(Plan::load(&bytes).is_err());
        prop_assert!(Plan::load(&[b"TLPLAN\0\0".as_slice(), &bytes].concat()).is_err());
        prop_assert!(Plan::load(&[b"TLPLAN\0\0\x01\0\0\0\x32\0\0\0".as_slice(), &bytes].concat()).is_err());
    }

    /// Checks damaged facts: they are refused, or lead to a decision.
    #[test]
    fn damaged_facts_are_refused_or_decided(seed in 0_u64..40, start: prop::sample::Index, len in 0_usize..12, with in "\\PC{0,6}|[\\[\\]{}\":,0-9eE.+-]{0,9}") {
        let (rules, plan) = &PLANS[usize::try_from(seed).unwrap()];
        let text = generate::facts(rules, seed).to_string();
        let mut damaged: Vec<char> = text.chars().collect();
        let start = start.index(damaged.len());
        let end = damaged.len().min(start + len);
        damaged.splice(start..end, with.chars());
        let text: String = damaged.into_iter().collect();
        if let Ok(facts) = serde_json::from_str::<Facts>(&text) {
            exercise(plan, &facts);
        }
    }

    /// Checks that times at the limits do not overflow.
    #[test]
    fn any_times_are_decided(seed in 0_u64..40, now: i64, at: i64, session: i64) {
        let (rules, plan) = &PLANS[usize::try_from(seed).unwrap()];
        let mut facts = support::facts(&generate::facts(rules, seed));
        facts.now = Millis(now);
        facts.request.session = Some(Millis(session));
        facts.events.iter_mut().step_by(2).for_each(|event| event.at = Millis(at));
        for now in [Millis(now), Millis::MIN, Millis::MAX, Millis(0)] {
            facts.now = now;
            exercise(plan, &facts);
        }
    }
}

#[test]
fn facts_nested_too_deeply_are_refused() {
    let deep =
        format!(r#"{{"now":0,"request":{{"attributes":{{"a":{}{}}}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(serde_json::from_str::<Facts>(&deep).is_err());
}
