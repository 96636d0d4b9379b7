//! Journeys, step by step, over all known events.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::condition::such;
use super::history::{Events, Person, Stamp};
use super::send::{with, without_request};
use super::{Model, duration, list, members, once};

/// The time for which an event can start a journey.
const ENTRY_WINDOW: i64 = 3_600_000;

/// Returns the subject's progress in each journey at `now`, the messages that became due, and when to look
/// again.
///
/// `unit` says whether the subject is a person (`id`) or an account (`account.id`). `journeys` is the former
/// progress, `on_its_way` has events of messages that are not sent yet.
pub fn advance(rules: &Value, facts: &Value, unit: &str, journeys: &Value, on_its_way: &[Value], now: i64) -> Value {
    let request = &without_request(rules, facts);
    let (on_its_way, journeys) = (on_its_way.to_vec(), journeys.clone());
    let (actions, member_messages) = (Vec::new(), Vec::new());
    let mut walk = Walk { rules, facts, request, now, journeys, on_its_way, actions, member_messages, wake_at: None };
    let whose = |journey: &Value| journey["unit"].as_str().unwrap_or("id") == unit;
    let mut order: Vec<_> = members(&rules["journeys"]).filter(|(_, journey)| whose(journey)).collect();
    order.sort_by_key(|(_, journey)| -journey["priority"].as_i64().unwrap_or(0));
    for (id, journey) in order {
        walk.journey(id, journey);
    }
    json!({ "journeys": walk.journeys, "actions": walk.actions, "member_messages": walk.member_messages, "wakeAt": walk.wake_at })
}

struct Walk<'a> {
    rules: &'a Value,
    facts: &'a Value,
    request: &'a Value,
    now: i64,
    journeys: Value,
    on_its_way: Vec<Value>,
    actions: Vec<Value>,
    /// The messages for members of an account.
    member_messages: Vec<Value>,
    wake_at: Option<i64>,
}

impl Walk<'_> {
    fn journey(&mut self, id: &str, journey: &Value) {
        let mut place = Some(self.journeys[id].clone()).filter(Value::is_object).map(|place| self.end(journey, place));
        loop {
            if let Some(active) = place.as_ref().filter(|place| place["status"] == "active") {
                let next = self.go_on(id, journey, active.clone());
                let waits = next["status"] == "active";
                place = Some(next);
                if waits {
                    break;
                }
            }
            let Some(stamp) = self.entry(journey, place.as_ref()) else { break };
            place = Some(self.end(journey, self.begin(journey, stamp)));
        }
        if let Some(place) = place {
            self.journeys[id] = place;
        }
    }

    /// Ends a journey. The goal counts for as long as the rules say, an exit while the journey runs.
    fn end(&self, journey: &Value, mut place: Value) -> Value {
        let is_active = place["status"] == "active";
        let events = self.person(&[]).events;
        let exit = exit(&events, journey, &place["entered"]).filter(|_| is_active);
        if let Some(goal) = goal(&events, journey, &place["entered"]) {
            place["status"] = json!("converted");
            if is_active {
                place["since"] = json!(goal.0);
            }
        } else if let Some(exit) = exit {
            place["status"] = json!("exited");
            place["since"] = json!(exit.0);
        }
        place
    }

    /// Returns the first event that is recent, and late enough after the last entry and its end.
    fn entry(&self, journey: &Value, former: Option<&Value>) -> Option<Stamp> {
        let may_again = |stamp: Stamp, former: &Value| {
            let entered = stamp_of(&former["entered"]);
            let pause = match journey["reenter"].as_str().unwrap_or("never") {
                "never" => return false,
                "always" => 0,
                pause => duration(pause),
            };
            stamp > entered && stamp.0 > former["since"].as_i64().unwrap() && stamp.0 >= entered.0 + pause
        };
        let begins =
            |stamp: &Stamp| stamp.0 + ENTRY_WINDOW > self.now && former.is_none_or(|former| may_again(*stamp, former));
        let stamp = self.stamps(&journey["enter"]).into_iter().find(begins)?;
        journey["enter"].get("when").is_none_or(|when| self.model(&[]).holds(when)).then_some(stamp)
    }

    /// Begins at the first step or, to resume, after the last message that the subject has had.
    fn begin(&self, journey: &Value, (at, id): Stamp) -> Value {
        let steps: Vec<&Value> = list(&journey["steps"]).collect();
        let person = self.person(&[]);
        let had =
            |step: &&Value| step["send"].as_str().is_some_and(|id| person.seen.contains_key(&format!("message:{id}")));
        let first = if journey["resume"] == true { steps.iter().rposition(had).map_or(0, |last| last + 1) } else { 0 };
        let (step, status) = match steps.get(first) {
            Some(step) => (step, "active"),
            None => (&steps[steps.len() - 1], "completed"),
        };
        json!({ "entered": [at, id], "step": step["id"], "since": at, "status": status })
    }

    /// Runs steps until one has to wait, or there is none.
    fn go_on(&mut self, id: &str, journey: &Value, mut place: Value) -> Value {
        let mut status = "completed";
        let steps: Vec<&Value> = list(&journey["steps"]).skip_while(|step| step["id"] != place["step"]).collect();
        if steps.is_empty() {
            status = "exited";
        }
        for step in steps {
            place["step"] = step["id"].clone();
            let since = place["since"].as_i64().unwrap();
            let until = if let Some(wait) = step["wait"].as_str() {
                let last = step.get("after").and_then(|event| self.stamps(&json!({ "event": event })).pop());
                let due = last.map_or(since, |last| last.0.max(since)) + duration(wait);
                if due <= self.now {
                    place["since"] = json!(due);
                }
                Some(due).filter(|due| *due > self.now)
            } else {
                let sent = self.send(id, journey, step, &place);
                status = if sent == Ok(false) { "suppressed" } else { "completed" };
                sent.err()
            };
            if let Some(until) = until {
                self.wake_at = Some(self.wake_at.map_or(until, |other| other.min(until)));
                return place;
            }
        }
        place["status"] = json!(status);
        place
    }

    /// Returns whether the message is sent, or when to try again.
    fn send(&mut self, id: &str, journey: &Value, step: &Value, place: &Value) -> Result<bool, i64> {
        let since = place["since"].as_i64().unwrap();
        let subject = self.facts["profile"]["subject"].as_str().unwrap();
        let send_id = send_id(&[
            subject,
            id,
            &place["entered"][0].to_string(),
            &place["entered"][1].to_string(),
            step["id"].as_str().unwrap(),
        ]);
        if journey["unit"] == "account.id" {
            let by = self.mover(journey, step).unwrap_or_default().max(stamp_of(&place["entered"]));
            self.member_messages.push(json!({
                "send_id": send_id, "journey": id, "entered": place["entered"], "step": step["id"], "by": by, "at": since,
            }));
            return Ok(true);
        }
        let expires = step["ttl"].as_str().map(|ttl| since + duration(ttl));
        let message = step["send"].as_str().unwrap();
        let outcome = match self.model(&self.on_its_way).letter(journey, message, &step["channels"], expires) {
            Ok(letter) => letter,
            Err((_, Some(at))) => return Err(at),
            Err((reason, None)) => json!(reason),
        };
        if outcome.is_object() {
            self.on_its_way.push(json!({ "id": format!("{send_id}:sent"), "type": "track", "event": "Message Sent", "at": self.now, "trusted": true,
                "properties": { "send_id": send_id, "class": journey["class"], "message": step["send"], "channel": outcome["channel"], "offer": journey["offer"] } }));
        }
        let sent = outcome.is_object();
        self.actions.push(json!({
            "sendId": send_id, "journey": id, "entered": place["entered"], "step": step["id"], "class": journey["class"], "message": step["send"],
            "offer": journey["offer"], "at": since, "expires": expires, "outcome": outcome,
        }));
        Ok(sent)
    }

    /// Returns the last event that the journey waited for before a step.
    fn mover(&self, journey: &Value, step: &Value) -> Option<Stamp> {
        let before = list(&journey["steps"]).take_while(|other| other["id"] != step["id"]);
        let event = before.filter_map(|step| step.get("after")).last()?;
        self.stamps(&json!({ "event": event })).pop()
    }

    /// Returns the times of the trigger, earliest first.
    fn stamps(&self, trigger: &Value) -> Vec<Stamp> {
        times(&self.person(&[]).events, trigger)
    }

    fn person(&self, others: &[Value]) -> Person {
        let mut person = Person::new(self.rules, &with(self.facts, others));
        person.journeys = self.journeys.as_object().cloned().unwrap_or_default();
        person
    }

    fn model(&self, others: &[Value]) -> Model<'_> {
        Model { rules: self.rules, request: self.request, now: self.now, person: self.person(others), plan: "" }
    }
}

/// Returns the first time of the goal since the entry, within its time.
pub fn goal(events: &Events, journey: &Value, entered: &Value) -> Option<Stamp> {
    let goal = Some(&journey["goal"]).filter(|goal| goal.is_object())?;
    let end = goal["within"].as_str().map_or(i64::MAX, |within| stamp_of(entered).0 + duration(within));
    first_after(events, goal, entered).filter(|stamp| stamp.0 <= end)
}

/// Returns the first exit event since the entry.
pub fn exit(events: &Events, journey: &Value, entered: &Value) -> Option<Stamp> {
    list(&journey["exit"]).filter_map(|trigger| first_after(events, trigger, entered)).min()
}

fn first_after(events: &Events, trigger: &Value, entered: &Value) -> Option<Stamp> {
    // An event of the same time counts as later, except the one that began the journey.
    let entered = stamp_of(entered);
    times(events, trigger).into_iter().find(|stamp| *stamp != entered && stamp.0 >= entered.0)
}

fn times(events: &Events, trigger: &Value) -> Vec<Stamp> {
    let found = such(events, &trigger["event"], trigger).map(|(stamp, event)| (stamp, event, Value::Null));
    once::reports(found, &trigger["once"]).into_iter().map(|(stamp, _, _)| stamp).collect()
}

fn stamp_of(value: &Value) -> Stamp {
    (value[0].as_i64().unwrap(), u32::try_from(value[1].as_u64().unwrap()).unwrap())
}

fn send_id(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.iter().map(|part| format!("{part}\0")).collect::<String>());
    format!("s-{}", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
