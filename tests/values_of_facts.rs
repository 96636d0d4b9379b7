//! Values that have several spellings or arrive several times: orders, addresses, names of traits, confidential lists.

use serde_json::{Value, json};
use throughline::{Event, Millis, Plan, Profile, advance, explain, reduce};

use crate::support;

const NOW: i64 = 1_795_600_000_000;
const HOUR: i64 = 3_600_000;

/// Returns the event of an order page that was loaded `hours` ago.
fn order(number: usize, id: &Value, hours: i64) -> Event {
    let event = json!({
        "id": format!("e{number}"), "type": "track", "event": "Order Completed", "at": NOW - hours * HOUR,
        "properties": { "order_id": id, "total": 30 }, "trusted": true,
    });
    serde_json::from_value(event).unwrap()
}

fn profile(plan: &Plan, events: &[Event]) -> Profile {
    let mut profile = Profile::new("p1");
    events.iter().for_each(|event| reduce(plan, &mut profile, event));
    profile
}

/// Returns the segments that the profile is in, and those that its projection for a token is in.
fn segments(plan: &Plan, profile: &Profile) -> Vec<String> {
    let found = |profile: &Profile| profile.all_segments(plan, Millis(NOW)).iter().cloned().collect::<Vec<_>>();
    assert_eq!(found(profile), found(&profile.project(plan, Millis(NOW))), "a token says the same");
    found(profile)
}

fn orders() -> Plan {
    support::plan_of_yaml(
        "
        policies: { consent: { default: granted, promo: [] } }
        slots: { top: {} }
        channels: { web: {}, email: {} }
        messages:
          m: { renditions: [ { channel: web, html: hello }, { channel: email, subject: Hello, text: Hello } ] }
        segments:
          again: { when: { $event: { name: Order Completed, once: order_id, count: { $gte: 2 } } } }
          recent: { when: { $event: { name: Order Completed, once: order_id, within: 2h } } }
          sixty: { when: { $sum: { event: Order Completed, once: order_id, property: total, total: 60 } } }
        campaigns:
          c: { class: service, when: { $segment: [again, recent, sixty] }, slots: { top: m } }
        journeys:
          thanks:
            class: service
            enter: { event: Order Completed, once: order_id }
            reenter: always
            steps: [ { id: mail, send: m, channels: [email] } ]
        ",
    )
}

#[test]
fn a_reloaded_order_page_is_one_order_at_its_first_time() {
    let plan = orders();
    let a = json!("A1");
    let reloads: Vec<Event> = [(0, 5), (1, 1), (2, 3)].map(|(number, hours)| order(number, &a, hours)).into();
    let once = profile(&plan, &reloads);
    assert!(segments(&plan, &once).is_empty(), "one order, five hours ago");
    let mut more = reloads.clone();
    more.push(order(3, &json!("A2"), 1));
    assert_eq!(segments(&plan, &profile(&plan, &more)), ["again", "recent", "sixty"]);
    let spellings = [order(0, &json!(17), 4), order(1, &json!("17"), 3)];
    assert!(segments(&plan, &profile(&plan, &spellings)).is_empty(), "a number and its digits are one id");
}

#[test]
fn orders_without_an_id_are_all_orders() {
    let plan = orders();
    for nothing in [json!(null), json!("undefined"), json!(""), json!(["A1"]), json!(true)] {
        let twice = [order(0, &nothing, 1), order(1, &nothing, 1)];
        assert_eq!(segments(&plan, &profile(&plan, &twice)), ["again", "recent", "sixty"], "{nothing}");
    }
}

#[test]
fn a_reload_that_the_edge_sees_first_is_recognised_by_the_token() {
    let plan = orders();
    let known = profile(&plan, &[order(0, &json!("A1"), 400), order(1, &json!("A2"), 300)]);
    let mut carried = known.project(&plan, Millis(NOW));
    reduce(&plan, &mut carried, &order(2, &json!("A1"), 0));
    assert_eq!(segments(&plan, &carried), ["again", "sixty"], "no order within two hours");
}

#[test]
fn a_profile_keeps_a_bounded_number_of_orders() {
    let plan = orders();
    let many: Vec<Event> =
        (0..500).map(|number| order(number, &json!(format!("A{number}")), 600 - number as i64)).collect();
    let kept = profile(&plan, &many);
    assert!(kept.counters.values().all(|kept| kept.len() <= 2 * 32), "{:?}", kept.counters);
    let reload = order(501, &json!("A0"), 0);
    let mut reloaded = kept.clone();
    reduce(&plan, &mut reloaded, &reload);
    assert_eq!(segments(&plan, &kept), segments(&plan, &reloaded), "the first orders are recognised for good");
    let flood: Vec<Event> = (600..900).map(|number| order(number, &json!("A499"), 0)).collect();
    let mut flooded = kept;
    flood.iter().for_each(|event| reduce(&plan, &mut flooded, event));
    assert!(segments(&plan, &flooded).contains(&"again".to_owned()), "reloads of one order push out no other");
}

#[test]
fn a_journey_begins_once_for_each_order() {
    let plan = orders();
    let at = |profile: &Profile, hours: i64| advance(&plan, profile, &[], Millis(NOW - hours * HOUR));
    let first = at(&profile(&plan, &[order(0, &json!("A1"), 2)]), 2);
    assert_eq!(first.actions.len(), 1);
    let mut later = first.profile;
    reduce(&plan, &mut later, &order(1, &json!("A1"), 1));
    let reloaded = at(&later, 1);
    assert_eq!(reloaded.actions.len(), 0, "the order is the same");
    let mut next = reloaded.profile;
    reduce(&plan, &mut next, &order(2, &json!("A2"), 0));
    assert_eq!(at(&next, 0).actions.len(), 1, "another order");
}

#[test]
fn only_those_who_may_set_a_trait_set_it_by_its_dotted_name() {
    let plan = support::plan_of_yaml(
        "
        attributes:
          loyalty.tier: { type: string, edge: true }
          app.theme: { type: string, edge: true, client: true }
        slots: { top: {} }
        channels: { web: {} }
        messages: { m: { renditions: [ { channel: web, html: hello } ] } }
        segments:
          gold: { when: { loyalty.tier: gold } }
          dark: { when: { app.theme: dark } }
        campaigns: { c: { class: service, when: { $segment: [gold, dark] }, slots: { top: m } } }
        ",
    );
    let told = |traits: Value, trusted: bool, at: i64| -> Event {
        serde_json::from_value(
            json!({ "id": format!("i{at}"), "type": "identify", "at": at, "traits": traits, "trusted": trusted }),
        )
        .unwrap()
    };
    let after = |events: &[Event]| segments(&plan, &profile(&plan, events));
    let (flat, nested) = (json!({ "loyalty.tier": "gold" }), json!({ "loyalty": { "tier": "gold" } }));
    assert_eq!(after(&[told(flat.clone(), true, 1)]), ["gold"]);
    assert_eq!(after(&[told(nested.clone(), true, 1)]), ["gold"]);
    assert!(after(&[told(flat.clone(), false, 1)]).is_empty(), "a page cannot make itself gold");
    assert!(after(&[told(nested.clone(), false, 1)]).is_empty());
    assert_eq!(after(&[told(json!({ "app.theme": "dark" }), false, 1)]), ["dark"]);
    let silver = json!({ "loyalty": { "tier": "silver", "points": 5 } });
    assert!(after(&[told(flat.clone(), true, 1), told(silver.clone(), true, 2)]).is_empty(), "the later one counts");
    assert_eq!(after(&[told(flat.clone(), true, 3), told(silver, true, 2)]), ["gold"]);
    let points = json!({ "loyalty": { "points": 5 } });
    assert_eq!(
        after(&[told(flat, true, 1), told(points, true, 2)]),
        ["gold"],
        "an object without the member says nothing"
    );
}

#[test]
fn confidential_values_are_in_no_plan_and_no_explanation() {
    let rules = json!({
        "attributes": { "mail": { "type": "string", "source": "request" } },
        "slots": { "top": { "public": true } },
        "channels": { "web": {} },
        "messages": { "m": { "renditions": [{ "channel": "web", "html": "hello" }] } },
        "campaigns": { "c": { "class": "service", "when": { "mail": { "$inHashed": ["ann@example.com", "ben@example.com"] } }, "slots": { "top": "m" } } },
    });
    let plans = support::compile(&rules);
    for plan in [&plans.edge, &plans.public] {
        let text = String::from_utf8_lossy(plan);
        assert!(!text.contains("example.com"), "the plan has an address");
        let plan = Plan::load(plan).unwrap();
        let facts = |mail: &str| {
            support::facts(
                &json!({ "now": NOW, "profile": { "subject": "p" }, "request": { "attributes": { "path": "/", "mail": mail } } }),
            )
        };
        let filled = |mail: &str| !support::decide(&plan, &facts(mail))["slots"]["top"].is_null();
        assert_eq!((filled("ann@example.com"), filled("eve@example.com")), (true, false));
        for mail in ["ann@example.com", "eve@example.com"] {
            let told = explain(&plan, &facts(mail)).to_json();
            assert!(!told.contains("@example"), "{told}");
        }
        let told = explain(&plan, &facts("eve@example.com")).to_json();
        assert!(told.contains("$inHashed") && told.contains("confidential"), "{told}");
    }
    let mut changed = rules;
    changed["attributes"]["unused"] = json!({ "type": "string" });
    assert_ne!(support::compile(&changed).public, plans.public, "other rules, another salt");
}

#[test]
fn slots_and_conditions_see_one_form_of_a_path() {
    let plan = support::plan_of_yaml(
        "
        slots: { top: { pages: [ /café/* ] }, side: {} }
        channels: { web: {} }
        messages: { m: { renditions: [ { channel: web, html: hello } ] } }
        campaigns:
          a: { class: service, when: { $event: { name: Page Viewed, where: { path: /caf%c3%a9/menu } } }, slots: { side: m } }
          b: { class: service, when: { url: { $in: [ 'https://shop.example/caf%C3%A9/menu?q=%c3%bc' ] } }, slots: { top: m } }
        ",
    );
    for path in ["/café/menu", "/caf%C3%A9/menu", "/caf%c3%a9/m%65nu"] {
        let facts = support::facts(&json!({
            "now": NOW, "profile": { "subject": "p" },
            "request": { "attributes": { "path": path, "url": format!("https://shop.example{path}?q=%C3%BC") } },
            "events": [{ "id": "1", "type": "page", "event": "Page Viewed", "at": NOW - HOUR, "properties": { "path": path }, "trusted": true }],
        }));
        let decided = support::decide(&plan, &facts);
        assert!(decided["slots"]["side"].is_object() && decided["slots"]["top"].is_object(), "{path}: {decided:#}");
    }
}
