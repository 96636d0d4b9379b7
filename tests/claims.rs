//! Laws of claims: what an id without a proof says never replaces, and never widens, what is not claimed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;
use throughline::{Consent, Event, EventKind, Millis, Object, Plan, Profile, Value, reduce};

use crate::generate::Dice;
use crate::reference::words::{Word, effective};
use crate::support;

const RULES: &str = "
attributes:
  tier: { type: string, edge: true }
  colour: { type: string, edge: true, client: true }
  account.plan: { type: string, edge: true, client: true }
policies: { consent: { store: storage, measure: analytics, promo: [ads] } }
slots: { side: {} }
channels: { web: {} }
messages: { hello: { renditions: [ { channel: web, html: Hello } ] } }
campaigns: { hello: { class: service, when: { tier: x, colour: { $ne: y }, account.plan: { $ne: team } }, slots: { side: hello } } }
";
const PURPOSES: [&str; 4] = ["storage", "analytics", "ads", "not-in-the-rules"];
const DEVICES: [&str; 3] = ["v1", "v2", "v3"];
const STATES: [Consent; 3] = [Consent::Granted, Consent::Denied, Consent::Pending];

fn config() -> ProptestConfig {
    let cases = u32::try_from(support::cases(400)).unwrap();
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_130),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn plan() -> Plan {
    support::plan_of_yaml(RULES)
}

/// Returns events of a person and of devices, many of them in the same few milliseconds.
fn history(dice: &mut Dice) -> Vec<Event> {
    (0..dice.below(16)).map(|number| event(dice, number)).collect()
}

fn event(dice: &mut Dice, number: u64) -> Event {
    let mut event = Event {
        id: format!("e{number}-{}", dice.below(1_000)),
        kind: *dice.pick(&[EventKind::Track, EventKind::Identify, EventKind::Group]),
        at: Millis(1_000 + i64::try_from(dice.below(5)).unwrap()),
        trusted: dice.percent(50),
        claimed_by: dice.percent(60).then(|| (*dice.pick(&DEVICES)).to_owned()),
        ..Event::default()
    };
    for purpose in PURPOSES {
        if dice.percent(40) {
            event.consent.insert(purpose, *dice.pick(&STATES));
        }
    }
    match event.kind {
        EventKind::Group => {
            let traits: Object = [("plan", Value::from(*dice.pick(&["free", "team"])))].into_iter().collect();
            event.properties.insert("groupId", *dice.pick(&["a", "b"]));
            event.properties.insert("traits", Value::Object(traits));
        }
        _ => {
            for name in ["tier", "colour", "other"] {
                if dice.percent(40) {
                    event.traits.insert(name, *dice.pick(&["x", "y", "z"]));
                }
            }
        }
    }
    event
}

fn reduced<'e>(plan: &Plan, events: impl IntoIterator<Item = &'e Event>) -> Profile {
    let mut profile = Profile::new("p");
    events.into_iter().for_each(|event| reduce(plan, &mut profile, event));
    profile
}

fn merged(plan: &Plan, first: &Profile, second: &Profile) -> Profile {
    let mut out = first.clone();
    out.merge(plan, second);
    out
}

/// Returns the events in another order, some of them twice.
fn shuffled(dice: &mut Dice, events: &[Event]) -> Vec<Event> {
    let repeated = events.iter().filter(|_| dice.percent(20)).cloned().collect::<Vec<_>>();
    let mut out: Vec<Event> = events.iter().cloned().chain(repeated).collect();
    for at in (1..out.len()).rev() {
        out.swap(at, usize::try_from(dice.below(at as u64 + 1)).unwrap());
    }
    out
}

/// Returns what was said about consent, as a plain list.
fn words(events: &[Event]) -> Vec<Word> {
    let of_event = |event: &Event| {
        let stamp = throughline::Stamp::new(event.at, &event.id);
        let claimed_by = event.claimed_by.clone();
        let word = |(purpose, state): (&str, &Consent)| Word {
            stamp: (stamp.0.0, stamp.1),
            claimed_by: claimed_by.clone(),
            purpose: purpose.to_owned(),
            state: state.name().to_owned(),
        };
        event.consent.iter().map(word).collect::<Vec<_>>()
    };
    events.iter().flat_map(of_event).collect()
}

proptest! {
    #![proptest_config(config())]

    /// Checks that consent is what the plain list of words says, in any order and over any merge.
    #[test]
    fn effective_consent_is_that_of_the_naive_model(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let events = history(dice);
        let (here, there): (Vec<_>, Vec<_>) = shuffled(dice, &events).into_iter().partition(|_| dice.percent(50));
        let profile = merged(&plan, &reduced(&plan, &here), &reduced(&plan, &there));
        let words = words(&events);
        for purpose in &PURPOSES[..3] {
            let found = profile.effective_consent(purpose).map(|state| (state.1.0, state.0.name().to_owned()));
            prop_assert_eq!(found, effective(&words, purpose), "{} of {:?}", purpose, events);
        }
        prop_assert_eq!(profile.effective_consent("not-in-the-rules"), None);
    }

    /// Checks that claimed and own events can be mixed in any order, and that merging is a join.
    #[test]
    fn order_and_merges_do_not_matter(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let events = history(dice);
        let whole = reduced(&plan, &events);
        prop_assert_eq!(&whole, &reduced(&plan, &shuffled(dice, &events)));
        let part = |dice: &mut Dice| reduced(&plan, &events.iter().filter(|_| dice.percent(50)).cloned().collect::<Vec<_>>());
        let [a, b, c] = [part(dice), part(dice), part(dice)];
        prop_assert_eq!(merged(&plan, &a, &b), merged(&plan, &b, &a));
        prop_assert_eq!(merged(&plan, &merged(&plan, &a, &b), &c), merged(&plan, &a, &merged(&plan, &b, &c)));
        prop_assert_eq!(merged(&plan, &a, &a), a.clone());
        prop_assert_eq!(merged(&plan, &whole, &a), whole);
    }

    /// Checks that events of a device that are claimed one by one, and its profile that is claimed as a whole, are
    /// the same.
    #[test]
    fn claiming_a_profile_is_claiming_its_events(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let mut own = history(dice);
        own.iter_mut().for_each(|event| event.claimed_by = None);
        let claimed: Vec<Event> =
            own.iter().map(|event| Event { claimed_by: Some("v1".to_owned()), ..event.clone() }).collect();
        prop_assert_eq!(reduced(&plan, &own).into_claims("v1"), reduced(&plan, &claimed));
        let (a, b) = own.split_at(own.len() / 2);
        let [a, b] = [a, b].map(|events| reduced(&plan, events));
        let both = merged(&plan, &a, &b).into_claims("v1");
        prop_assert_eq!(both, merged(&plan, &a.into_claims("v1"), &b.into_claims("v1")));
    }

    /// Checks that claims change no own fact, and widen no consent of somebody who decided.
    #[test]
    fn a_claim_replaces_and_widens_nothing(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let events = history(dice);
        let before = reduced(&plan, &events);
        let mut claim = event(dice, 99);
        claim.claimed_by = Some((*dice.pick(&DEVICES)).to_owned());
        let after = reduced(&plan, events.iter().chain([&claim]));
        prop_assert_eq!(&before.traits, &after.traits);
        prop_assert_eq!(&before.consent, &after.consent);
        for (name, own) in &before.traits {
            prop_assert_eq!(after.effective_trait(name), Some(own));
        }
        prop_assert_eq!(&before.accounts, &after.accounts);
        for (purpose, own) in &before.consent {
            let state = after.effective_consent(purpose).map(|word| word.0);
            prop_assert!(state == Some(Consent::Denied) || state == Some(own.0), "{} of {:?}", purpose, own);
        }
    }

    /// Checks that a token carries what counts, and that later own words change both alike.
    #[test]
    fn a_token_carries_what_counts_and_no_claims(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let mut profile = reduced(&plan, &history(dice));
        let mut carried = profile.project(&plan, Millis(2_000));
        prop_assert_eq!(&carried.claims, &throughline::ClaimedFacts::default());
        let mut later = history(dice);
        later.iter_mut().for_each(|event| event.claimed_by = None);
        for event in &later {
            reduce(&plan, &mut profile, event);
            reduce(&plan, &mut carried, event);
        }
        for purpose in PURPOSES {
            let state = |profile: &Profile| profile.effective_consent(purpose).map(|word| word.0);
            prop_assert_eq!(state(&profile), state(&carried), "{}", purpose);
        }
        for name in ["tier", "colour"] {
            let value = |profile: &Profile| profile.effective_trait(name).map(|stamped| stamped.0.clone());
            prop_assert_eq!(value(&profile), value(&carried), "{}", name);
        }
    }

    /// Checks that of many undeclared traits the same few stay in any order, beside all declared ones.
    #[test]
    fn traits_are_bounded_in_any_order(seed: u64) {
        let (plan, dice) = (plan(), &mut Dice::new(seed));
        let names: Vec<String> = (0..500).map(|number| format!("t{number:03}")).collect();
        let events: Vec<Event> = (0..6).map(|number| {
            let mut event = Event { trusted: true, ..event(dice, number) };
            event.kind = EventKind::Identify;
            let traits = names.iter().filter(|_| dice.percent(40)).map(|name| (name.clone(), Value::from("x")));
            event.traits = traits.chain([("tier".to_owned(), Value::from("gold"))]).collect();
            event.traits.insert("z".repeat(129), "too long a name");
            event.traits.insert("a", "x".repeat(5_000).as_str());
            event
        }).collect();
        let whole = reduced(&plan, &events);
        prop_assert_eq!(&whole, &reduced(&plan, &shuffled(dice, &events)));
        let [a, b] = [&events[..3], &events[3..]].map(|events| reduced(&plan, events));
        prop_assert_eq!(&merged(&plan, &a, &b), &whole);
        for traits in [&whole.traits, &whole.claims.traits] {
            let all: BTreeMap<&str, &Value> = traits.iter().map(|(name, stamped)| (name, &stamped.0)).collect();
            let undeclared = all.keys().filter(|name| !["tier", "account"].contains(name)).count();
            prop_assert!(undeclared <= 300 && !all.contains_key("a"), "{} undeclared traits", undeclared);
        }
    }
}

#[test]
fn of_two_words_of_one_millisecond_the_refusal_counts() {
    let plan = plan();
    for number in 0..50 {
        let word = |id: String, state| {
            let mut event = Event { id, at: Millis(7), ..Event::default() };
            event.consent.insert("ads", state);
            event
        };
        let events = [word(format!("a{number}"), Consent::Granted), word(format!("b{number}"), Consent::Denied)];
        for events in [[&events[0], &events[1]], [&events[1], &events[0]]] {
            let state = reduced(&plan, events).effective_consent("ads").map(|word| word.0);
            assert_eq!(state, Some(Consent::Denied));
        }
    }
}

#[test]
fn untrusted_senders_set_only_small_values() {
    let plan = plan();
    let event = |trusted| Event {
        id: "e".to_owned(),
        kind: EventKind::Identify,
        traits: [("colour", Value::String("x".repeat(5_000)))].into_iter().collect(),
        trusted,
        ..Event::default()
    };
    assert!(reduced(&plan, [&event(false)]).traits.is_empty());
    assert_eq!(reduced(&plan, [&event(true)]).traits.len(), 1);
}

/// Checks that 60,000 names in falling order, which an anonymous visitor can send, cost no more than sorting them.
#[test]
fn a_hostile_event_leaves_few_traits() {
    let plan = plan();
    let traits = (0..60_000).rev().map(|number| (format!("{number:05}"), Value::Null));
    let event = Event { id: "e".to_owned(), kind: EventKind::Identify, traits: traits.collect(), ..Event::default() };
    let profile = reduced(&plan, [&event]);
    assert_eq!((profile.traits.len(), profile.traits.keys().next_back()), (300, Some("00299")));
}

#[test]
fn consent_on_the_device_is_weighed_by_its_time() {
    let plan = support::plan_of_yaml("policies: { consent: { store: storage, measure: null } }");
    let allows = |recorded: &str, at: i64, device: Option<&str>, device_at: Option<i64>| {
        let consent = device.map_or_else(|| json!({}), |state| json!({ "storage": state }));
        let facts = support::facts(&json!({
            "now": 100, "profile": { "subject": "p", "consent": { "storage": [recorded, at, 1] } },
            "request": { "consent": consent, "consentAt": device_at },
        }));
        assert_eq!(throughline::decide(&plan, &facts).store, throughline::allows_storage(&plan, &facts));
        throughline::allows_storage(&plan, &facts)
    };
    // A server's refusal that is later than the cookie, and one that is earlier.
    assert!(!allows("denied", 50, Some("granted"), Some(49)));
    assert!(!allows("denied", 50, Some("granted"), Some(50)));
    assert!(allows("denied", 50, Some("granted"), Some(51)));
    // A grant is weighed in the same way.
    assert!(allows("granted", 50, Some("denied"), Some(49)));
    assert!(!allows("granted", 50, Some("denied"), Some(50)));
    // Without a time, or with one to come, the refusal of either side counts.
    for unknown in [None, Some(101)] {
        assert!(!allows("denied", 50, Some("granted"), unknown));
        assert!(!allows("granted", 50, Some("denied"), unknown));
        assert!(allows("granted", 50, Some("granted"), unknown));
    }
    assert!(allows("granted", 50, None, None));
}
