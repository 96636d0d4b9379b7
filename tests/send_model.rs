//! Law: the core and the naive model in `tests/reference/` authorise alike, right before a message of a
//! journey is sent.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use throughline::{
    Event, MemberMessage, Millis, PendingMessage, Plan, Profile, SendBlocked, account_event, advance_account,
    authorize, reduce,
};

use crate::generate::{self, Dice};
use crate::reference;
use crate::support;

/// The number of messages for each set of rules, because compiling takes longer than authorising.
const MESSAGES: u64 = 20;

#[test]
fn the_core_lets_messages_leave_as_the_naive_model() {
    let mut seen = Seen::default();
    for seed in 0..support::cases(3_000) / MESSAGES {
        let rules = generate::journey::rules(seed);
        let plan = support::plan(&rules);
        for number in 0..MESSAGES {
            let dice = &mut Dice::new(!(seed * MESSAGES + number));
            let facts = generate::journey::person(dice, &rules);
            let (waiting, now) = (generate::journey::waiting(dice, &rules, &facts), facts["now"].as_i64().unwrap());
            let others = generate::journey::others(dice, &rules, now);
            let wanted = reference::send::authorize(&rules, &facts, &others, &waiting, now);
            let found = ask(&plan, &profile(&plan, &facts), &others, &waiting, now);
            assert_eq!(
                found, wanted,
                "case {seed}/{number}:\nwaiting {waiting:#}\nothers {others:#?}\nnow {now}\nfacts {facts:#}\nrules {rules:#}"
            );
            seen.note(found);
        }
    }
    seen.assert_each(
        &[
            "consent_missing",
            "expired",
            "holdout",
            "journey_ended",
            "no_rendition",
            "offer_conflict",
            "outside_schedule",
            "suppressed",
            "unreachable",
            "already_seen",
            "capped",
            "cooling_down",
            "quiet_hours",
        ],
        &["capped", "cooling_down", "quiet_hours"],
    );
}

/// Checks the messages that members get from journeys of their account, and their authorisation.
#[test]
fn the_core_lets_messages_of_accounts_leave_as_the_naive_model() {
    let (mut seen, mut written) = (Seen::default(), Seen::default());
    for seed in 0..support::cases(2_000) / MESSAGES {
        let mut rules = generate::journey::rules(seed);
        let journeys = rules["journeys"].as_object_mut().unwrap();
        journeys.values_mut().for_each(|journey| journey["unit"] = json!("account.id"));
        let plan = support::plan(&rules);
        for number in 0..MESSAGES {
            let dice = &mut Dice::new(!(seed * MESSAGES + number));
            let Company { facts, member, member_messages } = Company::new(dice, &rules, &plan);
            let now = facts["now"].as_i64().unwrap();
            let others = generate::journey::others(dice, &rules, now);
            for member_message in member_messages {
                let told = serde_json::to_value(&member_message).unwrap();
                let case = format!(
                    "case {seed}/{number}:\nerrand {told:#}\nothers {others:#?}\nfacts {facts:#}\nrules {rules:#}"
                );
                let wanted = reference::send::run(&rules, &facts, &others, &told, now);
                let action = member_message.compose(&plan, &member, &events(&others), Millis(now));
                written.note(wanted.as_ref().err().copied());
                match (action, wanted) {
                    (Err(at), Err((_, until))) => assert_eq!(Some(at.0), until, "{case}"),
                    (Ok(Some(action)), wanted) => {
                        let outcome = action.outcome.as_ref().map(|letter| letter.channel.as_str());
                        let wanted = wanted.as_ref().map(|letter| letter["channel"].as_str().unwrap());
                        assert_eq!(
                            outcome.map_err(|withheld| (withheld.code(), None)),
                            wanted.map_err(|against| *against),
                            "{case}"
                        );
                        let mut waiting = json!({ "journey": action.journey, "entered": told["entered"], "message": action.message, "channel": dice.pick(&["email", "push"]) });
                        if action.expires != Millis::MAX {
                            waiting["expires"] = json!(action.expires.0);
                        }
                        let wanted = reference::send::authorize(&rules, &facts, &others, &waiting, now);
                        let found = ask(&plan, &member, &others, &waiting, now);
                        assert_eq!(found, wanted, "waiting {waiting:#}\n{case}");
                        seen.note(found);
                    }
                    (action, wanted) => panic!("wanted {wanted:?}, found {action:?}\n{case}"),
                }
            }
        }
    }
    written.assert_each(&["expired", "holdout", "unreachable", "capped"], &["capped", "cooling_down", "quiet_hours"]);
    seen.assert_each(&["capped", "expired", "holdout", "unreachable", "journey_ended"], &["quiet_hours"]);
}

/// A member of an account, and the member messages of the account's journeys.
struct Company {
    facts: Value,
    member: Profile,
    member_messages: Vec<MemberMessage>,
}

impl Company {
    fn new(dice: &mut Dice, rules: &Value, plan: &Plan) -> Self {
        let mut facts = generate::journey::person(dice, rules);
        let now = facts["now"].as_i64().unwrap();
        let before = now - dice.pick(&[0, 60_000, 600_000]);
        let mut account = generate::account::own(dice, rules, before);
        let id = account["id"].as_str().unwrap().to_owned();
        let mut own = Profile::new("account");
        let hear = |own: &mut Profile, event: &Event| {
            account_event(plan, event, &id).iter().for_each(|event| reduce(plan, own, event))
        };
        // Both know some of the member's exposures, and the same ones.
        let seen = facts["events"].as_array().unwrap().iter().filter(|event| {
            let is_seen = event["event"] == "Message Seen" || event["event"] == "Message Sent";
            is_seen && dice.percent(60)
        });
        account["events"].as_array_mut().unwrap().extend(seen.cloned());
        events(account["events"].as_array().unwrap()).iter().for_each(|event| hear(&mut own, event));
        let advanced = advance_account(plan, &own, Millis(before));
        own = advanced.profile;
        // In the meantime the account and its member have other events.
        if dice.percent(50) {
            let event = generate::account::heard(dice, rules, now);
            hear(&mut own, &events(std::slice::from_ref(&event))[0]);
            account["events"].as_array_mut().unwrap().push(event);
        }
        if dice.percent(30) {
            own = advance_account(plan, &own, Millis(now)).profile;
        }
        if dice.percent(85) {
            let joins = generate::account::joining(dice, &id, now);
            facts["events"].as_array_mut().unwrap().push(joins);
        }
        let mut member = profile(plan, &facts);
        member.merge_account(plan, &id, &own.to_account(plan));
        account["profile"]["journeys"] = serde_json::to_value(&own).unwrap()["journeys"].clone();
        facts["account"] = account;
        Self { facts, member, member_messages: advanced.member_messages }
    }
}

fn events(told: &[Value]) -> Vec<Event> {
    told.iter().map(|event| serde_json::from_value(event.clone()).unwrap()).collect()
}

/// The reason against a message, and when it ends.
type Against = Option<(&'static str, Option<i64>)>;

fn ask(plan: &Plan, profile: &Profile, others: &[Value], waiting: &Value, now: i64) -> Against {
    let text = |name: &str| waiting[name].as_str().unwrap();
    let waiting = PendingMessage {
        journey: text("journey"),
        entered: serde_json::from_value(waiting["entered"].clone()).unwrap(),
        message: text("message"),
        channel: text("channel"),
        expires: waiting["expires"].as_i64().map_or(Millis::MAX, Millis),
    };
    match authorize(plan, profile, &events(others), &waiting, Millis(now)) {
        Ok(()) => None,
        Err(SendBlocked::Later(reason, at)) => Some((reason.code(), Some(at.0))),
        Err(withheld) => Some((withheld.code(), None)),
    }
}

fn profile(plan: &Plan, facts: &Value) -> Profile {
    let known = support::facts(facts);
    let mut profile = known.profile;
    known.events.iter().for_each(|event| reduce(plan, &mut profile, event));
    profile
}

/// The number of times that each outcome occurred.
#[derive(Default)]
struct Seen(BTreeMap<(&'static str, bool), u32>);

impl Seen {
    fn note(&mut self, found: Against) {
        let (reason, until) = found.unwrap_or(("sent", None));
        *self.0.entry((reason, until.is_some())).or_default() += 1;
    }

    /// Checks that each reason occurs: a generator of few of them would prove little.
    fn assert_each(&self, never: &[&'static str], later: &[&'static str]) {
        let wanted = never.iter().map(|reason| (*reason, false)).chain(later.iter().map(|reason| (*reason, true)));
        for what in wanted.chain([("sent", false)]) {
            assert!(self.0.get(&what).is_some_and(|count| *count >= 5), "too few of {what:?}: {:?}", self.0);
        }
    }
}
