//! Journeys: when they begin, wait, send and end, and the law that the order in which events arrive does not
//! matter.

use proptest::prelude::*;
use serde_json::{Value, json};
use throughline::{Event, InstanceStatus, Millis, PendingMessage, SendBlocked, authorize};

use crate::story::{HOUR, MINUTE, START, Story, event, says};
use crate::support;

fn rules() -> Value {
    json!({
        "version": 1,
        "attributes": {
            "name": { "type": "string", "source": "profile" },
            "support.open": { "type": "boolean", "source": "profile", "edge": true },
            "whatsapp_ok": { "type": "boolean", "source": "profile" },
            "vip": { "type": "boolean", "source": "profile" }
        },
        "channels": {
            "web": {},
            "whatsapp": { "consent": "channel.whatsapp", "reach": "whatsapp_ok" },
            "push": { "consent": "channel.push" }
        },
        "messages": {
            "reminder": { "renditions": [
                { "channel": "whatsapp", "text": "Hi {{ name | default: 'there' }}" },
                { "channel": "push", "text": "Your cart" }
            ] },
            "once": { "once": true, "renditions": [{ "channel": "push", "text": "Once" }] }
        },
        "policies": {
            "consent": { "default": "granted", "promo": ["personalization"] },
            "suppress": [{ "class": "promo", "when": { "support.open": true } }]
        },
        "journeys": {
            "cart": {
                "class": "promo",
                "enter": { "event": "Added" },
                "reenter": "1h",
                "exit": [{ "event": "Left" }],
                "goal": { "event": "Bought", "within": "1d" },
                "steps": [
                    { "id": "settle", "wait": "10m", "after": "Added" },
                    { "id": "nudge", "send": "reminder", "channels": ["whatsapp", "push"], "ttl": "1h" },
                    { "id": "pause", "wait": "30m" },
                    { "id": "last", "send": "once", "channels": ["push"] }
                ]
            },
            "vips": {
                "class": "transactional",
                "enter": { "event": "Visited", "when": { "vip": true } },
                "steps": [{ "id": "hello", "send": "reminder", "channels": ["push"] }]
            }
        }
    })
}

const NOTHING: [&str; 0] = [];

#[test]
fn waits_sends_and_completes() {
    let mut story = Story::of(&rules());
    story.hear(&says(json!({ "name": "Ann", "whatsapp_ok": true }), START - 1));
    story.hear(&event("Added", START));
    assert_eq!(story.at(START), NOTHING);
    assert_eq!(story.wake_at, Some(Millis(START + 10 * MINUTE)));
    assert_eq!(story.at(START + 10 * MINUTE - 1), NOTHING);
    assert_eq!(story.at(START + 10 * MINUTE), ["nudge: whatsapp"]);
    assert_eq!(story.wake_at, Some(Millis(START + 40 * MINUTE)));
    assert_eq!(story.at(START + 40 * MINUTE), ["last: push"]);
    assert_eq!((story.status(), story.wake_at), (InstanceStatus::Completed, None));
    let letter = story.actions[0].outcome.as_ref().unwrap();
    let text = throughline::canonical::to_string(&letter.to_value());
    assert_eq!(text, r#"{"channel":"whatsapp","text":"Hi Ann"}"#);
    assert_eq!(story.actions[0].expires, Millis(START + 70 * MINUTE));
    assert_eq!(story.actions[1].expires, Millis::MAX);
}

#[test]
fn each_change_of_the_cart_starts_the_wait_anew() {
    let mut story = Story::of(&rules());
    for minute in [0, 6, 12] {
        story.hear(&event("Added", START + minute * MINUTE));
        assert_eq!(story.at(START + minute * MINUTE), NOTHING);
    }
    assert_eq!(story.at(START + 21 * MINUTE), NOTHING);
    assert_eq!(story.at(START + 22 * MINUTE), ["nudge: push"]);
}

#[test]
fn nothing_after_an_exit_or_the_goal_even_if_it_is_told_late() {
    for (name, status) in [("Left", InstanceStatus::Exited), ("Bought", InstanceStatus::Converted)] {
        let mut story = Story::of(&rules());
        story.hear(&event("Added", START));
        story.at(START);
        story.hear(&event(name, START + MINUTE));
        assert_eq!(story.at(START + 50 * MINUTE), NOTHING);
        assert_eq!((story.status(), story.wake_at), (status, None));
        // Later than the message, but of an earlier time.
        let mut late = Story::of(&rules());
        late.hear(&event("Added", START));
        assert_eq!(late.at(START + 10 * MINUTE), ["nudge: push"]);
        late.hear(&event(name, START + MINUTE));
        assert_eq!(late.at(START + 50 * MINUTE), NOTHING);
        assert_eq!(late.status(), status);
    }
}

#[test]
fn the_condition_of_an_entry_knows_the_locale_that_the_person_has() {
    let mut rules = rules();
    rules["journeys"]["cart"]["enter"]["when"] = json!({ "locale": "de" });
    for (locale, begins) in [("de", true), ("en", false)] {
        let mut story = Story::of(&rules);
        story.hear(&says(json!({ "locale": locale }), START - 1));
        story.hear(&event("Added", START));
        story.at(START);
        assert_eq!(story.profile.journeys.contains_key("cart"), begins, "{locale}");
    }
}

#[test]
fn what_was_before_the_entry_ends_nothing() {
    let mut story = Story::of(&rules());
    story.hear(&event("Bought", START - MINUTE));
    story.hear(&event("Left", START - 1));
    story.hear(&event("Added", START));
    assert_eq!(story.at(START + 10 * MINUTE), ["nudge: push"]);
}

#[test]
fn the_goal_counts_after_the_last_step_and_within_its_time() {
    for (hours, status) in [(20, InstanceStatus::Converted), (30, InstanceStatus::Completed)] {
        let mut story = Story::of(&rules());
        story.hear(&event("Added", START));
        story.at(START + 10 * MINUTE);
        story.at(START + 40 * MINUTE);
        story.hear(&event("Bought", START + hours * HOUR));
        story.at(START + hours * HOUR);
        assert_eq!(story.status(), status);
    }
}

#[test]
fn begins_again_only_after_its_time_and_its_end() {
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    story.at(START);
    story.hear(&event("Bought", START + MINUTE));
    story.hear(&event("Added", START + 30 * MINUTE));
    assert_eq!(story.at(START + 45 * MINUTE), NOTHING, "within the hour");
    story.hear(&event("Added", START + 2 * HOUR));
    assert_eq!(story.at(START + 2 * HOUR + 10 * MINUTE), ["nudge: push"]);
    let ids: Vec<_> = story.actions.iter().map(|action| &action.send_id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(story.instance("cart").entered.at(), Millis(START + 2 * HOUR));
}

#[test]
fn an_event_that_arrives_late_is_history() {
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    assert_eq!(story.at(START + 61 * MINUTE), NOTHING);
    assert!(story.profile.journeys.is_empty());
}

#[test]
fn a_condition_may_be_met_before_or_after_the_event() {
    for flip in [false, true] {
        let mut story = Story::of(&rules());
        let mut events = [event("Visited", START), says(json!({ "vip": true }), START + 1)];
        if flip {
            events.reverse();
        }
        let mut sent = Vec::new();
        for told in &events {
            story.hear(told);
            sent.extend(story.at(START + 2));
        }
        assert_eq!(sent, ["hello: push"]);
    }
    let mut nobody = Story::of(&rules());
    nobody.hear(&event("Visited", START));
    assert_eq!(nobody.at(START), NOTHING);
}

#[test]
fn says_why_it_does_not_send() {
    let refuses = |purpose: &str| {
        let mut refusal = event("Consent Preference Updated", START - 5);
        refusal.consent.insert(purpose.to_owned(), throughline::Consent::Denied);
        refusal
    };
    let cases = [
        (vec![says(json!({ "support": { "open": true } }), START - 1)], "suppressed"),
        (vec![refuses("personalization")], "consent_missing"),
        (vec![refuses("channel.push")], "unreachable"),
    ];
    for (before, why) in cases {
        let mut story = Story::of(&rules());
        before.iter().for_each(|event| story.hear(event));
        story.hear(&event("Added", START));
        assert_eq!(story.at(START + 10 * MINUTE), [format!("nudge: {why}")]);
        story.at(START + 40 * MINUTE);
        assert_eq!(story.status(), InstanceStatus::Suppressed);
    }
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    story.at(START);
    assert_eq!(story.at(START + 3 * HOUR), ["nudge: expired", "last: push"]);
}

#[test]
fn what_is_seen_once_is_not_sent() {
    let mut story = Story::of(&rules());
    let mut seen = event("Message Seen", START - MINUTE);
    seen.properties.insert("message", "once");
    seen.trusted = true;
    story.hear(&seen);
    story.hear(&event("Added", START));
    story.at(START + 10 * MINUTE);
    assert_eq!(story.at(START + 40 * MINUTE), ["last: already_seen"]);
}

#[test]
fn asks_again_right_before_it_sends() {
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    let due = START + 10 * MINUTE;
    story.at(due);
    let action = story.actions[0].clone();
    let waiting = PendingMessage {
        journey: &action.journey,
        entered: action.entered,
        message: &action.message,
        channel: "push",
        expires: action.expires,
    };
    let ask = |story: &Story, now| authorize(&story.plan, &story.profile, &[], &waiting, Millis(now));
    assert_eq!(ask(&story, due), Ok(()));
    assert_eq!(ask(&story, due + HOUR), Err(SendBlocked::Expired));
    let mut refusing = event("Consent Preference Updated", due + 1);
    refusing.consent.insert("channel.push".to_owned(), throughline::Consent::Denied);
    let mut refused = Story { profile: story.profile.clone(), ..Story::of(&rules()) };
    refused.hear(&refusing);
    assert_eq!(ask(&refused, due + 1), Err(SendBlocked::Unreachable));
    story.hear(&event("Bought", due + 1));
    assert_eq!(ask(&story, due + 1), Err(SendBlocked::Ended));
}

#[test]
fn a_step_that_the_rules_no_longer_have_ends_the_journey() {
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    story.at(START);
    let mut rules = rules();
    rules["journeys"]["cart"]["steps"] = json!([{ "id": "other", "send": "reminder", "channels": ["push"] }]);
    story.plan = support::plan(&rules);
    assert_eq!(story.at(START + HOUR), NOTHING);
    assert_eq!(story.status(), InstanceStatus::Exited);
}

fn some_event() -> impl Strategy<Value = Event> {
    let name = prop::sample::select(vec!["Added", "Added", "Added", "Bought", "Left", "Visited"]);
    let told = (name, 0..50_i64).prop_map(|(name, minute)| event(name, START + minute * MINUTE));
    let said = (any::<bool>(), any::<bool>(), 0..50_i64).prop_map(|(vip, open, minute)| {
        says(json!({ "vip": vip, "support": { "open": open } }), START + minute * MINUTE)
    });
    prop_oneof![4 => told, 1 => said]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Checks that the order and repetition of events do not matter.
    #[test]
    fn any_order_makes_the_same_journeys(events in prop::collection::vec(some_event(), 0..12), seed in any::<u64>(), minute in 0..120_i64) {
        let mut shuffled: Vec<&Event> = events.iter().chain(events.iter().step_by(2)).collect();
        let mut state = seed | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
        }
        let (mut one, mut other) = (Story::of(&rules()), Story::of(&rules()));
        events.iter().for_each(|event| one.hear(event));
        shuffled.into_iter().for_each(|event| other.hear(event));
        let now = START + minute * MINUTE;
        prop_assert_eq!(one.at(now), other.at(now));
        prop_assert_eq!(one.profile, other.profile);
        prop_assert_eq!(one.actions, other.actions);
    }

    /// Checks that every message is sent once, and none after an exit or the goal.
    #[test]
    fn never_twice_and_never_after_the_end(events in prop::collection::vec((some_event(), 0..20_i64), 0..12), pace in 1..15_i64) {
        let mut story = Story::of(&rules());
        let mut arrivals: Vec<(i64, Event)> = events.into_iter().map(|(event, late)| (event.at.0 + late * MINUTE, event)).collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().peekable();
        let mut now = START;
        while now < START + 3 * HOUR {
            while let Some((_, event)) = arrivals.next_if(|(at, _)| *at <= now) {
                story.hear(&event);
            }
            let before = story.actions.len();
            story.at(now);
            for action in &story.actions[before..] {
                let instance = story.instance(&action.journey);
                let is_over = matches!(instance.status, InstanceStatus::Exited | InstanceStatus::Converted);
                let ended = is_over && instance.entered == action.entered;
                prop_assert!(!ended, "{action:?}");
            }
            now += pace * MINUTE;
        }
        let mut ids: Vec<_> = story.actions.iter().map(|action| action.send_id.clone()).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), story.actions.len());
    }
}
