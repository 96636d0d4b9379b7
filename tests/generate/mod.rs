//! Generates rules and facts from a number: the same number gives the same case on every machine.
//!
//! They are small and dense: few names, few values, times near each other, so that conditions often match.
//! Some facts are missing, have the wrong type, or are unusual.
#![allow(dead_code, reason = "each user needs a part of it")]

pub mod account;
mod claims;
mod condition;
mod fact;
pub mod features;
mod history;
pub mod journey;
mod operator;
mod pattern;
mod policy;
mod profile;
mod request;
mod template;

use serde_json::{Map, Value, json};

use condition::condition;
use fact::fact;

/// Noon of a day in 2025; most times are near it.
pub const NOON: i64 = 1_760_011_200_000;
const HOUR: i64 = 3_600_000;
/// Days after that on which clocks change: in Europe back, in America back, in America forward, in Europe
/// forward.
const MOVES: [i64; 4] = [17, 24, 150, 171];
pub const EVENTS: [&str; 3] = ["Page Viewed", "Product Added", "Order Completed"];
const CLASSES: [&str; 3] = ["promo", "service", "transactional"];
const PURPOSES: [&str; 4] = ["personalization", "analytics", "advertising", "channel.email"];
const STATES: [&str; 3] = ["granted", "denied", "pending"];
pub const PATHS: [&str; 5] = ["/", "/pricing", "/products/shoes", "/products/shoes/red/", "/über"];
/// Encodings of characters in [`PATHS`]: needless, in either case, and of one character of several bytes.
const ENCODINGS: [(&str, &str); 5] =
    [("ü", "%C3%BC"), ("ü", "%c3%bc"), ("r", "%72"), ("shoes", "sh%6Fes"), ("/pricing", "/pricin%67")];
const SUBJECTS: [&str; 8] = ["p1", "p2", "p3", "p4", "anonymous-0815", "Zoë", "p😀", "👩‍👩‍👧é\u{301}"];

/// Random choices by a seed (SplitMix64). Small choices read bytes as long as there are any.
pub struct Dice {
    state: u64,
    bytes: std::collections::VecDeque<u8>,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
        Self { state, bytes: std::collections::VecDeque::new() }
    }

    /// Creates dice for a fuzzer, which can then learn the effect of each byte.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.iter().copied().collect(), ..Self::new(0) }
    }

    pub fn below(&mut self, end: u64) -> u64 {
        if end <= 256
            && let Some(byte) = self.bytes.pop_front()
        {
            return u64::from(byte) % end;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Returns true with a probability in percent.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// Returns a path, sometimes in another spelling, or one with characters that stay encoded.
    fn path(&mut self) -> Value {
        let path = *self.pick(&PATHS);
        match self.below(10) {
            0..=2 => {
                let (plain, encoded) = *self.pick(&ENCODINGS);
                json!(path.replace(plain, encoded))
            }
            3 => json!(format!("{path}%2f%C3%28%")),
            _ => json!(path),
        }
    }

    fn subset(&mut self, items: &[&str], chance: u64) -> Vec<Value> {
        items.iter().filter(|_| self.percent(chance)).map(|item| json!(item)).collect()
    }
}

/// Returns the rules of a whole plan.
pub fn rules(seed: u64) -> Value {
    rules_by(&mut Dice::new(seed))
}

/// Returns the same by dice.
pub fn rules_by(dice: &mut Dice) -> Value {
    let offers = ids("offer", dice.below(4));
    let experiments = ids("exp", dice.below(3));
    let segments = ids("segment", dice.below(3));
    let slots = ids("slot", 1 + dice.below(3));
    let mut rules = json!({
        "version": 1,
        "defaults": { "timezone": dice.pick(&["UTC", "Asia/Tokyo", "America/St_Johns"]) },
        "places": {
            "north": { "latitude": 47.07, "longitude": 15.44 },
            "south": { "latitude": -36.85, "longitude": 174.76 },
        },
        "attributes": {
            "home": { "type": "object", "edge": true },
            "tier": { "type": "string", "edge": true, "client": dice.percent(50) },
            "score": { "type": "number", "edge": true },
            "vip": { "type": "boolean", "edge": true },
            "tags": { "type": "list", "edge": true },
            "seen": history::values(dice),
            "bought": history::values(dice),
            "cart.total": { "type": "number", "edge": true, "client": true },
            "cart.items": { "type": "list", "edge": true, "client": true },
            "app": { "type": "version", "edge": true, "client": dice.percent(50) },
            "wa_ok": { "type": "boolean", "edge": true },
            "ends": { "type": "date", "edge": true, "client": dice.percent(50) },
            "level": { "type": "string", "edge": true, "enum": ["gold", "Silver", 3] },
            "weather": { "type": "string", "source": "request" },
            "partner": { "type": "string", "source": "request", "parameter": "ref" },
            "account.id": { "type": "string", "edge": dice.percent(70), "client": dice.percent(60) },
            "account.plan": { "type": "string", "edge": true, "client": dice.percent(80) },
        },
        "channels": { "web": {}, "email": { "consent": "channel.email" }, "whatsapp": { "consent": "advertising", "reach": "wa_ok" } },
    });
    rules["catalogue"] = json!({
        "a": { "title": "A & <b>", "stock": 2 }, "b": { "title": "B", "stock": 0 }, "gold": { "title": "\"G\"", "stock": 1 },
    });
    rules["lists"] = json!({ "mine": { "from": dice.pick(&["tags", "seen"]), "limit": 1 + dice.below(3) } });
    if dice.percent(50) {
        rules["lists"]["mine"]["without"] = json!(["bought"]);
    }
    if dice.percent(50) {
        rules["lists"]["mine"]["where"] = json!({ "stock": { "$gt": 0 } });
    }
    if dice.percent(20) {
        rules["defaults"]["currency"] = json!(dice.pick(&["GBP", "JPY"]));
    }
    if dice.percent(30) {
        rules["defaults"]["locales"] = json!({ "de-AT": ["fr", "de"], "en": ["de"] });
    }
    rules["savedGroups"] = condition::groups(dice);
    rules["segments"] = map(&segments, |_, at| json!({ "when": condition(dice, &segments[..at], 2) }));
    rules["stages"] = json!(segments);
    rules["slots"] = map(&slots, |_, _| slot(dice));
    rules["offers"] = map(&offers, |_, _| offer(dice));
    rules["experiments"] = map(&experiments, |_, _| experiment(dice, &segments));
    let mut messages = Map::new();
    let count = if dice.percent(20) { 8 + dice.below(12) } else { 1 + dice.below(6) };
    let campaigns = ids("campaign", count);
    rules["exclusions"] = json!({ "tests": {}, "tiers": { "unit": "tier" } });
    rules["holdouts"] = map(&ids("holdout", dice.below(2)), |_, _| policy::holdout(dice, &campaigns));
    rules["campaigns"] = map(&campaigns, |id, _| {
        campaign(
            dice,
            id,
            &Names { offers: &offers, experiments: &experiments, segments: &segments },
            &rules,
            &mut messages,
        )
    });
    rules["messages"] = Value::Object(messages);
    rules["policies"] = policies(dice, &segments, &slots, &offers);
    policy::add(dice, &mut rules);
    account::add(dice, &mut rules);
    rules
}

/// Returns facts for these rules; another `seed` gives other facts.
pub fn facts(rules: &Value, seed: u64) -> Value {
    facts_by(rules, &mut Dice::new(!seed))
}

/// Returns the same by dice.
pub fn facts_by(rules: &Value, dice: &mut Dice) -> Value {
    let day = if dice.percent(25) { *dice.pick(&MOVES) } else { 0 };
    let minutes = dice.below(48 * 60) as i64 - 24 * 60;
    // Schedules begin and end on the hour.
    let minutes = if dice.percent(20) { minutes / 60 * 60 } else { minutes };
    let now = NOON + day * 24 * HOUR + minutes * 60_000;
    let mut request = json!({ "attributes": request::attributes(dice), "consent": consents(dice, 55) });
    if dice.percent(50) {
        request["agent"] = request::agent(dice);
    }
    for (name, chance) in [("gpc", 15), ("bot", 4)] {
        request[name] = json!(dice.percent(chance));
    }
    if dice.percent(70) {
        request["locale"] = json!(dice.pick(&["de", "de-AT", "DE-ch", "en", "en-GB", "fr", "d", "deutsch"]));
    }
    if dice.percent(70) {
        request["session"] = json!(now - dice.below(90 * 60_000) as i64);
    }
    if dice.percent(30) {
        request["slots"] = json!(["slot-0", "slot-1", "no-such-slot"]);
    }
    let count = dice.below(14);
    let events: Vec<Value> = (0..count).map(|_| event(dice, rules, now)).collect();
    let profile = profile::profile(dice, rules, now);
    let mut facts = json!({ "now": now, "profile": profile, "request": request, "events": events });
    claims::add(dice, &mut facts, now);
    facts
}

struct Names<'a> {
    offers: &'a [String],
    experiments: &'a [String],
    segments: &'a [String],
}

fn ids(kind: &str, count: u64) -> Vec<String> {
    (0..count).map(|number| format!("{kind}-{number}")).collect()
}

fn map(ids: &[String], mut row: impl FnMut(&str, usize) -> Value) -> Value {
    Value::Object(ids.iter().enumerate().map(|(at, id)| (id.clone(), row(id, at))).collect())
}

fn slot(dice: &mut Dice) -> Value {
    let mut slot = json!({ "public": true });
    if dice.percent(20) {
        slot["type"] = json!("json");
    }
    if dice.percent(40) {
        slot["pages"] = dice
            .pick(&[
                json!(["/"]),
                json!(["/pricing", "/products/*"]),
                json!(["/products/**"]),
                json!(["/**/red", "/ü*"]),
            ])
            .clone();
    }
    slot
}

fn offer(dice: &mut Dice) -> Value {
    let mut offer = json!({});
    if dice.percent(80) {
        offer["group"] = json!(dice.pick(&["sales", "service"]));
    }
    span(dice, &mut offer, 25);
    offer
}

/// Adds `from` and `until` around noon.
fn span(dice: &mut Dice, target: &mut Value, chance: u64) {
    let time = |hours: i64| jiff::Timestamp::from_millisecond(NOON + hours * HOUR).unwrap().to_string();
    if dice.percent(chance) {
        target["from"] = json!(time(dice.below(36) as i64 - 30));
    }
    if dice.percent(chance) {
        target["until"] = json!(time(dice.below(36) as i64 + 7));
    }
}

fn experiment(dice: &mut Dice, segments: &[String]) -> Value {
    let weights = dice.pick(&[[0.5, 0.5], [0.1, 0.9], [0.333, 0.667], [1.0, 0.0]]);
    let mut out =
        json!({ "variations": [{ "id": "control", "weight": weights[0] }, { "id": "bold", "weight": weights[1] }] });
    if dice.percent(30) {
        out["variations"] = json!([{ "id": "control" }, { "id": "bold" }, { "id": "é" }]);
    }
    if dice.percent(40) {
        out["coverage"] = json!(dice.below(11) as f64 / 10.0);
    }
    if dice.percent(30) {
        out["seed"] = json!("Säed-1");
    }
    if dice.percent(30) {
        out["unit"] = json!(dice.pick(&["tier", "score", "vip", "id"]));
    }
    if dice.percent(40) {
        out["bucketVersion"] = json!(dice.below(3));
        out["minBucketVersion"] = json!(dice.below(2));
    }
    for (name, chance) in [("sticky", 20), ("active", 10)] {
        if dice.percent(chance) {
            out[name] = json!(false);
        }
    }
    if dice.percent(20) {
        out["when"] = condition(dice, segments, 1);
    }
    out
}

fn campaign(dice: &mut Dice, id: &str, names: &Names<'_>, rules: &Value, messages: &mut Map<String, Value>) -> Value {
    let class = *dice.pick(&["promo", "promo", "promo", "service", "transactional"]);
    let mut out = json!({ "class": class, "priority": dice.below(4) * 10 });
    if dice.percent(75) {
        out["when"] = condition(dice, names.segments, 3);
    }
    if dice.percent(40) {
        out["score"] = policy::score(dice);
    }
    if dice.percent(25) {
        let mut schedule = json!({});
        span(dice, &mut schedule, 70);
        out["schedule"] = schedule;
    }
    if !names.offers.is_empty() && dice.percent(50) {
        out["offer"] = json!(dice.pick(names.offers));
    }
    if !names.experiments.is_empty() && dice.percent(50) {
        out["experiment"] = json!(dice.pick(names.experiments));
    }
    if dice.percent(35) {
        out["caps"] = json!([cap(dice)]);
    }
    let experiment = &rules["experiments"][out["experiment"].as_str().unwrap_or_default()];
    let mut variations = vec![None];
    variations.extend(experiment["variations"].as_array().into_iter().flatten().skip(1).map(|row| row["id"].as_str()));
    let mut placements = Map::new();
    for (slot, row) in rules["slots"].as_object().unwrap() {
        if dice.percent(65) {
            let message = format!("{id}-{slot}");
            let format = if row["type"] == "json" { "json" } else { "html" };
            messages.insert(message.clone(), self::message(dice, "web", format, &variations));
            placements.insert(slot.clone(), json!(message));
        }
    }
    if dice.percent(40) || placements.is_empty() {
        out["next"] = json!([]);
        for channel in ["whatsapp", "email"] {
            let message = format!("{id}-{channel}");
            messages.insert(message.clone(), self::message(dice, channel, "text", &variations));
            let mut step = json!({ "channel": channel, "message": message });
            if dice.percent(60) {
                step["after"] = json!(dice.pick(&["10m", "90s"]));
            }
            if dice.percent(60) {
                step["until"] = json!(dice.pick(&["24h", "2d"]));
            }
            out["next"].as_array_mut().unwrap().push(step);
        }
    }
    if placements.is_empty() {
        // An offer that only next actions make cannot be in a group with offers in public slots.
        out.as_object_mut().unwrap().remove("offer");
    } else {
        out["slots"] = Value::Object(placements);
    }
    out
}

fn cap(dice: &mut Dice) -> Value {
    let mut out = json!({ "max": 1 + dice.below(3), "per": dice.pick(&["session", "day", "total", "6h", "2d"]) });
    account::unit(dice, &mut out);
    out
}

/// Returns a message with renditions for some of the variations of the campaign's experiment.
fn message(dice: &mut Dice, channel: &str, format: &str, variations: &[Option<&str>]) -> Value {
    let mut renditions = Vec::new();
    for locale in [None, Some("de"), Some("de-AT"), Some("fr"), Some("en")] {
        for variation in variations.iter().copied() {
            let is_default = locale.is_none() && variation.is_none();
            if locale == Some("en") && variation.is_none() || !(is_default && dice.percent(95) || dice.percent(20)) {
                continue;
            }
            let mut row = json!({ "channel": channel, (format): body(dice, format, locale.unwrap_or("-"), variation.unwrap_or("-")) });
            if channel == "email" {
                row["subject"] = json!("Hi {{ tier }}");
            }
            // `en` is the default locale, so a rendition for it would be a duplicate.
            if let Some(locale) = locale.filter(|locale| *locale != "en") {
                row["locale"] = json!(locale);
            }
            if let Some(variation) = variation {
                row["variation"] = json!(variation);
            }
            let place = |row: &Value| (row["locale"].clone(), row["variation"].clone());
            if !renditions.iter().any(|known: &Value| place(known) == place(&row)) {
                renditions.push(row);
            }
        }
    }
    if renditions.is_empty() {
        let mut row = json!({ "channel": channel, (format): body(dice, format, "-", "-") });
        if channel == "email" {
            row["subject"] = json!("{{ score }}");
        }
        renditions.push(row);
    }
    json!({ "once": dice.percent(25), "renditions": renditions })
}

fn body(dice: &mut Dice, format: &str, locale: &str, variation: &str) -> Value {
    let output = dice.pick(&[
        "{{ tier }}",
        "{{ tier | default: 'there' }}",
        "{{ cart.total | default: '0' }}",
        "{{ weather }}",
        "{{ deviceType }} {{ browser }} {{ nearestPlace }}",
        "{{ utmSource }} {{ utmMedium }} {{ gclid }} {{ partner }}",
        "{{ tags }}",
        "fixed",
    ]);
    let piece = template::piece(dice, 2);
    match format {
        "html" => {
            json!(format!(
                "<a href=\"/x?tier={output}\" title=\"{output}\">{locale} {variation} {output} <i>{piece}</i></a>"
            ))
        }
        "json" => {
            json!({ "title": format!("{locale} {output}{piece}"), "n": [1, 2.5, null, true, "{{ score | default: 0 | json }}"], "variation": variation })
        }
        _ => json!(format!("{locale} {variation} {output}{piece}")),
    }
}

fn policies(dice: &mut Dice, segments: &[String], slots: &[String], offers: &[String]) -> Value {
    let mut consent = json!({ "default": dice.pick(&STATES) });
    if dice.percent(40) {
        consent["promo"] = Value::Array(dice.subset(&PURPOSES, 40));
    }
    if dice.percent(20) {
        consent["service"] = Value::Array(dice.subset(&PURPOSES, 30));
    }
    if dice.percent(10) {
        consent["transactional"] = Value::Array(dice.subset(&PURPOSES, 30));
    }
    if dice.percent(30) {
        consent["gpc"] = Value::Array(dice.subset(&PURPOSES, 50));
    }
    for name in ["store", "measure"] {
        if dice.percent(30) {
            consent[name] = dice.pick(&[Value::Null, json!("advertising")]).clone();
        }
    }
    let mut caps = Vec::new();
    for scope in ["all", "class", "slot", "offer"] {
        if dice.percent(25) && (scope != "offer" || !offers.is_empty()) {
            let mut cap = cap(dice);
            match scope {
                "class" => cap[scope] = json!(dice.pick(&CLASSES[..2])),
                "slot" => cap[scope] = json!(dice.pick(slots)),
                "offer" => cap[scope] = json!(dice.pick(offers)),
                _ => {}
            }
            caps.push(cap);
        }
    }
    let mut out = json!({ "consent": consent, "caps": caps });
    if dice.percent(35) {
        out["suppress"] = json!([{ "class": dice.pick(&["promo", "service"]), "when": condition(dice, segments, 1) }]);
    }
    out
}

fn consents(dice: &mut Dice, chance: u64) -> Value {
    let mut out = Map::new();
    for purpose in PURPOSES {
        if dice.percent(chance) {
            out.insert(purpose.to_owned(), json!(dice.pick(&["granted", "granted", "denied", "pending"])));
        }
    }
    if dice.percent(20) {
        out.insert("channel.email.deals".to_owned(), json!(dice.pick(&STATES)));
    }
    Value::Object(out)
}

/// Returns a time up to now, often exactly at the edge of a window.
fn time(dice: &mut Dice, now: i64) -> i64 {
    let edge = *dice.pick(&[HOUR, 6 * HOUR, 48 * HOUR, 12 * HOUR]);
    match dice.below(4) {
        0 => now - edge + dice.below(3) as i64 - 1,
        1 => now - dice.below(3) as i64 * 60_000,
        _ => now - dice.below(60 * 60) as i64 * 60_000,
    }
}

pub fn event(dice: &mut Dice, rules: &Value, now: i64) -> Value {
    let mut out = json!({ "id": format!("e-{:x}", dice.below(1 << 48)), "type": "track", "at": time(dice, now), "trusted": dice.percent(70) });
    match dice.below(11) {
        10 => account::call(dice, &mut out),
        0 => {
            out["type"] = json!("identify");
            let name = *dice.pick(&["tier", "score", "cart", "cart.total", "cart.items", "app", "ends", "level"]);
            out["traits"] = json!({ (name): fact(dice, name) });
        }
        1 => {
            out["event"] = json!("Consent Preference Updated");
            out["consent"] = consents(dice, 40);
        }
        2 if !rules["experiments"].as_object().unwrap().is_empty() => {
            out["event"] = json!("Experiment Viewed");
            out["properties"] =
                json!({ "experiment_id": "exp-0", "variation_id": dice.pick(&["control", "bold", "é"]) });
        }
        3..=6 => {
            out["event"] = json!(dice.pick(&["Message Seen", "Message Seen", "Message Sent"]));
            let campaigns: Vec<_> = rules["campaigns"].as_object().unwrap().iter().collect();
            let (id, campaign) = *dice.pick(&campaigns);
            let placement = campaign["slots"].as_object().into_iter().flatten().next();
            let mut properties = json!({ "campaign": id, "class": campaign["class"] });
            if let Some((slot, message)) = placement {
                properties["slot"] = json!(slot);
                properties["message"] = message.clone();
            }
            if !campaign["offer"].is_null() {
                properties["offer"] = campaign["offer"].clone();
            }
            if dice.percent(60) {
                properties["channel"] = json!(dice.pick(&["web", "email", "whatsapp"]));
            }
            if dice.percent(20) {
                properties["send_id"] = json!("s-1");
            }
            out["properties"] = properties;
        }
        _ => {
            out["event"] = json!(dice.pick(&EVENTS));
            out["properties"] = json!({ "path": dice.path(), "price": dice.pick(&[1.5, 20.0]), "order": history::order(dice), "item": { "sku": history::sku(dice), "order": history::order(dice) } });
            let skus = (0..dice.below(4)).map(|_| json!({ "sku": history::sku(dice) })).collect();
            out["properties"]["items"] = Value::Array(skus);
        }
    }
    out
}
