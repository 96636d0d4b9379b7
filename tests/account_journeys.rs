//! Journeys of accounts: one for all members, and the member who gets each message.

use serde_json::{Value, json};
use throughline::{
    Action, Advance, Consent, Event, EventKind, InstanceStatus, MemberMessage, Millis, PendingMessage, Plan, Profile,
    SendBlocked, Stamp, account_event, advance, advance_account, authorize, reduce,
};

use crate::story::{MINUTE, START, event};
use crate::support;

const ACME: &str = "acme";

fn rules() -> Value {
    json!({
        "version": 1,
        "attributes": { "account.id": { "type": "string" }, "account.plan": { "type": "string", "edge": true } },
        "channels": { "web": {}, "push": { "consent": "channel.push" } },
        "messages": { "upgrade": { "renditions": [{ "channel": "push", "text": "More seats for {{ account.plan }}" }] } },
        "policies": {
            "consent": { "default": "granted" },
            "caps": [{ "message": "upgrade", "channel": "push", "max": 1, "per": "1h", "unit": "account.id" }],
        },
        "journeys": {
            "seats": {
                "class": "service",
                "unit": "account.id",
                "enter": { "event": "Limit Reached", "when": { "account.plan": "team" } },
                "reenter": "1d",
                "exit": [{ "event": "Upgraded" }],
                "steps": [
                    { "id": "settle", "wait": "10m", "after": "Limit Reached" },
                    { "id": "ask", "send": "upgrade", "channels": ["push"], "ttl": "2h" }
                ]
            },
            "welcome": {
                "class": "service",
                "enter": { "event": "Limit Reached" },
                "steps": [{ "id": "hello", "send": "upgrade", "channels": ["push"] }]
            }
        }
    })
}

fn group(id: &str, traits: Value, at: i64) -> Event {
    let properties = serde_json::from_value(json!({ "groupId": id, "traits": traits })).unwrap();
    let id = format!("group-{id}-{at}");
    Event { id, kind: EventKind::Group, at: Millis(at), properties, trusted: true, ..Event::default() }
}

fn stamp(event: &Event) -> Stamp {
    Stamp::new(event.at, &event.id)
}

/// An account with two members.
struct Company {
    plan: Plan,
    account: Profile,
    ann: Profile,
    bob: Profile,
    member_messages: Vec<MemberMessage>,
    wake_at: Option<Millis>,
}

impl Company {
    fn new() -> Self {
        let [account, ann, bob] = ["account", "ann", "bob"].map(Profile::new);
        let mut company =
            Self { plan: support::plan(&rules()), account, ann, bob, member_messages: Vec::new(), wake_at: None };
        let joins = group(ACME, json!({ "plan": "team" }), START - MINUTE);
        company.ann_does(&joins);
        company.bob_does(&joins);
        company
    }

    fn ann_does(&mut self, event: &Event) {
        reduce(&self.plan, &mut self.ann, event);
        self.tell(event);
    }

    fn bob_does(&mut self, event: &Event) {
        reduce(&self.plan, &mut self.bob, event);
        self.tell(event);
    }

    fn tell(&mut self, event: &Event) {
        if let Some(event) = account_event(&self.plan, event, ACME) {
            reduce(&self.plan, &mut self.account, &event);
        }
        let known = self.account.to_account(&self.plan);
        self.ann.merge_account(&self.plan, ACME, &known);
        self.bob.merge_account(&self.plan, ACME, &known);
    }

    /// Advances the time; returns how many member messages became due.
    #[track_caller]
    fn at(&mut self, now: i64) -> usize {
        let Advance { profile, actions, member_messages, wake_at } =
            advance_account(&self.plan, &self.account, Millis(now));
        let again = advance_account(&self.plan, &profile, Millis(now));
        assert_eq!(
            (&again.profile, again.member_messages.len(), again.wake_at),
            (&profile, 0, wake_at),
            "twice is once"
        );
        assert!(actions.is_empty());
        (self.account, self.wake_at) = (profile, wake_at);
        self.member_messages.extend(member_messages.iter().cloned());
        let known = self.account.to_account(&self.plan);
        self.ann.merge_account(&self.plan, ACME, &known);
        self.bob.merge_account(&self.plan, ACME, &known);
        member_messages.len()
    }

    fn sent_to(&self, member: &Profile, now: i64) -> Result<Action, Millis> {
        self.member_messages[0].compose(&self.plan, member, &[], Millis(now)).map(Option::unwrap)
    }

    fn authorize(&self, member: &Profile, now: i64) -> Result<(), SendBlocked> {
        let waiting = PendingMessage {
            journey: "seats",
            entered: self.member_messages[0].entered,
            message: "upgrade",
            channel: "push",
            expires: Millis::MAX,
        };
        authorize(&self.plan, member, &[], &waiting, Millis(now))
    }
}

#[test]
fn however_many_members_act_there_is_one_message_for_the_last_of_them() {
    let mut company = Company::new();
    let (first, last) = (event("Limit Reached", START), event("Limit Reached", START + 5 * MINUTE));
    company.ann_does(&first);
    assert_eq!(company.at(START), 0);
    company.bob_does(&last);
    assert_eq!(company.at(START + 10 * MINUTE), 0);
    assert_eq!(company.wake_at, Some(Millis(START + 15 * MINUTE)));
    assert_eq!(company.at(START + 15 * MINUTE), 1);
    let member_message = &company.member_messages[0];
    assert_eq!((member_message.entered, member_message.by), (stamp(&first), stamp(&last)));
    let action = company.sent_to(&company.bob, START + 15 * MINUTE).unwrap();
    let letter = action.outcome.unwrap();
    assert_eq!(
        throughline::canonical::to_string(&letter.to_value()),
        r#"{"channel":"push","text":"More seats for team"}"#
    );
    assert_eq!(
        (action.send_id.as_str(), action.expires),
        (member_message.send_id.as_str(), Millis(START + 135 * MINUTE))
    );
}

#[test]
fn people_go_through_their_own_journeys_and_accounts_through_theirs() {
    let mut company = Company::new();
    company.ann_does(&event("Limit Reached", START));
    let of_ann = advance(&company.plan, &company.ann, &[], Millis(START));
    assert_eq!(of_ann.actions.iter().map(|action| action.journey.as_str()).collect::<Vec<_>>(), ["welcome"]);
    assert_eq!(of_ann.profile.journeys.keys().collect::<Vec<_>>(), ["welcome"]);
    company.at(START);
    assert_eq!(company.account.journeys.keys().collect::<Vec<_>>(), ["seats"]);
}

#[test]
fn what_any_member_does_ends_it() {
    let mut company = Company::new();
    company.ann_does(&event("Limit Reached", START));
    company.at(START);
    company.bob_does(&event("Upgraded", START + MINUTE));
    assert_eq!(company.at(START + 15 * MINUTE), 0);
    assert_eq!(company.account.journeys["seats"].status, InstanceStatus::Exited);
    // Only between the member message and its sending.
    let mut late = Company::new();
    late.ann_does(&event("Limit Reached", START));
    assert_eq!(late.at(START + 10 * MINUTE), 1);
    assert_eq!(late.authorize(&late.ann, START + 10 * MINUTE), Ok(()));
    late.bob_does(&event("Upgraded", START + 11 * MINUTE));
    assert_eq!(late.authorize(&late.ann, START + 12 * MINUTE), Err(SendBlocked::Ended));
}

#[test]
fn who_has_left_the_account_gets_nothing_of_it() {
    let mut company = Company::new();
    company.ann_does(&event("Limit Reached", START));
    assert_eq!(company.at(START + 10 * MINUTE), 1);
    reduce(&company.plan, &mut company.ann, &group("initech", json!({}), START + MINUTE));
    assert_eq!(company.authorize(&company.ann, START + 10 * MINUTE), Err(SendBlocked::Ended));
    assert_eq!(company.authorize(&company.bob, START + 10 * MINUTE), Ok(()));
}

#[test]
fn a_member_gets_only_what_they_allow_and_what_caps_leave_room_for() {
    let mut company = Company::new();
    company.ann_does(&event("Limit Reached", START));
    assert_eq!(company.at(START + 10 * MINUTE), 1);
    let now = START + 10 * MINUTE;
    let consent = [("channel.push", Consent::Denied)].into_iter().map(|(name, state)| (name.to_owned(), state));
    let mut refuses = company.ann.clone();
    let says = Event { consent: consent.collect(), ..event("Consent Preference Updated", START) };
    reduce(&company.plan, &mut refuses, &says);
    assert_eq!(company.sent_to(&refuses, now).unwrap().outcome, Err(SendBlocked::Unreachable));
    // Bob was sent the same message, and the cap is the account's.
    let properties = json!({ "message": "upgrade", "channel": "push", "class": "service" });
    let properties = serde_json::from_value(properties).unwrap();
    company.bob_does(&Event { properties, trusted: true, ..event("Message Sent", START) });
    assert_eq!(company.sent_to(&company.ann, now).unwrap_err(), Millis(START + 60 * MINUTE));
    assert!(company.sent_to(&company.ann, START + 60 * MINUTE).unwrap().outcome.is_ok());
    assert_eq!(company.sent_to(&company.ann, START + 130 * MINUTE).unwrap().outcome, Err(SendBlocked::Expired));
}

#[test]
fn who_may_begin_it_is_asked_of_the_account() {
    let mut company = Company::new();
    company.bob_does(&group(ACME, json!({ "plan": "free" }), START - 1));
    company.ann_does(&event("Limit Reached", START));
    assert_eq!(company.at(START + 10 * MINUTE), 0);
    assert!(company.account.journeys.is_empty());
}

#[test]
fn an_account_is_told_what_its_rules_need_and_nothing_of_its_members() {
    let plan = support::plan(&rules());
    let secret = Event {
        traits: serde_json::from_value(json!({ "email": "ann@example.com" })).unwrap(),
        consent: [("channel.push".to_owned(), Consent::Denied)].into_iter().collect(),
        ..event("Limit Reached", START)
    };
    let heard = account_event(&plan, &secret, ACME).unwrap();
    assert_eq!((heard.traits.is_empty(), heard.consent.is_empty()), (true, true));
    assert_eq!((heard.id, heard.name), (secret.id, secret.name));
    for (event, wanted) in [
        (event("Message Seen", START), true),
        (event("Upgraded", START), true),
        (event("Page Viewed", START), false),
        (group(ACME, json!({}), START), true),
        (group("initech", json!({}), START), false),
    ] {
        assert_eq!(account_event(&plan, &event, ACME).is_some(), wanted, "{} {:?}", event.name, event.kind);
    }
}
