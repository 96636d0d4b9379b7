//! Answers questions about GrowthBook payloads, one JSON value per line of standard input, as the core does.
//!
//! A payload is imported, compiled, loaded and evaluated. `diff.mjs` asks GrowthBook's own SDK the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a tool of the tests")]

#[path = "mod.rs"]
mod growthbook;

use std::io::{BufRead, Write};

use growthbook::{Context, items, plan_of, text};
use throughline::canonical;
use throughline::{Plan, Value, evaluate, run_experiments};

fn main() {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = match plan_of(question.at(["payload"])) {
            Ok(plan) => {
                let contexts = items(question.at(["contexts"])).iter();
                Value::Array(contexts.map(|context| answer(&plan, context, question.at(["payload"]))).collect())
            }
            Err(error) => Value::from(error.as_str()),
        };
        writeln!(out, "{}", canonical::to_string(&answer)).unwrap();
    }
}

/// Returns the result of each feature, and then that of each experiment.
fn answer(plan: &Plan, context: &Value, payload: &Value) -> Value {
    let mut asked = Context::new(context);
    if let Value::Object(docs) = context.at(["stickyBuckets"]) {
        let docs = docs.iter().map(|(key, doc)| (key, throughline::StickyDoc::from_value(doc.clone()).unwrap()));
        asked.options.sticky_buckets = Some(docs.collect());
    }
    let keys: Vec<&str> =
        payload.at(["features"]).as_object().into_iter().flat_map(|it| it.iter()).map(|it| it.0).collect();
    let features = keys.into_iter().chain(["no-such-feature"]).map(|key| {
        let found = evaluate(plan, &asked.facts, &asked.options, key);
        let docs = found.effects.sticky_buckets.iter().map(|(key, doc)| (key, doc.to_value()));
        let docs = Value::Object(docs.collect());
        Value::Array(vec![Value::Object(found.to_growthbook()), Value::Array(found.effects.tracks.clone()), docs])
    });
    let keys: Vec<&str> = match payload.at(["experiments"]) {
        Value::Array(experiments) => experiments.iter().map(|experiment| text(experiment.at(["key"]))).collect(),
        _ => Vec::new(),
    };
    let runs = run_experiments(plan, &asked.facts, &asked.options, &keys);
    let runs = runs.iter().map(|run| run.outcome.to_value());
    Value::Array(features.collect::<Vec<_>>().into_iter().chain(runs).collect())
}
