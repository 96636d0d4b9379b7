//! GrowthBook's conformance cases: payload to rules, rules to a plan, and the plan evaluated by the core.
//!
//! Runs `../shared/conformance/growthbook/cases.json`, or the file that `GROWTHBOOK_CASES` names.

use throughline::{Object, SortedMap, StickyDoc, Value, bucket, evaluate, run_experiments, sticky_keys};
use throughline_compiler::growthbook::decrypt;

use crate::conformance;
use crate::growthbook::{Context, items, plan_of, text};

/// The check of a category, which compares the result of a case with the expected one.
type Check = fn(&[Value]) -> Result<(), String>;
const CATEGORIES: [(&str, Check); 13] = [
    ("evalCondition", condition),
    ("hash", hash),
    ("getBucketRange", bucket_ranges),
    ("feature", feature),
    ("run", run),
    ("chooseVariation", choose),
    ("getQueryStringOverride", query_override),
    ("inNamespace", namespace),
    ("getEqualWeights", equal_weights),
    ("decrypt", decrypted),
    ("stickyBucket", sticky),
    ("urlRedirect", redirects),
    ("contextualBandit", feature),
];

/// Returns the text of the cases, or `None` if the test is to be skipped.
fn cases() -> Option<String> {
    match std::env::var_os("GROWTHBOOK_CASES") {
        Some(file) => Some(std::fs::read_to_string(file).unwrap()),
        None => conformance::text("growthbook/cases.json"),
    }
}

#[test]
fn features_are_evaluated_as_by_growthbook() {
    let Some(file) = cases() else { return };
    let Value::Object(all) = serde_json::from_str(&file).unwrap() else { panic!("the cases are not an object") };
    let mut failures = Vec::new();
    let mut ran = 0;
    for (category, cases) in all.iter().filter(|(name, _)| *name != "specVersion") {
        let Some((_, check)) = CATEGORIES.iter().find(|(known, _)| *known == category) else {
            failures.push(format!("unknown category `{category}`"));
            continue;
        };
        let cases = items(cases);
        let failed: Vec<String> = cases
            .iter()
            .filter_map(|case| check(items(case)).err().map(|error| format!("{category}: {}: {error}", text(case))))
            .collect();
        println!("{category}: {}/{}", cases.len() - failed.len(), cases.len());
        ran += cases.len();
        failures.extend(failed);
    }
    assert!(failures.is_empty(), "{} of {ran} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert!(ran > 0, "there are no cases");
}

/// Checks a condition, in a rule that forces a value.
fn condition(case: &[Value]) -> Result<(), String> {
    let [_, condition, attributes, expected, rest @ ..] = case else { return Err("not a case".to_owned()) };
    let rule = object([("condition", condition.clone()), ("force", Value::Bool(true))]);
    let feature = object([("defaultValue", Value::Bool(false)), ("rules", Value::Array(vec![rule]))]);
    let mut payload = vec![("features", object([("f", feature)]))];
    payload.extend(rest.first().map(|groups| ("savedGroups", groups.clone())));
    let plan = plan_of(&object(payload))?;
    let context = Context::new(&object([("attributes", attributes.clone())]));
    same(&evaluate(&plan, &context.facts, &context.options, "f").value, expected)
}

fn feature(case: &[Value]) -> Result<(), String> {
    let [_, context, key, expected] = case else { return Err("not a case".to_owned()) };
    let plan = plan_of(context)?;
    let context = Context::new(context);
    let found = evaluate(&plan, &context.facts, &context.options, text(key));
    same(&Value::Object(found.to_growthbook()), expected)
}

fn run(case: &[Value]) -> Result<(), String> {
    let [_, context, experiment, value, in_experiment, hash_used] = case else { return Err("not a case".to_owned()) };
    let result = run_alone(context, experiment)?;
    let found = ["value", "inExperiment", "hashUsed"].map(|name| result.at([name]).clone());
    same(&Value::Array(found.into()), &Value::Array(vec![value.clone(), in_experiment.clone(), hash_used.clone()]))
}

/// Returns the result of an experiment that is not part of a feature.
fn run_alone(context: &Value, experiment: &Value) -> Result<Value, String> {
    let mut payload: Object = context.as_object().unwrap().clone();
    payload.insert("experiments", Value::Array(vec![experiment.clone()]));
    let plan = plan_of(&Value::Object(payload))?;
    let context = Context::new(context);
    let runs = run_experiments(&plan, &context.facts, &context.options, &[text(experiment.at(["key"]))]);
    Ok(runs.first().ok_or("the experiment did not run")?.outcome.to_value())
}

fn query_override(case: &[Value]) -> Result<(), String> {
    let [_, key, url, count, expected] = case else { return Err("not a case".to_owned()) };
    let variations = (0..count.as_f64().unwrap() as u32).map(|index| Value::Number(f64::from(index))).collect();
    let experiment = object([("key", key.clone()), ("variations", Value::Array(variations))]);
    let result = run_alone(&object([("url", url.clone())]), &experiment)?;
    let is_forced = *result.at(["inExperiment"]) == Value::Bool(true);
    same(if is_forced { result.at(["variationId"]) } else { &Value::Null }, expected)
}

fn sticky(case: &[Value]) -> Result<(), String> {
    let [_, context, docs, key, expected, expected_docs] = case else { return Err("not a case".to_owned()) };
    let plan = plan_of(context)?;
    let mut context = Context::new(context);
    // A service loads the documents of the subject's own attributes.
    let own = sticky_keys(&plan, &context.facts);
    let docs = items(docs).iter().map(|doc| StickyDoc::from_value(doc.clone()).unwrap());
    let mut docs: SortedMap<StickyDoc> =
        docs.map(|doc| (doc.key(), doc)).filter(|(key, _)| own.contains(key)).collect();
    context.options.sticky_buckets = Some(docs.clone());
    let found = evaluate(&plan, &context.facts, &context.options, text(key));
    docs.extend(found.effects.sticky_buckets.iter().map(|(key, doc)| (key.to_owned(), doc.clone())));
    same(&found.outcome.map_or(Value::Null, |outcome| outcome.to_value()), expected)?;
    let docs = docs.iter().map(|(key, doc)| (key, doc.to_value()));
    same(&Value::Object(docs.collect()), expected_docs)
}

/// Runs the experiments in order, up to the first that redirects.
fn redirects(case: &[Value]) -> Result<(), String> {
    let [_, context, expected] = case else { return Err("not a case".to_owned()) };
    let plan = plan_of(context)?;
    let context = Context::new(context);
    let member = |value: &Value, name: &str| value.at([name]).as_str().unwrap_or_default().to_owned();
    let found: Vec<[String; 2]> = run_experiments(&plan, &context.facts, &context.options, &[])
        .iter()
        .filter(|run| run.outcome.in_experiment)
        .map(|run| [member(&run.outcome.value, "urlRedirect"), run.redirect.clone().unwrap_or_default()])
        .collect();
    let expected = items(expected).iter().filter(|it| *it.at(["inExperiment"]) == Value::Bool(true));
    let expected: Vec<[String; 2]> =
        expected.map(|it| [member(it, "urlRedirect"), member(it, "urlWithParams")]).collect();
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}

fn hash(case: &[Value]) -> Result<(), String> {
    let [seed, value, version, expected] = case else { return Err("not a case".to_owned()) };
    let found = bucket::bucket(text(seed), text(value), version.as_f64().unwrap() as u32);
    same(&found.map_or(Value::Null, Value::Number), expected)
}

fn namespace(case: &[Value]) -> Result<(), String> {
    let [_, value, Value::Array(namespace), expected] = case else { return Err("not a case".to_owned()) };
    let [name, from, to] = namespace.as_slice() else { return Err("not a namespace".to_owned()) };
    let found = bucket::bucket(&format!("__{}", text(name)), text(value), 1).unwrap();
    let range = (from.as_f64().unwrap(), to.as_f64().unwrap());
    same(&Value::Bool(bucket::in_range(found, range)), expected)
}

fn bucket_ranges(case: &[Value]) -> Result<(), String> {
    let [_, Value::Array(input), expected] = case else { return Err("not a case".to_owned()) };
    let [count, coverage, weights] = input.as_slice() else { return Err("not an input".to_owned()) };
    let weights = if *weights == Value::Null { None } else { Some(numbers(weights)) };
    let found = bucket::ranges(count.as_f64().unwrap() as usize, coverage.as_f64().unwrap_or(1.0), weights.as_deref());
    let found: Vec<f64> = found.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let expected: Vec<f64> = items(expected).iter().flat_map(numbers).collect();
    near(&found, &expected)
}

fn choose(case: &[Value]) -> Result<(), String> {
    let [_, bucket, ranges, expected] = case else { return Err("not a case".to_owned()) };
    let ranges: Vec<Vec<f64>> = items(ranges).iter().map(numbers).collect();
    let found = bucket::choose(bucket.as_f64().unwrap(), ranges.iter().map(|range| (range[0], range[1])));
    same(&Value::Number(found.map_or(-1.0, |index| index as f64)), expected)
}

fn equal_weights(case: &[Value]) -> Result<(), String> {
    let [count, expected] = case else { return Err("not a case".to_owned()) };
    let found = bucket::equal_weights(count.as_f64().unwrap().max(0.0) as usize);
    near(&found, &numbers(expected))
}

fn decrypted(case: &[Value]) -> Result<(), String> {
    let [_, encrypted, key, expected] = case else { return Err("not a case".to_owned()) };
    same(&decrypt(text(encrypted), text(key)).map_or(Value::Null, |text| Value::from(text.as_str())), expected)
}

fn object<'n>(members: impl IntoIterator<Item = (&'n str, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

fn numbers(list: &Value) -> Vec<f64> {
    items(list).iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Compares values, regardless of the order of members.
fn same(found: &Value, expected: &Value) -> Result<(), String> {
    let [found, expected] = [found, expected].map(throughline::canonical::to_string);
    if found == expected { Ok(()) } else { Err(format!("\n     found {found}\n  expected {expected}")) }
}

/// Compares numbers to the precision of the cases.
fn near(found: &[f64], expected: &[f64]) -> Result<(), String> {
    let is_near = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-8);
    if is_near { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}
