//! A naive model of `decide`, `reduce`, `advance` and `authorize`.
//!
//! It interprets the rules as written, keeps every event, and compiles, indexes, shares and skips nothing. It
//! shares no code with the core; if the two disagree, one of them is wrong.
#![allow(dead_code, reason = "each user needs a part of it")]

mod account;
mod address;
mod condition;
mod content;
mod derived;
mod distance;
mod filters;
mod formats;
mod happened;
mod hash;
mod history;
mod javascript;
pub mod journey;
mod liquid;
mod liquid_value;
mod local;
mod next;
mod once;
mod policy;
mod regex;
mod score;
pub mod send;
mod typed;
mod value;
pub mod words;

use serde_json::{Map, Value, json};

use hash::{bucket, fnv64};
use history::Person;
use policy::{Asked, Place};

pub const DAY: i64 = 86_400_000;

/// Returns the decision of these rules for these facts, as the JSON that the core writes; `plan` is the id to
/// put in.
pub fn decide(rules: &Value, facts: &Value, plan: &str) -> Value {
    let person = Person::new(rules, facts);
    let request = derived::complete(rules, &facts["request"]);
    Model { rules, request: &request, now: facts["now"].as_i64().unwrap(), person, plan }.decide()
}

/// Returns the campaigns whose conditions hold, and the request with everything derived from it and from
/// events.
pub fn conditions(rules: &Value, facts: &Value) -> (Map<String, Value>, Value) {
    let mut request = derived::complete(rules, &facts["request"]);
    let (now, person) = (facts["now"].as_i64().unwrap(), Person::new(rules, facts));
    let model = Model { rules, request: &request.clone(), now, person, plan: "" };
    for (name, row) in members(&rules["attributes"]).filter(|(_, row)| row["source"].is_object()) {
        request["attributes"][name] = model.values_of_events(&row["source"]);
    }
    let asked = members(&rules["campaigns"]).filter_map(|(id, row)| Some((id.clone(), row.get("when")?)));
    (asked.map(|(id, when)| (id, json!(model.holds(when)))).collect(), request)
}

pub struct Model<'a> {
    rules: &'a Value,
    request: &'a Value,
    now: i64,
    person: Person,
    plan: &'a str,
}

/// The rank, best first: priority, score in millionths, hash.
type Rank = (i64, i64, u64);

/// A campaign that may fill a slot, with its part of the decision.
struct Candidate {
    rank: Rank,
    campaign: String,
    assignment: Option<Value>,
    fill: Value,
}

impl Model<'_> {
    fn decide(&self) -> Value {
        let (mut slots, mut reasons) = (Map::new(), Map::new());
        let (mut assignments, mut shown) = (Vec::new(), Vec::new());
        let mut next = Value::Null;
        let bot = self.request["bot"] == true;
        for slot in self.slots() {
            let best = if bot { None } else { self.best(&slot) };
            reasons.insert(
                slot.clone(),
                json!(if bot { "bot" } else { best.as_ref().map_or("no_candidate", |_| "filled") }),
            );
            if let Some(best) = best {
                keep(&mut assignments, best.assignment.clone());
                keep(&mut shown, best.assignment);
                slots.insert(slot, best.fill);
            }
        }
        if !bot && let Some((action, assignment)) = self.next_action() {
            keep(&mut assignments, assignment);
            next = action;
        }
        let measure = self.grants("measure");
        let id = self.id();
        let exposures = if measure || self.grants("store") { self.exposures(&id, &slots, &shown) } else { Vec::new() };
        json!({
            "decisionId": id, "plan": self.plan, "subject": self.person.subject, "now": self.now,
            "cacheVariant": variant(&slots), "slots": slots, "nextAction": next, "assignments": assignments, "exposures": exposures,
            "reasons": reasons, "store": self.grants("store"), "measure": measure,
        })
    }

    /// Returns whether the purpose for cookies or measuring is granted; `null` needs none.
    fn grants(&self, what: &str) -> bool {
        let policy = &self.rules["policies"]["consent"];
        let purpose = policy
            .get(what)
            .cloned()
            .unwrap_or_else(|| json!(if what == "store" { "personalization" } else { "analytics" }));
        self.request["bot"] != true && purpose.as_str().is_none_or(|purpose| self.consent(purpose) == "granted")
    }

    fn slots(&self) -> Vec<String> {
        let path = self.request["attributes"]["path"].as_str().unwrap_or("/");
        let on_page = |slot: &Value| {
            slot["pages"]
                .as_array()
                .is_none_or(|globs| globs.iter().any(|glob| glob_matches(glob.as_str().unwrap(), path)))
        };
        let asked = |id: &str, slot: &Value| match self.request["slots"].as_array() {
            Some(names) => names.iter().any(|name| name == id),
            None => on_page(slot),
        };
        members(&self.rules["slots"]).filter(|(id, slot)| asked(id, slot)).map(|(id, _)| id.clone()).collect()
    }

    /// Returns the best campaign for the slot.
    fn best(&self, slot: &str) -> Option<Candidate> {
        let campaigns = members(&self.rules["campaigns"]);
        let candidates = campaigns.filter_map(|(id, campaign)| self.candidate(slot, id, campaign));
        candidates.min_by(|a, b| (a.rank, &a.campaign).cmp(&(b.rank, &b.campaign)))
    }

    fn candidate(&self, slot: &str, id: &str, campaign: &Value) -> Option<Candidate> {
        let message = campaign["slots"][slot].as_str()?;
        let allowed = self.may_speak(id, campaign)
            && self.has_room_for(asked(id, campaign), Some(Place { slot, message, channel: self.channel() }))
            && self.offer_fits(campaign)
            && !self.was_told(message, "seen");
        let assignment = self.assignment(campaign)?;
        let variation = assignment["variation"].as_str();
        let wanted = if self.rules["slots"][slot]["type"] == "json" { "json" } else { "html" };
        let rendition = self.rendition(message, self.channel(), variation)?;
        if !allowed || rendition.get(wanted).is_none() {
            return None;
        }
        let mut fill = json!({ "campaign": id, "message": message, "class": campaign["class"] });
        for (name, value) in [
            ("offer", &campaign["offer"]),
            ("locale", self.locale_of(rendition)),
            ("variation", &assignment["variation"]),
        ] {
            if !value.is_null() {
                fill[name] = value.clone();
            }
        }
        self.add_score(campaign, &mut fill);
        self.render(rendition, &mut fill);
        Some(Candidate {
            rank: self.rank(id, campaign),
            campaign: id.to_owned(),
            assignment: Some(assignment).filter(|assignment| !assignment.is_null()),
            fill,
        })
    }

    /// Returns whether a campaign is eligible, apart from slot and channel.
    fn may_speak(&self, id: &str, campaign: &Value) -> bool {
        let class = campaign["class"].as_str().unwrap();
        let offer = &self.rules["offers"][campaign["offer"].as_str().unwrap_or("")];
        self.class_has_consent(class)
            && self.is_on(&campaign["schedule"])
            && self.is_on(offer)
            && campaign.get("when").is_none_or(|when| self.holds(when))
            && !self.is_held_out(asked(id, campaign))
            && !self.is_excluded(&campaign["exclusion"])
            && !self.is_suppressed(class)
            && !self.is_cooling_down(asked(id, campaign))
            && list(&campaign["caps"]).all(|cap| self.has_room(cap, &[format!("campaign:{id}")]))
            && self.has_room_for(asked(id, campaign), None)
    }

    fn class_has_consent(&self, class: &str) -> bool {
        let default = if class == "promo" { json!(["personalization"]) } else { json!([]) };
        let purposes = self.rules["policies"]["consent"].get(class).unwrap_or(&default);
        list(purposes).all(|purpose| self.consent(purpose.as_str().unwrap()) == "granted")
    }

    fn consent(&self, purpose: &str) -> String {
        let default = || self.rules["policies"]["consent"]["default"].as_str().unwrap_or("pending").to_owned();
        self.stated(purpose).unwrap_or_else(default)
    }

    /// Returns the person's choice for a purpose.
    fn stated(&self, purpose: &str) -> Option<String> {
        let policy = &self.rules["policies"]["consent"];
        let default_gpc = json!(["sale_share", "advertising"]);
        let opted_out =
            self.request["gpc"] == true && list(policy.get("gpc").unwrap_or(&default_gpc)).any(|name| name == purpose);
        if opted_out {
            return Some("denied".to_owned());
        }
        let on_device = self.request["consent"][purpose].as_str().map(str::to_owned);
        let Some((since, recorded)) = words::effective(&self.person.words, purpose) else { return on_device };
        let counts = match self.request["consentAt"].as_i64() {
            Some(at) if at <= self.now => since > at || (since == at && recorded == "denied"),
            _ => recorded == "denied",
        };
        if counts { Some(recorded) } else { on_device.or(Some(recorded)) }
    }

    fn is_on(&self, schedule: &Value) -> bool {
        let edge = |name: &str| schedule[name].as_str().map(|text| self.moment(text, &schedule["timezone"]));
        edge("from").is_none_or(|from| self.now >= from) && edge("until").is_none_or(|until| self.now < until)
    }

    /// Returns whether a message that is shown once was `seen`, or at least sent (`message`).
    fn was_told(&self, message: &str, how: &str) -> bool {
        self.rules["messages"][message]["once"] == true && self.person.seen.contains_key(&format!("{how}:{message}"))
    }

    /// Returns the string of the unit; the subject's id without an attribute, none for a value that cannot be
    /// split.
    fn unit(&self, attribute: &Value) -> Option<String> {
        match self.whole_attribute(attribute.as_str().unwrap_or("id")) {
            Value::String(text) if !text.is_empty() => Some(text),
            Value::Number(number) if number.as_f64() != Some(0.0) => Some(javascript::text(&Value::Number(number))),
            Value::Bool(true) => Some("true".to_owned()),
            _ => None,
        }
    }

    /// Returns whether the campaign's offer is the one of its group: the first one seen that is still
    /// available, else that of the eligible campaign that ranks highest.
    fn offer_fits(&self, campaign: &Value) -> bool {
        let group = self.group_of(&campaign["offer"]);
        let leader = || {
            let rivals = members(&self.rules["campaigns"])
                .filter(|(id, rival)| self.group_of(&rival["offer"]) == group && self.may_speak(id, rival));
            rivals
                .min_by_key(|(id, rival)| (self.rank(id, rival), (*id).clone()))
                .map(|(_, rival)| rival["offer"].clone())
        };
        group.is_null() || self.held_offer(group).or_else(leader).is_none_or(|chosen| chosen == campaign["offer"])
    }

    fn group_of(&self, offer: &Value) -> &Value {
        &self.rules["offers"][offer.as_str().unwrap_or("")]["group"]
    }

    /// Returns the offer of a group that the person saw first, among those still available.
    fn held_offer(&self, group: &Value) -> Option<Value> {
        let held = self.person.offers.iter().filter(|(offer, _)| {
            let row = &self.rules["offers"][offer.as_str()];
            row["group"] == *group && self.is_on(row)
        });
        held.min_by_key(|(offer, stamp)| (**stamp, (*offer).clone())).map(|(offer, _)| json!(offer))
    }

    /// Returns whether the person has another offer of this one's group.
    fn holds_another(&self, offer: &Value) -> bool {
        let group = self.group_of(offer);
        !group.is_null() && self.held_offer(group).is_some_and(|held| held != *offer)
    }

    /// Returns the rank: higher priority first, then higher score, then a hash of subject and campaign.
    fn rank(&self, id: &str, campaign: &Value) -> Rank {
        let score = self.millionths(campaign) as i64;
        (-campaign["priority"].as_i64().unwrap_or(0), -score, fnv64(&[&self.person.subject, id]))
    }

    fn millionths(&self, campaign: &Value) -> f64 {
        (self.score(campaign).clamp(-1e9, 1e9) * 1e6).round()
    }

    /// Adds score and models, if the campaign has a score.
    fn add_score(&self, campaign: &Value, out: &mut Value) {
        if campaign.get("score").is_some() && self.rules["policies"]["scores"] != false {
            out["score"] = json!(self.millionths(campaign) / 1e6);
            out["models"] = score::models(&campaign["score"]);
        }
    }

    /// Returns the subject's assignment in the campaign's experiment; `null` outside of it.
    #[allow(clippy::unnecessary_wraps, reason = "reads well with `?`")]
    fn assignment(&self, campaign: &Value) -> Option<Value> {
        let Some(key) = campaign["experiment"].as_str() else { return Some(Value::Null) };
        let experiment = &self.rules["experiments"][key];
        let Some(unit) = self.unit(&experiment["unit"]) else { return Some(Value::Null) };
        let version = |name: &str| experiment[name].as_u64().unwrap_or(0);
        if experiment["active"] == false {
            return Some(Value::Null);
        }
        let assigned = |index: usize, bucket: Value, sticky: bool| json!({ "experiment": key, "variation": experiment["variations"][index]["id"], "index": index, "bucket": bucket, "sticky": sticky });
        if experiment["sticky"] != false {
            if (0..version("minBucketVersion"))
                .any(|version| self.person.assignments.contains_key(&format!("{key}__{version}")))
            {
                return Some(Value::Null);
            }
            let kept = self
                .person
                .assignments
                .get(&format!("{key}__{}", version("bucketVersion")))
                .map(|(_, variation)| variation.clone());
            if let Some(index) = list(&experiment["variations"]).position(|row| kept.as_deref() == row["id"].as_str()) {
                return Some(assigned(index, Value::Null, true));
            }
        }
        if self.is_excluded(&experiment["exclusion"]) {
            return Some(Value::Null);
        }
        if experiment.get("when").is_some_and(|when| !self.holds(when)) {
            return Some(Value::Null);
        }
        let bucket = bucket(experiment["seed"].as_str().unwrap_or(key), &unit);
        let coverage = experiment["coverage"].as_f64().unwrap_or(1.0);
        let count = list(&experiment["variations"]).count() as f64;
        let mut start = 0.0;
        for (index, row) in list(&experiment["variations"]).enumerate() {
            let weight = row["weight"].as_f64().unwrap_or(1.0 / count);
            if start <= bucket && bucket < start + coverage * weight {
                return Some(assigned(index, json!(bucket), false));
            }
            start += weight;
        }
        Some(Value::Null)
    }

    fn channel(&self) -> &str {
        self.request["channel"].as_str().unwrap_or("web")
    }

    fn id(&self) -> String {
        let page = self.request["page"].as_str().unwrap_or("");
        format!("d-{:016x}", fnv64(&[self.plan, &self.person.subject, &self.now.to_string(), page]))
    }

    fn exposures(&self, id: &str, slots: &Map<String, Value>, assignments: &[Value]) -> Vec<Value> {
        let event = |name: &str, suffix: String, properties: Value| json!({ "id": format!("{id}:{suffix}"), "type": "track", "event": name, "at": self.now, "trusted": true, "properties": properties });
        let seen = slots.iter().map(|(slot, fill)| {
            let mut properties = json!({ "slot": slot, "channel": self.channel(), "decision": id });
            for name in ["campaign", "message", "class", "offer", "variation"] {
                if let Some(value) = fill.get(name) {
                    properties[name] = value.clone();
                }
            }
            if fill.get("variation").is_some() {
                properties["experiment"] =
                    self.rules["campaigns"][fill["campaign"].as_str().unwrap()]["experiment"].clone();
            }
            event("Message Seen", slot.clone(), properties)
        });
        let viewed = assignments.iter().map(|assignment| {
            let key = assignment["experiment"].as_str().unwrap();
            let unit = self.whole_attribute(self.rules["experiments"][key]["unit"].as_str().unwrap_or("id"));
            let properties = json!({ "experiment_id": key, "variation_id": assignment["variation"], "decision": id, "unit": javascript::text(&unit) });
            event("Experiment Viewed", format!("x:{key}"), properties)
        });
        seen.chain(viewed).collect()
    }
}

fn asked<'v>(id: &'v str, campaign: &'v Value) -> Asked<'v> {
    Asked { campaign: Some(id), class: campaign["class"].as_str().unwrap(), offer: &campaign["offer"] }
}

fn keep(assignments: &mut Vec<Value>, assignment: Option<Value>) {
    if let Some(assignment) = assignment.filter(|assignment| !assignments.contains(assignment)) {
        assignments.push(assignment);
    }
}

fn variant(slots: &Map<String, Value>) -> String {
    if slots.is_empty() {
        return String::new();
    }
    let body = |fill: &Value| fill["html"].as_str().map_or_else(|| liquid_value::as_json(&fill["json"]), str::to_owned);
    let parts: Vec<String> = slots.iter().flat_map(|(slot, fill)| [slot.clone(), body(fill)]).collect();
    format!("v-{:016x}", fnv64(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Matches a glob: `*` is anything within a segment, `**` any number of segments.
fn glob_matches(glob: &str, path: &str) -> bool {
    fn segment(glob: &[u8], text: &[u8]) -> bool {
        match glob {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|skip| segment(rest, &text[skip..])),
            [letter, rest @ ..] => text.first() == Some(letter) && segment(rest, &text[1..]),
        }
    }
    fn all(glob: &[&str], path: &[&str]) -> bool {
        match glob {
            [] => path.is_empty(),
            ["**", rest @ ..] => (0..=path.len()).any(|skip| all(rest, &path[skip..])),
            [first, rest @ ..] => {
                !path.is_empty() && segment(first.as_bytes(), path[0].as_bytes()) && all(rest, &path[1..])
            }
        }
    }
    let parts = |text: &str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (glob, path) = (parts(glob), parts(path));
    all(&glob.iter().map(String::as_str).collect::<Vec<_>>(), &path.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn duration(text: &str) -> i64 {
    let unit = match text.chars().last().unwrap() {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => DAY,
        'w' => 7 * DAY,
        other => panic!("unknown unit `{other}`"),
    };
    text[..text.len() - 1].parse::<i64>().unwrap() * unit
}

pub fn members(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

pub fn list(items: &Value) -> impl Iterator<Item = &Value> {
    items.as_array().into_iter().flatten()
}

/// Returns whether a string, or a list of strings, contains the word.
fn names(one_or_many: &Value, word: &str) -> bool {
    one_or_many == word || list(one_or_many).any(|item| item == word)
}
