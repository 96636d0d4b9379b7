//! Laws of transactional messages: limits on all messages do not apply to them, unless the rules name them.
//!
//! The consent that the rules and the channels require applies to them as to all others.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use throughline::{Event, Facts, Millis, PendingMessage, Plan, Profile, SendBlocked, authorize, reduce};

use crate::generate::{self, Dice};
use crate::support;

const CRITICAL: &str = "transactional";
/// The limits of policies; holdouts are the fifth.
const LIMITS: [&str; 4] = ["caps", "cooldown", "quiet", "suppress"];
/// The number of people for each set of rules, because compiling takes longer than deciding.
const PEOPLE: u64 = 10;

#[test]
fn limits_that_do_not_name_critical_campaigns_are_nothing_to_them() {
    let mut seen = Counts::default();
    for seed in 0..support::cases(1_000) / PEOPLE {
        let dice = &mut Dice::new(seed);
        let mut rules = generate::rules(seed);
        for campaign in rules["campaigns"].as_object_mut().unwrap().values_mut() {
            if dice.percent(40) {
                campaign["class"] = json!(CRITICAL);
            }
            // The offer of a person depends on the other eligible campaigns.
            campaign.as_object_mut().unwrap().remove("offer");
        }
        limit(dice, &mut rules);
        let critical = critical(&rules);
        spare(&mut rules, &critical);
        let (limited, free) = (support::plan(&rules), support::plan(&without_limits(&rules)));
        for number in 0..PEOPLE {
            let facts = support::facts(&generate::facts(&rules, seed * PEOPLE + number));
            let [limited, free] = [&limited, &free].map(|plan| outcomes(plan, &facts));
            for (what, outcome) in &free {
                let (_, campaign) = what;
                if critical.contains(campaign) {
                    assert_eq!(limited[what], *outcome, "case {seed}/{number}: {what:?}, by\n{rules:#}");
                    seen.note(if outcome.0 == "may" { "spoke" } else { "silent" });
                } else if limited[what].0 != outcome.0 {
                    seen.note(&limited[what].0);
                } else if limited[what] != *outcome {
                    seen.note("moved");
                }
            }
        }
    }
    seen.assert_each(&["spoke", "capped", "cooling_down", "holdout", "suppressed", "moved"]);
}

#[test]
fn what_a_campaign_says_it_says_as_a_critical_one_too() {
    let (mut said, mut more) = (0, 0);
    for seed in 0..support::cases(1_200) / PEOPLE {
        let dice = &mut Dice::new(seed);
        let mut rules = generate::rules(seed);
        let ids: Vec<String> = rules["campaigns"].as_object().unwrap().keys().cloned().collect();
        let chosen = dice.pick(&ids);
        let class = rules["campaigns"][chosen]["class"].as_str().unwrap().to_owned();
        // The class requires no other consent than that of the campaign's former class.
        let demanded = rules["policies"]["consent"].get(&class).cloned();
        let demanded =
            demanded.unwrap_or_else(|| if class == "promo" { json!(["personalization"]) } else { json!([]) });
        rules["policies"]["consent"][CRITICAL] = demanded;
        let mut critical = rules.clone();
        critical["campaigns"][chosen]["class"] = json!(CRITICAL);
        for side in [&mut rules, &mut critical] {
            spare(side, std::slice::from_ref(chosen));
        }
        let (before, after) = (support::plan(&rules), support::plan(&critical));
        for number in 0..PEOPLE {
            let facts = support::facts(&generate::facts(&rules, seed * PEOPLE + number));
            let [before, after] = [&before, &after].map(|plan| messages(&support::decide(plan, &facts), chosen));
            let kept = before.iter().all(|message| after.contains(message));
            assert!(kept, "case {seed}/{number}: {chosen} said {before:?}, and now {after:?}, by\n{rules:#}");
            said += before.len();
            more += after.len() - before.len();
        }
    }
    assert!(said >= 50 && more >= 10, "{said} messages stayed, {more} came");
}

#[test]
fn limits_that_do_not_name_it_are_nothing_to_a_critical_message_of_a_journey() {
    let mut seen = Counts::default();
    for seed in 0..support::cases(600) / PEOPLE {
        let dice = &mut Dice::new(seed);
        let mut rules = critical_journeys(seed);
        limit(dice, &mut rules);
        spare(&mut rules, &[]);
        let mut other = rules.clone();
        of_class(&mut other, "service");
        let [limited, other, free] = [&rules, &other, &without_limits(&rules)].map(support::plan);
        for number in 0..PEOPLE {
            let dice = &mut Dice::new(!(seed * PEOPLE + number));
            let asked = Asked::new(dice, &rules);
            let [limited, other, free] = [&limited, &other, &free].map(|plan| asked.of(plan));
            assert_eq!(limited, free, "case {seed}/{number}: {:#}, by\n{rules:#}", asked.waiting);
            seen.note(if free.is_ok() { "left" } else { "stayed" });
            if let (Ok(()), Err(against)) = (free, other) {
                seen.note(against.code());
            }
        }
    }
    seen.assert_each(&["left", "capped", "cooling_down", "holdout", "quiet_hours", "suppressed"]);
}

/// A purpose that only the rules of these tests have.
const TERMS: &str = "terms";

#[test]
fn critical_campaigns_need_the_consent_that_the_rules_demand() {
    let mut seen = Counts::default();
    for seed in 0..support::cases(400) / PEOPLE {
        let dice = &mut Dice::new(seed);
        let mut rules = generate::rules(seed);
        for campaign in rules["campaigns"].as_object_mut().unwrap().values_mut() {
            campaign["class"] = json!(if dice.percent(60) { CRITICAL } else { "service" });
        }
        rules["policies"]["consent"][CRITICAL] = json!([]);
        let mut demanding = rules.clone();
        demanding["policies"]["consent"][CRITICAL] = json!([TERMS]);
        let (free, demanding) = (support::plan(&rules), support::plan(&demanding));
        for number in 0..PEOPLE {
            let mut facts = generate::facts(&rules, seed * PEOPLE + number);
            let mut found = |plan: &Plan, state: &str| {
                facts["request"]["consent"][TERMS] = json!(state);
                outcomes(plan, &support::facts(&facts))
            };
            let without = found(&free, "denied");
            assert_eq!(found(&demanding, "granted"), without, "case {seed}/{number}, by\n{rules:#}");
            for state in ["denied", "pending"] {
                for (what, (outcome, _)) in found(&demanding, state) {
                    if rules["campaigns"][&what.1]["class"] == CRITICAL {
                        assert_eq!(outcome, "consent_missing", "case {seed}/{number}: {what:?}, by\n{rules:#}");
                        seen.note(&without[&what].0);
                    }
                }
            }
        }
    }
    seen.assert_each(&["may"]);
}

#[test]
fn critical_messages_of_journeys_need_the_consent_of_the_rules_and_of_the_channel() {
    let mut seen = Counts::default();
    for seed in 0..support::cases(600) / PEOPLE {
        let mut rules = critical_journeys(seed);
        rules["policies"]["consent"][CRITICAL] = json!([]);
        let mut demanding = rules.clone();
        demanding["policies"]["consent"][CRITICAL] = json!([TERMS]);
        let (free, demanding) = (support::plan(&rules), support::plan(&demanding));
        for number in 0..PEOPLE {
            let dice = &mut Dice::new(!(seed * PEOPLE + number));
            let mut asked = Asked::new(dice, &rules);
            let channel = &rules["channels"][asked.waiting["channel"].as_str().unwrap()]["consent"];
            let purposes = [(&demanding, TERMS), (&free, channel.as_str().unwrap_or("none"))];
            let before = asked.of(&free);
            for (plan, purpose) in purposes {
                asked.decide(purpose, "granted");
                let may = asked.of(plan);
                asked.decide(purpose, "denied");
                let may_not = asked.of(plan);
                let case = format!("case {seed}/{number}: {purpose}, {:#}, by\n{rules:#}", asked.waiting);
                if purpose == TERMS {
                    assert_eq!(may, before, "{case}");
                }
                if may.is_ok() && purpose != "none" {
                    assert!(
                        ["consent_missing", "unreachable"].contains(&may_not.map_or_else(|it| it.code(), |()| "left")),
                        "{case}"
                    );
                    seen.note(purpose);
                }
            }
        }
    }
    seen.assert_each(&[TERMS, "advertising", "channel.email"]);
}

/// Adds limits for everything that is not transactional, some of them strict.
fn limit(dice: &mut Dice, rules: &mut Value) {
    let hard = [
        ("caps", json!({ "max": 1, "per": "total" })),
        ("cooldown", json!({ "for": "2d", "after": { "event": dice.pick(&generate::EVENTS) } })),
        ("quiet", json!({ "from": "08:30", "until": "21:00" })),
        ("suppress", json!({ "class": ["promo", "service"], "when": { "vip": true } })),
    ];
    for (kind, row) in hard {
        if dice.percent(30) {
            let rows = &mut rules["policies"][kind];
            let known = rows.as_array().into_iter().flatten().cloned();
            *rows = known.chain([row]).collect();
        }
    }
    if dice.percent(30) {
        rules["holdouts"]["most"] = json!({ "percent": 70 });
    }
}

/// Replaces each limit that names transactional messages, or one of these campaigns, by one for all others.
fn spare(rules: &mut Value, campaigns: &[String]) {
    let is_meant = |name: &Value| name == CRITICAL || campaigns.iter().any(|id| name == id.as_str());
    let spare = |row: &mut Value| {
        row.as_object_mut().unwrap().retain(|part, named| {
            let named = named.as_array().map_or(std::slice::from_ref(named), Vec::as_slice);
            !["class", "campaign", "campaigns"].contains(&part.as_str()) || !named.iter().any(is_meant)
        });
    };
    for kind in LIMITS {
        rules["policies"].get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten().for_each(spare);
    }
    rules["holdouts"].as_object_mut().unwrap().values_mut().for_each(spare);
}

fn without_limits(rules: &Value) -> Value {
    let mut rules = rules.clone();
    rules["policies"].as_object_mut().unwrap().retain(|kind, _| !LIMITS.contains(&kind.as_str()));
    rules["holdouts"] = json!({});
    rules
}

/// Returns the ids of transactional campaigns.
fn critical(rules: &Value) -> Vec<String> {
    let campaigns = rules["campaigns"].as_object().unwrap().iter();
    campaigns.filter(|(_, row)| row["class"] == CRITICAL).map(|(id, _)| id.clone()).collect()
}

/// Returns the outcome of each campaign in each slot, and as a next action with these steps: `may`, or the
/// reason.
fn outcomes(plan: &Plan, facts: &Facts) -> BTreeMap<(String, String), (String, Value)> {
    let trace = serde_json::from_str::<Value>(&throughline::explain(plan, facts).to_json()).unwrap()["trace"].take();
    let slots = trace["slots"].as_object().unwrap().iter().map(|(slot, rows)| (slot.as_str(), rows));
    let rows = slots
        .chain([("", &trace["nextAction"])])
        .flat_map(|(slot, rows)| rows.as_array().unwrap().iter().map(move |row| (slot, row)));
    let outcome = |row: &Value| match row["outcome"].as_str().unwrap() {
        "won" | "outranked" => "may".to_owned(),
        other => other.to_owned(),
    };
    let text = |row: &Value| row["campaign"].as_str().unwrap().to_owned();
    rows.map(|(slot, row)| ((slot.to_owned(), text(row)), (outcome(row), row["steps"].clone()))).collect()
}

/// Returns the messages by which a campaign fills slots, and that of the next action if it is the campaign's.
fn messages(decision: &Value, campaign: &str) -> Vec<(String, Value)> {
    let fills = decision["slots"].as_object().unwrap().iter().map(|(slot, fill)| (slot.as_str(), fill));
    let own = fills.filter(|(_, fill)| fill["campaign"] == campaign);
    let mut out: Vec<(String, Value)> = own.map(|(slot, fill)| (slot.to_owned(), fill["message"].clone())).collect();
    // The channel may be another one, which is not quiet now.
    out.extend((decision["nextAction"]["campaign"] == campaign).then(|| ("next".to_owned(), Value::Null)));
    out
}

fn critical_journeys(seed: u64) -> Value {
    let mut rules = generate::journey::rules(seed);
    of_class(&mut rules, CRITICAL);
    rules
}

fn of_class(rules: &mut Value, class: &str) {
    rules["journeys"].as_object_mut().unwrap().values_mut().for_each(|journey| journey["class"] = json!(class));
}

/// A message of a journey that waits to be sent.
struct Asked {
    facts: Value,
    waiting: Value,
    others: Vec<Event>,
    now: i64,
}

impl Asked {
    fn new(dice: &mut Dice, rules: &Value) -> Self {
        let facts = generate::journey::person(dice, rules);
        let now = facts["now"].as_i64().unwrap();
        let waiting = generate::journey::waiting(dice, rules, &facts);
        let others = generate::journey::others(dice, rules, now);
        let others = others.into_iter().map(|event| serde_json::from_value(event).unwrap()).collect();
        Self { facts, waiting, others, now }
    }

    /// Records the person's choice, later than everything else that is known.
    fn decide(&mut self, purpose: &str, state: &str) {
        self.facts["profile"]["consent"][purpose] = json!([state, 1_900_000_000_000_i64, 1]);
    }

    fn of(&self, plan: &Plan) -> Result<(), SendBlocked> {
        let known = support::facts(&self.facts);
        let mut profile: Profile = known.profile;
        known.events.iter().for_each(|event| reduce(plan, &mut profile, event));
        let text = |name: &str| self.waiting[name].as_str().unwrap();
        let waiting = PendingMessage {
            journey: text("journey"),
            entered: serde_json::from_value(self.waiting["entered"].clone()).unwrap(),
            message: text("message"),
            channel: text("channel"),
            expires: self.waiting["expires"].as_i64().map_or(Millis::MAX, Millis),
        };
        authorize(plan, &profile, &self.others, &waiting, Millis(self.now))
    }
}

/// The number of times that each case occurred: a law about no case proves nothing.
#[derive(Default)]
struct Counts(BTreeMap<String, u32>);

impl Counts {
    fn note(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }

    #[track_caller]
    fn assert_each(&self, wanted: &[&str]) {
        for what in wanted {
            assert!(self.0.get(*what).is_some_and(|count| *count >= 5), "too few of {what}: {:?}", self.0);
        }
    }
}
