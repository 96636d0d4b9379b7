//! Features, facts for them, and evaluation options, to compare hosts with each other.
//!
//! The results themselves are compared with GrowthBook's SDK in `tests/growthbook/`.

use serde_json::{Map, Value, json};

use super::Dice;

const TEXTS: [&str; 10] = ["", "a", "A", "é", "straße", "日本", "😀", "1.2.3", "v1.10.0-rc.1", "42"];
const URLS: [&str; 5] =
    ["https://x.example/", "https://x.example/a/b?q=1&exp=1#h", "/a/é?q=%20", "nonsense", "https://x.example:8080/A/"];

impl Dice {
    fn single(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => json!(self.percent(50)),
            2 => json!(self.pick(&[0.0, 1.0, -1.5, 42.0, 1e21, 1e-7])),
            3 => json!([self.pick(&TEXTS), self.below(3)]),
            4 => json!({ "a": self.pick(&TEXTS), "1": 1 }),
            _ => json!(self.pick(&TEXTS)),
        }
    }

    fn share(&mut self) -> f64 {
        self.below(101) as f64 / 100.0
    }

    fn condition(&mut self) -> Value {
        let name = *self.pick(&["id", "plan", "tags", "nested.a", "version"]);
        let test = match self.below(10) {
            0 => json!({ "$in": [self.single(), self.single()] }),
            1 => json!({ "$regexi": self.pick(&["^.$", "[a-z]", "é|ß", "\\d", "^..$"]) }),
            2 => json!({ "$vgt": "1.2.3" }),
            3 => json!({ "$exists": self.percent(50) }),
            4 => json!({ "$lt": self.single() }),
            5 => json!({ "$inGroup": "group" }),
            6 => json!({ "$elemMatch": { "$eq": self.single() } }),
            7 => json!({ "$not": self.single() }),
            _ => self.single(),
        };
        if self.percent(20) { json!({ "$nor": [{ (name): test }] }) } else { json!({ (name): test }) }
    }

    fn rule(&mut self, feature: u64) -> Value {
        let mut rule = Map::new();
        let mut put = |name: &str, value: Value| rule.insert(name.to_owned(), value);
        if self.percent(60) {
            put("condition", self.condition());
        }
        if feature > 0 && self.percent(25) {
            let parent = format!("f{}", self.below(feature));
            put(
                "parentConditions",
                json!([{ "id": parent, "condition": { "value": self.single() }, "gate": self.percent(20) }]),
            );
        }
        if self.percent(40) {
            put("hashAttribute", json!(self.pick(&["id", "plan", "tags"])));
        }
        put("hashVersion", json!(self.below(2) + 1));
        if self.percent(40) {
            put("force", self.single());
            put("coverage", json!(self.share()));
            return rule.into();
        }
        put("variations", json!([self.single(), self.single(), self.single()]));
        put("key", json!(self.pick(&["exp", "exp-é"])));
        put("coverage", json!(self.share()));
        put(
            "meta",
            json!([{ "key": "0" }, { "key": "1", "name": "é" }, { "key": "2", "passthrough": self.percent(30) }]),
        );
        if self.percent(30) {
            put("filters", json!([{ "seed": "s", "ranges": [[0, self.share()]] }]));
        }
        if self.percent(30) {
            put("contextualBanditRef", json!("bandit"));
        }
        rule.into()
    }
}

/// Returns rules with features, and an experiment that pages run by themselves.
pub fn rules(seed: u64) -> Value {
    let mut dice = Dice::new(seed);
    let mut features = Map::new();
    for number in 0..=dice.below(4) {
        let rules: Vec<Value> = (0..=dice.below(3)).map(|_| dice.rule(number)).collect();
        let feature = json!({ "dialect": "growthbook", "defaultValue": dice.single(), "rules": rules });
        features.insert(format!("f{number}"), feature);
    }
    let patterns = [
        json!({ "type": "simple", "pattern": "/a/*" }),
        json!({ "type": "regex", "pattern": "q=1", "include": false }),
    ];
    json!({
        "savedGroups": { "group": [dice.single(), dice.pick(&TEXTS)] },
        "contextualBandits": { "bandit": { "banditVersion": 2, "contexts": [{ "leafId": 1, "condition": dice.condition(), "weights": [0.2, 0.3, 0.5] }] } },
        "features": features,
        "autoExperiments": { "page": {
            "dialect": "growthbook",
            "variations": [{}, { "urlRedirect": "https://x.example/é?q=2" }],
            "urlPatterns": [dice.pick(&patterns)],
            "persistQueryString": true,
        } },
    })
}

/// Returns facts, half of them without a subject.
pub fn facts(seed: u64) -> Value {
    let mut dice = Dice::new(seed ^ 0xfeed);
    let mut attributes = Map::new();
    for name in ["id", "plan", "tags", "version"] {
        if dice.percent(70) {
            attributes.insert(name.to_owned(), dice.single());
        }
    }
    attributes.insert("nested".to_owned(), json!({ "a": dice.single() }));
    attributes.insert("url".to_owned(), json!(dice.pick(&URLS)));
    let subject = if dice.percent(50) { "" } else { *dice.pick(&["ann", "p😀", "Zoë"]) };
    json!({ "now": 0, "profile": { "subject": subject }, "request": { "attributes": attributes } })
}

/// Returns evaluation options.
pub fn options(seed: u64) -> Value {
    let mut dice = Dice::new(seed ^ 0xbeef);
    let mut options = Map::new();
    if dice.percent(30) {
        let doc = json!({ "attributeName": "id", "attributeValue": "ann", "assignments": { "exp__0": dice.pick(&["0", "1", "x"]) } });
        options.insert("stickyBuckets".to_owned(), json!({ "id||ann": doc }));
    }
    for (name, value) in [
        ("forcedVariations", json!({ "exp": dice.below(4) })),
        ("forcedFeatures", json!({ "f0": dice.single() })),
        ("queryOverrides", json!(true)),
        ("qaMode", json!(true)),
    ] {
        if dice.percent(15) {
            options.insert(name.to_owned(), value);
        }
    }
    options.into()
}
