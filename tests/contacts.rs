//! Several journeys of one person: which message is sent, which waits, where a journey resumes, and which
//! offer it makes.

use serde_json::{Value, json};
use throughline::{Event, InstanceStatus, Millis};

use crate::story::{HOUR, MINUTE, START, Story, event};

const NOTHING: [&str; 0] = [];

/// Returns two journeys that start with two events, with promotion capped to once a day.
fn rules() -> Value {
    let journey = |enter: &str, priority: u32, message: &str| {
        json!({
            "class": "promo", "priority": priority, "enter": { "event": enter }, "reenter": "always",
            "steps": [{ "id": format!("{message}-step"), "send": message, "channels": ["push", "email"], "ttl": "2d" }],
        })
    };
    let message = |text: &str| json!({ "renditions": [{ "channel": "push", "text": text }, { "channel": "email", "subject": text, "text": text }] });
    json!({
        "channels": { "web": {}, "push": { "consent": "channel.push" }, "email": { "consent": "channel.email" } },
        "policies": { "consent": { "default": "granted" }, "caps": [{ "class": "promo", "channel": ["push", "email"], "max": 1, "per": "24h" }] },
        "messages": { "winter": message("Winter"), "cart": message("Cart") },
        "journeys": { "winter": journey("Visited", 10, "winter"), "cart": journey("Added", 20, "cart") },
    })
}

/// Returns the same rules with a change.
fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut rules = rules();
    change(&mut rules);
    rules
}

/// Advances the time, and sends what became due.
#[track_caller]
fn sent_at(story: &mut Story, now: i64) -> Vec<String> {
    let before = story.actions.len();
    let said = story.at(now);
    let events: Vec<Event> = story.actions[before..].iter().filter_map(throughline::Action::sent).collect();
    events.iter().for_each(|event| story.hear(&Event { at: Millis(now), ..event.clone() }));
    said
}

/// Returns the person's choice for a purpose.
fn decides(purpose: &str, state: &str, at: i64) -> Event {
    let said = json!({ "id": format!("consent-{at}"), "type": "track", "event": "Consent Preference Updated", "at": at, "consent": { (purpose): state } });
    serde_json::from_value(said).unwrap()
}

#[test]
fn of_two_journeys_the_one_of_higher_priority_speaks_and_the_other_waits_for_its_day() {
    let mut story = Story::of(&rules());
    story.hear(&event("Visited", START));
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), ["cart-step: push"]);
    assert_eq!(story.wake_at, Some(Millis(START + 24 * HOUR)), "the cap says when there is room again");
    assert_eq!(sent_at(&mut story, START + 24 * HOUR - 1), NOTHING);
    assert_eq!(sent_at(&mut story, START + 24 * HOUR), ["winter-step: push"]);
}

#[test]
fn what_was_sent_says_what_it_was_and_of_which_step() {
    let mut story = Story::of(&rules());
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), ["cart-step: push"]);
    let (action, sent) = (&story.actions[0], story.actions[0].sent().unwrap());
    let wanted = json!({
        "send_id": action.send_id, "journey": "cart", "step": "cart-step", "class": "promo", "message": "cart", "channel": "push",
    });
    let found = throughline::canonical::to_string(&throughline::Value::Object(sent.properties));
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), wanted);
    assert_eq!((sent.id, sent.trusted), (format!("{}:sent", action.send_id), true));
}

#[test]
fn what_would_wait_until_it_makes_no_sense_is_withheld_at_once() {
    let mut story = Story::of(&with(|rules| rules["journeys"]["winter"]["steps"][0]["ttl"] = json!("3h")));
    story.hear(&event("Visited", START));
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), ["cart-step: push", "winter-step: capped"]);
    assert_eq!((story.wake_at, story.instance("winter").status), (None, InstanceStatus::Suppressed));
}

#[test]
fn a_cap_of_a_day_has_room_again_when_the_day_is_over_also_where_it_has_25_hours() {
    let rules = with(|rules| {
        rules["defaults"] = json!({ "timezone": "Europe/Vienna" });
        rules["policies"]["caps"][0]["per"] = json!("day");
    });
    // The 26th of October, 02:30 in Vienna, for the first time of two.
    let night = 1_761_438_600_000;
    let mut story = Story::of(&rules);
    story.hear(&event("Visited", night));
    story.hear(&event("Added", night));
    assert_eq!(sent_at(&mut story, night), ["cart-step: push"]);
    let midnight = night + 22 * HOUR + 30 * MINUTE;
    assert_eq!(story.wake_at, Some(Millis(midnight)));
    assert_eq!(sent_at(&mut story, midnight - 1), NOTHING);
    assert_eq!(sent_at(&mut story, midnight), ["winter-step: push"]);
}

#[test]
fn a_journey_of_another_class_does_not_wait_for_promotion() {
    let mut story = Story::of(&with(|rules| rules["journeys"]["winter"]["class"] = json!("service")));
    story.hear(&event("Visited", START));
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), ["cart-step: push", "winter-step: push"]);
}

#[test]
fn a_message_waits_for_the_end_of_quiet_hours_and_goes_where_it_is_not_quiet() {
    // START is at 08:53:20 UTC.
    let quiet = |channel: Value| {
        with(|rules| rules["policies"]["quiet"] = json!([{ "channel": channel, "from": "08:00", "until": "10:00" }]))
    };
    let mut story = Story::of(&quiet(json!(["push", "email"])));
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), NOTHING);
    let ten = START + HOUR + 6 * MINUTE + 40_000;
    assert_eq!(story.wake_at, Some(Millis(ten)));
    assert_eq!(sent_at(&mut story, ten), ["cart-step: push"]);

    let mut story = Story::of(&quiet(json!("push")));
    story.hear(&event("Added", START));
    assert_eq!(sent_at(&mut story, START), ["cart-step: email"]);
}

/// Returns a journey of two messages, which starts again with each visit.
fn introduction(resume: bool) -> Value {
    with(|rules| {
        rules["policies"]["caps"] = json!([]);
        rules["journeys"] = json!({ "introduction": {
            "class": "promo", "enter": { "event": "Visited" }, "reenter": "always", "resume": resume,
            "steps": [
                { "id": "first", "send": "winter", "channels": ["push"] }, { "id": "pause", "wait": "1h" }, { "id": "second", "send": "cart", "channels": ["push"] },
            ],
            "exit": [{ "event": "Left" }],
        } });
    })
}

#[test]
fn who_comes_back_goes_on_behind_what_was_said() {
    for (resume, wanted) in [(true, "second: push"), (false, "first: push")] {
        let mut story = Story::of(&introduction(resume));
        story.hear(&event("Visited", START));
        assert_eq!(sent_at(&mut story, START), ["first: push"]);
        story.hear(&event("Left", START + MINUTE));
        assert_eq!(sent_at(&mut story, START + MINUTE), NOTHING);
        let back = START + 30 * HOUR;
        story.hear(&event("Visited", back));
        let mut said = sent_at(&mut story, back);
        said.extend(sent_at(&mut story, back + HOUR));
        assert_eq!(said[0], wanted, "resume: {resume}");
    }
}

#[test]
fn a_message_that_was_seen_on_a_page_is_not_said_again_by_a_journey_that_resumes() {
    let mut story = Story::of(&introduction(true));
    let shown = json!({ "id": "seen", "type": "track", "event": "Message Seen", "at": START - MINUTE, "trusted": true,
        "properties": { "message": "winter", "campaign": "c", "class": "promo", "channel": "web" } });
    story.hear(&serde_json::from_value(shown).unwrap());
    story.hear(&event("Visited", START));
    assert_eq!(sent_at(&mut story, START), NOTHING);
    assert_eq!(sent_at(&mut story, START + HOUR), ["second: push"]);
}

#[test]
fn who_refuses_a_topic_in_one_channel_gets_it_by_the_next_and_who_refuses_it_everywhere_does_not() {
    let rules = with(|rules| rules["journeys"]["cart"]["topic"] = json!("reminders"));
    for (refused, wanted) in [
        (vec!["channel.push.reminders"], "cart-step: email"),
        (vec!["channel.push.reminders", "channel.email.reminders"], "cart-step: unreachable"),
        (vec!["channel.push.news"], "cart-step: push"),
    ] {
        let mut story = Story::of(&rules);
        for (at, purpose) in refused.iter().enumerate() {
            story.hear(&decides(purpose, "denied", START - HOUR + i64::try_from(at).unwrap()));
        }
        story.hear(&event("Added", START));
        assert_eq!(sent_at(&mut story, START), [wanted], "{refused:?}");
    }
}

#[test]
fn a_journey_does_not_make_another_offer_than_the_person_has() {
    let rules = with(|rules| {
        rules["offers"] = json!({ "free-shipping": { "group": "deals" }, "ten-percent": { "group": "deals", "until": "2025-10-09T10:00:00Z" } });
        rules["policies"]["caps"] = json!([]);
        rules["journeys"]["cart"]["offer"] = json!("free-shipping");
        rules["journeys"]["winter"]["offer"] = json!("ten-percent");
    });
    let mut story = Story::of(&rules);
    story.hear(&event("Visited", START));
    assert_eq!(sent_at(&mut story, START), ["winter-step: push"]);
    assert_eq!(story.actions[0].offer.as_deref(), Some("ten-percent"));
    story.hear(&event("Added", START + MINUTE));
    assert_eq!(sent_at(&mut story, START + MINUTE), ["cart-step: offer_conflict"]);
    // The offer ends at ten: then the other one is available.
    story.hear(&event("Added", START + 2 * HOUR));
    assert_eq!(sent_at(&mut story, START + 2 * HOUR), ["cart-step: push"]);
}
