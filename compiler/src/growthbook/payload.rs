//! Payloads, as GrowthBook's SDKs receive them.

use throughline::{Object, Value};

use super::{Finding, ImportOptions, ImportedRules, decrypt::decrypt, fatal};
use crate::rules::feature::{EXPERIMENT, RULE};
use crate::source::diagnostic::Severity;

/// The parts of a payload that SDKs read.
pub(super) struct Payload {
    features: Object,
    experiments: Vec<Value>,
    groups: Object,
    bandits: Object,
}

/// The metadata of a payload, which no SDK reads.
const ABOUT: [&str; 6] = ["status", "dateUpdated", "sdkVersion", "settings", "organization", "etag"];
/// The members that SDKs read of an experiment in a page's own code, and that rules cannot express.
const CODE: [(&str, &str); 3] = [
    ("include", "a condition on an attribute that the page sets"),
    ("groups", "a condition, or a saved group"),
    ("url", "`urlPatterns`"),
];

impl Payload {
    /// Parses a payload, and decrypts its encrypted parts.
    pub(super) fn read(
        payload: Value,
        options: ImportOptions<'_>,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, Finding> {
        let Value::Object(payload) = payload else {
            return Err(fatal("", "wrong-type", "the payload is not an object".to_owned()));
        };
        let parts = [
            ("features", "encryptedFeatures"),
            ("experiments", "encryptedExperiments"),
            ("savedGroups", "encryptedSavedGroups"),
            ("contextualBandits", "encryptedContextualBandits"),
        ];
        let is_known =
            |name: &str| ABOUT.contains(&name) || parts.iter().any(|(part, secret)| name == *part || name == *secret);
        for (name, _) in payload.iter().filter(|(name, _)| !is_known(name)) {
            findings.push(ignored(name));
        }
        let read = |(name, secret): (&str, &str)| match payload.get(secret) {
            Some(Value::String(text)) if !text.is_empty() => open(secret, text, options.key),
            _ => Ok(payload.get(name).cloned().unwrap_or_default()),
        };
        let [features, experiments, groups, bandits] = parts;
        Ok(Self {
            features: object("features", read(features)?)?,
            experiments: list("experiments", read(experiments)?)?,
            groups: object("savedGroups", read(groups)?)?,
            bandits: object("contextualBandits", read(bandits)?)?,
        })
    }

    /// Converts the payload to rules.
    pub(super) fn into_rules(self, options: ImportOptions<'_>, findings: &mut Vec<Finding>) -> ImportedRules {
        let mut origins = Vec::new();
        let mut features = Object::new();
        for (key, feature) in self.features.iter() {
            features.insert(key, self::feature(key, feature, options, findings));
        }
        let mut experiments = Object::new();
        for (index, experiment) in self.experiments.iter().enumerate() {
            let origin = format!("experiments[{index}]");
            let id = unused(experiment.at(["key"]).as_str().unwrap_or_default(), index, &experiments);
            origins.push((format!("autoExperiments.{id}"), origin.clone()));
            experiments.insert(id, self::experiment(&origin, experiment, options, findings));
        }
        let groups = self.groups.iter().filter_map(|(id, group)| Some((id, self::group(id, group, findings)?)));
        let groups = groups.collect::<Vec<_>>().into_iter().collect();
        let bandits = self.bandits.iter().filter(|(_, bandit)| **bandit != Value::Null);
        let bandits = bandits.map(|(id, bandit)| (id, bandit.clone())).collect();
        let sections = vec![
            ("savedGroups", groups),
            ("contextualBandits", bandits),
            ("features", features),
            ("autoExperiments", experiments),
        ];
        ImportedRules { sections, origins }
    }
}

fn feature(key: &str, feature: &Value, options: ImportOptions<'_>, findings: &mut Vec<Finding>) -> Value {
    let path = format!("features.{key}");
    let mut out = header(options);
    for (name, value) in feature.as_object().iter().flat_map(|members| members.iter()) {
        match (name, value) {
            ("rules", Value::Null) => {}
            ("rules", Value::Array(rules)) => {
                let rules = rules.iter().enumerate();
                let rules =
                    rules.map(|(at, rule)| self::rule(&format!("{path}.rules[{at}]"), rule, findings)).collect();
                out.insert("rules", Value::Array(rules));
            }
            ("defaultValue" | "rules", _) => out.insert(name, value.clone()),
            _ => findings.push(ignored(&format!("{path}.{name}"))),
        }
    }
    Value::Object(out)
}

fn rule(path: &str, rule: &Value, findings: &mut Vec<Finding>) -> Value {
    let Value::Object(members) = rule else { return rule.clone() };
    keep(path, members, |name| RULE.contains(&name), findings)
}

fn experiment(path: &str, experiment: &Value, options: ImportOptions<'_>, findings: &mut Vec<Finding>) -> Value {
    let Value::Object(members) = experiment else { return experiment.clone() };
    for (name, way_out) in CODE.iter().filter(|(name, _)| members.get(name).is_some_and(|value| *value != Value::Null))
    {
        findings.push(Finding {
            path: format!("{path}.{name}"),
            severity: Severity::Error,
            code: "not-in-rules",
            message: format!(
                "`{name}` is code of the page and cannot be imported; without it, the experiment has a wider audience"
            ),
            way_out: Some((*way_out).to_owned()),
        });
    }
    let mut out = header(options);
    let is_code = |name: &str| CODE.iter().any(|(known, _)| *known == name);
    let is_kept = |name: &str| EXPERIMENT.contains(&name);
    let members: Object =
        members.iter().filter(|(name, _)| !is_code(name)).map(|(name, value)| (name, value.clone())).collect();
    if let Value::Object(kept) = keep(path, &members, is_kept, findings) {
        kept.iter().for_each(|(name, value)| out.insert(name, value.clone()));
    }
    Value::Object(out)
}

/// Returns the members that say whether browsers may read a definition, and its dialect.
fn header(options: ImportOptions<'_>) -> Object {
    let mut out = Object::new();
    out.insert("dialect", "growthbook");
    if options.public {
        out.insert("public", Value::Bool(true));
    }
    out
}

/// Returns the kept members, and reports the others.
fn keep(path: &str, members: &Object, is_kept: impl Fn(&str) -> bool, findings: &mut Vec<Finding>) -> Value {
    for (name, _) in members.iter().filter(|(name, _)| !is_kept(name)) {
        findings.push(ignored(&format!("{path}.{name}")));
    }
    Value::Object(members.iter().filter(|(name, _)| is_kept(name)).map(|(name, value)| (name, value.clone())).collect())
}

/// Converts a saved group; `None` for one that GrowthBook's SDKs do not support either, which has no members.
fn group(id: &str, group: &Value, findings: &mut Vec<Finding>) -> Option<Value> {
    let path = format!("savedGroups.{id}");
    let members = match group {
        Value::Array(_) => return Some(group.clone()),
        Value::Object(members) => members,
        _ => return unsupported_group(path, findings),
    };
    let kept: &[&str] = match (group.at(["type"]).as_str(), group.at(["values"]), group.at(["condition"])) {
        (Some("list"), Value::Array(_), _) => &["type", "attributeKey", "values"],
        (Some("condition"), _, Value::Object(_)) => &["type", "condition"],
        _ => return unsupported_group(path, findings),
    };
    let mut ignored = Vec::new();
    Some(keep(&path, members, |name| kept.contains(&name), &mut ignored))
}

/// Reports an unsupported group and returns a condition that never holds. Like GrowthBook, `$notInGroup` is
/// then false, whereas it would be true for an unknown group.
fn unsupported_group(path: String, findings: &mut Vec<Finding>) -> Option<Value> {
    findings.push(Finding {
        path,
        severity: Severity::Warning,
        code: "saved-group",
        message: "GrowthBook's SDKs do not support this saved group, so it has no members".to_owned(),
        way_out: Some("a list of values, or `type: list` or `type: condition`".to_owned()),
    });
    let nobody = Object::from_iter([("$nor", Value::Array(vec![Value::Object(Object::new())]))]);
    Some(Value::Object(
        [("type", Value::from("condition")), ("condition", Value::Object(nobody))].into_iter().collect(),
    ))
}

fn ignored(path: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        severity: Severity::Warning,
        code: "ignored",
        message: "GrowthBook's SDKs do not read this key, so it is not imported".to_owned(),
        way_out: None,
    }
}

fn open(path: &str, text: &str, key: Option<&str>) -> Result<Value, Finding> {
    let Some(key) = key else {
        let way_out = Some("the decryption key of the SDK connection".to_owned());
        return Err(Finding {
            way_out,
            ..fatal(path, "encrypted", "the value is encrypted, but no key is given".to_owned())
        });
    };
    let text =
        decrypt(text, key).ok_or_else(|| fatal(path, "encrypted", "the key does not decrypt the value".to_owned()))?;
    throughline::internals::json::parse(&text)
        .map_err(|error| fatal(path, "encrypted", format!("the decrypted value is not valid JSON: {error}")))
}

fn object(path: &str, value: Value) -> Result<Object, Finding> {
    match value {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Object::new()),
        _ => Err(fatal(path, "wrong-type", "not an object".to_owned())),
    }
}

fn list(path: &str, value: Value) -> Result<Vec<Value>, Finding> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(Vec::new()),
        _ => Err(fatal(path, "wrong-type", "not a list".to_owned())),
    }
}

/// Returns an id that no other experiment has, because several changes of one experiment share its key.
fn unused(key: &str, index: usize, taken: &Object) -> String {
    let key = if key.is_empty() { format!("experiment-{index}") } else { key.to_owned() };
    let mut ids = (2_usize..).map(|number| format!("{key}-{number}"));
    let mut id = key.clone();
    while taken.get(&id).is_some() {
        id = ids.next().unwrap_or_default();
    }
    id
}
