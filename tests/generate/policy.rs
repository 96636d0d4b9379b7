//! Policies, which refer to all other definitions and are therefore added last.

use serde_json::{Value, json};

use super::{CLASSES, Dice, EVENTS, PATHS, cap, history};

/// Adds caps of messages and channels, cool-downs, and ranges of exclusion groups.
pub fn add(dice: &mut Dice, rules: &mut Value) {
    let names = |kind: &str| rules[kind].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (messages, campaigns) = (names("messages"), names("campaigns"));
    let caps = rules["policies"]["caps"].as_array_mut().unwrap();
    if dice.percent(20) {
        let mut cap = cap(dice);
        cap["message"] = json!(dice.pick(&messages));
        caps.push(cap);
    }
    if dice.percent(30) {
        let mut cap = cap(dice);
        cap["channel"] = dice.pick(&[json!("web"), json!(["email", "whatsapp"]), json!(["web", "email"])]).clone();
        if dice.percent(60) {
            cap["class"] = json!(dice.pick(&CLASSES));
        }
        caps.push(cap);
    }
    if dice.percent(10) {
        rules["policies"]["scores"] = json!(false);
    }
    if dice.percent(35) {
        rules["policies"]["cooldown"] = json!([cooldown(dice, &messages, &campaigns)]);
    }
    if dice.percent(35) {
        rules["policies"]["quiet"] = json!([quiet(dice), quiet(dice)]);
    }
    if dice.percent(40) {
        rules["channels"]["email"]["roles"] = json!(["nurture", "service"]);
        rules["channels"]["whatsapp"]["roles"] = json!(["urgent"]);
        rules["policies"]["roles"] =
            json!({ "promo": dice.pick(&["nurture", "urgent"]), "service": ["service", "urgent"] });
    }
    for channel in ["email", "whatsapp"] {
        if dice.percent(40) {
            let mut responds =
                json!({ "event": dice.pick(&EVENTS), "default": dice.pick(&[0.1, 0.9]), "least": 1 + dice.below(2) });
            if dice.percent(60) {
                responds["within"] = json!(dice.pick(&["6h", "2d"]));
            }
            rules["channels"][channel]["responds"] = responds;
        }
    }
    let has_roles = rules["policies"].get("roles").is_some();
    for campaign in rules["campaigns"].as_object_mut().unwrap().values_mut().filter(|row| row.get("next").is_some()) {
        choose(dice, campaign, has_roles);
    }
    exclude(dice, &mut rules["campaigns"], 15, [0.0, 0.5, 0.7]);
    exclude(dice, &mut rules["experiments"], 30, [0.7, 0.8, 1.0]);
}

pub fn quiet(dice: &mut Dice) -> Value {
    let times = ["00:00", "08:30", "11:00", "15:45", "21:00"];
    let (from, until) = (dice.below(5) as usize, 1 + dice.below(4) as usize);
    let mut out = json!({ "from": times[from], "until": times[(from + until) % 5] });
    if dice.percent(50) {
        out["channel"] = dice.pick(&[json!("email"), json!(["email", "whatsapp"])]).clone();
    }
    if dice.percent(30) {
        out["class"] = json!(dice.pick(&CLASSES));
    }
    out
}

/// Adds the settings by which a campaign with next actions chooses between its channels.
fn choose(dice: &mut Dice, campaign: &mut Value, has_roles: bool) {
    if dice.percent(50) {
        campaign["choose"] = json!("best");
        if dice.percent(70) {
            campaign["halfLife"] = json!(dice.pick(&["10m", "6h"]));
        }
    }
    if has_roles && dice.percent(30) {
        campaign["roles"] = json!(dice.pick(&["nurture", "urgent"]));
    }
    if dice.percent(40) {
        campaign["topic"] = json!("deals");
    }
}

pub fn holdout(dice: &mut Dice, campaigns: &[String]) -> Value {
    let mut out = json!({ "percent": dice.below(60) });
    match dice.below(4) {
        0 => out["classes"] = json!("promo"),
        1 => out["classes"] = json!(["promo", "service"]),
        2 => out["campaigns"] = json!([dice.pick(campaigns)]),
        _ => {}
    }
    if dice.percent(30) {
        out["unit"] = json!(dice.pick(&["tier", "score", "id"]));
    }
    out
}

fn cooldown(dice: &mut Dice, messages: &[String], campaigns: &[String]) -> Value {
    let mut out = json!({ "for": dice.pick(&["1h", "6h", "2d"]) });
    match dice.below(3) {
        0 => out["class"] = json!(dice.pick(&CLASSES)),
        1 => out["campaign"] = json!(dice.pick(campaigns)),
        _ => {}
    }
    out["after"] = match dice.below(5) {
        0 => json!({ "event": dice.pick(&EVENTS) }),
        1 => json!({ "event": dice.pick(&EVENTS), "where": { "path": dice.pick(&PATHS) }, "once": "order" }),
        2 => json!({ "class": dice.pick(&CLASSES) }),
        3 => json!({ "message": dice.pick(messages) }),
        _ => json!({ "campaign": dice.pick(campaigns) }),
    };
    out
}

/// Returns a score over the facts that the generator has.
pub fn score(dice: &mut Dice) -> Value {
    let term = |dice: &mut Dice| {
        let mut out = json!({ "weight": dice.below(41) as f64 / 10.0 - 2.0 });
        match dice.below(4) {
            0 => out["halfLife"] = json!(dice.pick(&["1h", "2d"])),
            1 => out["within"] = json!(dice.pick(&["1h", "6h"])),
            _ => {
                out["attribute"] = json!(dice.pick(&["score", "vip", "cart.total"]));
                out["default"] = json!(dice.pick(&[0.0, 0.5, 3.0]));
                if dice.percent(40) {
                    out["model"] = json!(dice.pick(&["propensity-3", "uplift"]));
                }
            }
        }
        if out["attribute"].is_null() {
            out["event"] = json!(dice.pick(&EVENTS));
            history::once(dice, &mut out, 25);
            if out["halfLife"].is_null() && dice.percent(50) {
                out["most"] = json!(1 + dice.below(3));
            }
        }
        if out["halfLife"].is_null() && dice.percent(25) {
            out["log"] = json!(true);
        }
        out
    };
    let mut out = json!({ "terms": [term(dice), term(dice)], "bias": dice.below(5) });
    if dice.percent(50) {
        out["link"] = json!(dice.pick(&["logistic", "linear"]));
    }
    out
}

/// Makes at most two definitions members of each group, with adjacent ranges.
fn exclude(dice: &mut Dice, things: &mut Value, chance: u64, [a, b, c]: [f64; 3]) {
    for group in ["tests", "tiers"] {
        let mut parts = vec![(a, b), (b, c)];
        for thing in things.as_object_mut().unwrap().values_mut() {
            if thing.get("exclusion").is_none() && !parts.is_empty() && dice.percent(chance) {
                let (from, to) = parts.remove(0);
                thing["exclusion"] = json!({ "group": group, "from": from, "to": to });
            }
        }
    }
}
