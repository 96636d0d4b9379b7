//! Journeys, step by step, over all events that are known.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::history::{Person, Stamp};
use super::policy::{Asked, Place};
use super::{Model, duration, list, members};

/// An event begins a journey for less than so long.
const ENTRY_WINDOW: i64 = 3_600_000;

/// Where the subject of these facts is in each journey `now`, what became due, and when to look again.
///
/// `unit` says whether the subject is a person (`id`) or an account (`account.id`); `journeys` is where it was; `on_its_way` are
/// events of messages that are not sent yet.
pub fn advance(rules: &Value, facts: &Value, unit: &str, journeys: &Value, on_its_way: &[Value], now: i64) -> Value {
    // There is no request: the locale is the one that the person has.
    let locale = Person::new(rules, facts).traits.remove("locale").map(|(_, value)| value).filter(Value::is_string);
    let request = json!({ "attributes": {}, "locale": locale });
    let (request, on_its_way, journeys) = (&request, on_its_way.to_vec(), journeys.clone());
    let (actions, errands) = (Vec::new(), Vec::new());
    let mut walk = Walk { rules, facts, request, now, journeys, on_its_way, actions, errands, wake_at: None };
    let whose = |journey: &Value| journey["unit"].as_str().unwrap_or("id") == unit;
    let mut order: Vec<_> = members(&rules["journeys"]).filter(|(_, journey)| whose(journey)).collect();
    order.sort_by_key(|(_, journey)| -journey["priority"].as_i64().unwrap_or(0));
    for (id, journey) in order {
        walk.journey(id, journey);
    }
    json!({ "journeys": walk.journeys, "actions": walk.actions, "errands": walk.errands, "wakeAt": walk.wake_at })
}

struct Walk<'a> {
    rules: &'a Value,
    facts: &'a Value,
    request: &'a Value,
    now: i64,
    journeys: Value,
    on_its_way: Vec<Value>,
    actions: Vec<Value>,
    /// What members of an account are to get.
    errands: Vec<Value>,
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

    /// The goal counts for as long as the rules say, an exit while the journey goes on.
    fn end(&self, journey: &Value, mut place: Value) -> Value {
        let is_active = place["status"] == "active";
        let entered = stamp_of(&place["entered"]);
        let after = |trigger: &Value| self.stamps(trigger).into_iter().find(|stamp| *stamp > entered);
        let within =
            journey["goal"]["within"].as_str().map_or(i64::MAX, |within| entered.0.saturating_add(duration(within)));
        let goal =
            Some(&journey["goal"]).filter(|goal| goal.is_object()).and_then(after).filter(|goal| goal.0 <= within);
        let exit = list(&journey["exit"]).filter_map(after).min().filter(|_| is_active);
        if let Some(goal) = goal {
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

    /// The first event that is fresh, and late enough after the last entry and its end.
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

    /// At the first step or, to resume, behind the last message that the subject has had.
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

    /// Takes steps until one has to wait, or there is none.
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

    /// Whether the message is sent, or when to try again.
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
            self.errands.push(json!({
                "send_id": send_id, "journey": id, "entered": place["entered"], "step": step["id"], "by": by, "at": since,
            }));
            return Ok(true);
        }
        let expires = step["ttl"].as_str().map(|ttl| since + duration(ttl));
        let makes_sense = |at: i64| expires.is_none_or(|expires| at < expires);
        let outcome = match self.model(&self.on_its_way).letter(journey, step) {
            _ if !makes_sense(self.now) => json!("expired"),
            Ok(letter) => letter,
            Err((_, Some(at))) if makes_sense(at) => return Err(at),
            Err((reason, _)) => json!(reason),
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

    /// The last event that the journey waited after before a step.
    fn mover(&self, journey: &Value, step: &Value) -> Option<Stamp> {
        let before = list(&journey["steps"]).take_while(|other| other["id"] != step["id"]);
        let event = before.filter_map(|step| step.get("after")).last()?;
        self.stamps(&json!({ "event": event })).pop()
    }

    /// When such an event happened, the first time first.
    fn stamps(&self, trigger: &Value) -> Vec<Stamp> {
        let model = self.model(&[]);
        model.stamped(&trigger["event"], trigger.get("where")).map(|(stamp, _)| stamp).collect()
    }

    fn person(&self, others: &[Value]) -> Person {
        let mut facts = self.facts.clone();
        facts["events"].as_array_mut().unwrap().extend(others.iter().cloned());
        let mut person = Person::new(self.rules, &facts);
        person.journeys = self.journeys.as_object().cloned().unwrap_or_default();
        person
    }

    fn model(&self, others: &[Value]) -> Model<'_> {
        Model { rules: self.rules, request: self.request, now: self.now, person: self.person(others), plan: "" }
    }
}

/// Why something is not said, and when that ends if only time goes by.
type Against = (&'static str, Option<i64>);

impl Model<'_> {
    /// The message by the first possible channel; else what ends first, or what tells most.
    fn letter(&self, journey: &Value, step: &Value) -> Result<Value, Against> {
        let (class, message) = (journey["class"].as_str().unwrap(), step["send"].as_str().unwrap());
        let asked = Asked { campaign: None, class, offer: &journey["offer"] };
        let offer = &self.rules["offers"][journey["offer"].as_str().unwrap_or("")];
        let (cooling, full) = (self.cooling_until(asked), self.full_cap(asked, None));
        let against = [
            (!self.class_has_consent(class)).then_some(("consent_missing", None)),
            (!self.is_on(offer)).then_some(("outside_schedule", None)),
            self.is_held_out(asked).then_some(("holdout", None)),
            self.is_suppressed(class).then_some(("suppressed", None)),
            cooling.map(|until| ("cooling_down", Some(until))),
            full.map(|(cap, keys)| ("capped", self.room_at(cap, &keys))),
            self.holds_another(&journey["offer"]).then_some(("offer_conflict", None)),
            self.was_told(message, "message").then_some(("already_seen", None)),
        ];
        if let Some(first) = against.into_iter().flatten().next() {
            return Err(first);
        }
        let mut best: Against = ("unreachable", None);
        for channel in list(&step["channels"]).filter_map(Value::as_str) {
            match self.letter_by(channel, journey, asked, message) {
                Ok(letter) => return Ok(letter),
                Err(other) => {
                    let is_better = match (best.1, other.1) {
                        (Some(best), Some(other)) => other < best,
                        (None, None) => best.0 == "unreachable" || other.0 != "unreachable",
                        (best, _) => best.is_none(),
                    };
                    if is_better {
                        best = other;
                    }
                }
            }
        }
        Err(best)
    }

    fn letter_by(&self, channel: &str, journey: &Value, asked: Asked<'_>, message: &str) -> Result<Value, Against> {
        if !self.reaches(channel, &journey["topic"]) {
            return Err(("unreachable", None));
        }
        if let Some((cap, keys)) = self.full_cap(asked, Some(Place { slot: "", message, channel })) {
            return Err(("capped", self.room_at(cap, &keys)));
        }
        let rendition = self.rendition(message, channel, None).ok_or(("no_rendition", None))?;
        match self.allowed_at(asked.class, channel, self.now) {
            Some(at) if at == self.now => {
                let mut letter = json!({ "channel": channel });
                self.render(rendition, &mut letter);
                Ok(letter)
            }
            later => Err(("quiet_hours", later)),
        }
    }
}

fn stamp_of(value: &Value) -> Stamp {
    (value[0].as_i64().unwrap(), u32::try_from(value[1].as_u64().unwrap()).unwrap())
}

fn send_id(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.iter().map(|part| format!("{part}\0")).collect::<String>());
    format!("s-{}", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
