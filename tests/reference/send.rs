//! Messages of journeys: their composition, and the authorisation right before they are sent.

use serde_json::{Value, json};

use super::history::Person;
use super::journey::{exit, goal};
use super::policy::{Asked, Place};
use super::{Model, duration, list};

/// The reason why a message is withheld, and when that ends if only time passes and the message is still
/// useful then.
type Against = (&'static str, Option<i64>);

/// Returns the facts without a request: the locale is that of the person.
pub fn without_request(rules: &Value, facts: &Value) -> Value {
    let locale = Person::new(rules, facts).trait_of("locale").map(|(_, value)| value).filter(Value::is_string);
    json!({ "attributes": {}, "locale": locale })
}

/// Returns the reason against a message that would be sent `now`, and when it ends; `None` if it may be sent.
///
/// `waiting` has its `journey`, when that was `entered`, its `message` and `channel`, and when it `expires`;
/// `others` are events of messages that are on their way as well.
pub fn authorize(rules: &Value, facts: &Value, others: &[Value], waiting: &Value, now: i64) -> Option<Against> {
    let (request, person) = (&without_request(rules, facts), Person::new(rules, &with(facts, others)));
    let model = Model { rules, request, now, person, plan: "" };
    let known = |section: &str, name: &str| rules[section].get(waiting[name].as_str().unwrap());
    let (expires, message, channel) = (waiting["expires"].as_i64(), &waiting["message"], json!([waiting["channel"]]));
    let is_known = known("messages", "message").and(known("channels", "channel")).is_some();
    match known("journeys", "journey").filter(|journey| is_known && !model.is_over(journey, waiting)) {
        _ if expires.is_some_and(|expires| now >= expires) => Some(("expired", None)),
        None => Some(("journey_ended", None)),
        Some(journey) => model.letter(journey, message.as_str().unwrap(), &channel, expires).err(),
    }
}

/// Composes the message of an account's journey for the member with these facts.
pub fn run(rules: &Value, facts: &Value, others: &[Value], member_message: &Value, now: i64) -> Result<Value, Against> {
    let (request, person) = (&without_request(rules, facts), Person::new(rules, &with(facts, others)));
    let model = Model { rules, request, now, person, plan: "" };
    let journey = &rules["journeys"][member_message["journey"].as_str().unwrap()];
    let step = list(&journey["steps"]).find(|step| step["id"] == member_message["step"]).unwrap();
    let expires = step["ttl"].as_str().map(|ttl| member_message["at"].as_i64().unwrap() + duration(ttl));
    model.letter(journey, step["send"].as_str().unwrap(), &step["channels"], expires)
}

/// Returns the facts as if everything on its way had been sent.
pub fn with(facts: &Value, others: &[Value]) -> Value {
    let mut facts = facts.clone();
    facts["events"].as_array_mut().unwrap().extend(others.iter().cloned());
    facts
}

impl Model<'_> {
    /// Returns whether the journey has ended, or belongs to an account that the person has left.
    fn is_over(&self, journey: &Value, waiting: &Value) -> bool {
        let has_ended = |events| {
            goal(events, journey, &waiting["entered"]).is_some() || exit(events, journey, &waiting["entered"]).is_some()
        };
        if journey["unit"] != "account.id" {
            return has_ended(&self.person.events);
        }
        let name = waiting["journey"].as_str().unwrap();
        let account = self.person.account();
        let place = account.and_then(|account| account.journeys.get(name)).unwrap_or(&Value::Null);
        place["entered"] != waiting["entered"] || account.is_some_and(|account| has_ended(&account.events))
    }

    /// Composes the message by the first possible channel, or returns the reason that ends first, else the
    /// most specific one.
    pub fn letter(
        &self,
        journey: &Value,
        message: &str,
        channels: &Value,
        expires: Option<i64>,
    ) -> Result<Value, Against> {
        let makes_sense = |at: i64| expires.is_none_or(|expires| at < expires);
        if !makes_sense(self.now) {
            return Err(("expired", None));
        }
        let found = self.against(journey, message).map_or(Ok(()), Err);
        let found = found.and_then(|()| self.letter_by_one_of(channels, journey, message));
        found.map_err(|(reason, at)| (reason, at.filter(|at| makes_sense(*at))))
    }

    /// Returns the reason against it in every channel.
    fn against(&self, journey: &Value, message: &str) -> Option<Against> {
        let class = journey["class"].as_str().unwrap();
        let asked = asked(journey);
        let offer = &self.rules["offers"][journey["offer"].as_str().unwrap_or("")];
        let against = [
            (!self.class_has_consent(class)).then_some(("consent_missing", None)),
            (!self.is_on(offer)).then_some(("outside_schedule", None)),
            self.is_held_out(asked).then_some(("holdout", None)),
            self.is_suppressed(class).then_some(("suppressed", None)),
            self.cooling_until(asked).map(|until| ("cooling_down", Some(until))),
            self.full_cap(asked, None).map(|(cap, keys)| ("capped", self.room_at(cap, &keys))),
            self.holds_another(&journey["offer"]).then_some(("offer_conflict", None)),
            self.was_told(message, "message").then_some(("already_seen", None)),
        ];
        against.into_iter().flatten().next()
    }

    fn letter_by_one_of(&self, channels: &Value, journey: &Value, message: &str) -> Result<Value, Against> {
        let mut best: Against = ("unreachable", None);
        for channel in list(channels).filter_map(Value::as_str) {
            match self.letter_by(channel, journey, message) {
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

    fn letter_by(&self, channel: &str, journey: &Value, message: &str) -> Result<Value, Against> {
        if !self.reaches(channel, &journey["topic"]) {
            return Err(("unreachable", None));
        }
        let asked = asked(journey);
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

fn asked(journey: &Value) -> Asked<'_> {
    Asked { campaign: None, class: journey["class"].as_str().unwrap(), offer: &journey["offer"] }
}
