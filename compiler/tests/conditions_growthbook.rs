//! GrowthBook's conformance cases for conditions: compiled, written to a plan, loaded, evaluated.

use std::collections::{BTreeMap, BTreeSet};

use throughline::internals::condition::Evaluator;
use throughline::internals::plan::tables::{self, Source};
use throughline::internals::plan::{Id, Ids, Plan, PlanBuilder};
use throughline::{Millis, Profile, Request, Value};
use throughline_compiler::condition::{Dialect, KnownAttribute, KnownGroup, PlanIds, Vocabulary, When, write};
use throughline_compiler::source::diagnostic::Diagnostics;
use throughline_compiler::source::tree::{Kind, Node};

use crate::conformance;

/// Cases that the plan decides differently from GrowthBook's SDKs. A fixed case has to leave the list.
const KNOWN_GAPS: [&str; 0] = [];

#[test]
fn conditions_hold_as_in_growthbook() {
    let Some(text) = conformance::text("growthbook/cases.json") else { return };
    let all: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(cases) = all.at(["evalCondition"]) else { panic!("`evalCondition` is not a list of cases") };
    let mut failed = BTreeSet::new();
    for case in cases {
        let Value::Array(case) = case else { panic!("a case is a list: {case:?}") };
        let [Value::String(name), condition, attributes, expected, rest @ ..] = case.as_slice() else {
            panic!("a case has a name, a condition, attributes and a result: {case:?}")
        };
        let groups = rest.first().map(groups).unwrap_or_default();
        if Value::Bool(holds(condition, attributes, groups)) != *expected {
            failed.insert(name.as_str());
        }
    }
    println!("evalCondition: {} of {} cases pass", cases.len() - failed.len(), cases.len());
    assert_eq!(failed, KNOWN_GAPS.into_iter().collect());
}

/// Checks results of the JavaScript SDK 1.8.0 that depend on JavaScript's conversions.
#[test]
fn conversions_are_those_of_javascript() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/conversions.json")).unwrap();
    for case in cases {
        let (condition, attributes) = (case.at(["condition"]), case.at(["attributes"]));
        let found = Value::Bool(holds(condition, attributes, BTreeMap::new()));
        assert_eq!(&found, case.at(["holds"]), "{condition:?} on {attributes:?}");
    }
}

fn groups(groups: &Value) -> BTreeMap<&str, KnownGroup<'_>> {
    let groups = groups.as_object().unwrap().iter();
    let items = |values: &Value| match values {
        Value::Array(items) => items.clone(),
        _ => panic!("a group is a list: {values:?}"),
    };
    groups.map(|(name, values)| (name, KnownGroup::Values(items(values)))).collect()
}

fn holds(condition: &Value, attributes: &Value, groups: BTreeMap<&str, KnownGroup<'_>>) -> bool {
    let condition = Node::from_value(condition);
    let names = paths(&condition);
    let mut plan = PlanBuilder::default();
    // In GrowthBook's dialect, the declared type of an attribute means nothing.
    let attribute = |name| (name, KnownAttribute { kind: "date", values: Vec::new() });
    let declared = names.iter().map(String::as_str).map(attribute).collect();
    let vocabulary = Vocabulary { groups, attributes: declared, ..Vocabulary::default() };
    let mut diagnostics = Diagnostics::default();
    let when = When::at(&condition, "");
    when.read(&vocabulary, Dialect::GrowthBook, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:?}", diagnostics.as_slice());
    let rows = names.iter().map(|name| (name.clone(), declare(&mut plan, name))).collect();
    let ids = PlanIds { attributes: rows, ..PlanIds::default() };
    let node = write(when.condition(), &ids, &mut plan);
    let locale = plan.text("en");
    let bytes = plan.finish(tables::Settings { locale, ..tables::Settings::none() });
    let plan = Plan::load(&bytes).unwrap();
    let profile = Profile::default();
    let request = Request { attributes: attributes.as_object().cloned().unwrap_or_default(), ..Request::default() };
    let mut evaluator = Evaluator::new(&plan, &profile, &request, Millis(0));
    let holds = evaluator.holds(node);
    let explained = evaluator.explain(node);
    assert_eq!(explained.at(["holds"]), &Value::Bool(holds), "the explanation agrees: {explained:?}");
    holds
}

fn declare(plan: &mut PlanBuilder, name: &str) -> Id<tables::Attribute> {
    let path: Vec<_> = name.split('.').map(|part| plan.text(part)).collect();
    // The real `id` is always the subject; here it is an attribute like the others.
    let own = if name == "id" { " id" } else { name };
    let (name, path) = (plan.text(own), plan.ids(&path));
    let (flags, kind, values) = (tables::AttributeFlags::empty(), tables::ValueKind::Date, Ids::empty());
    plan.push(tables::Attribute { name, path, source: Source::Request, flags, kind, values })
}

/// Returns the attributes that a condition names.
fn paths(condition: &Node) -> BTreeSet<String> {
    let entries = condition.entries().iter();
    entries
        .flat_map(|entry| match entry.key.as_str() {
            "$and" | "$or" | "$nor" | "$not" => match &entry.value.kind {
                Kind::List(items) => items.iter().flat_map(paths).collect(),
                _ => paths(&entry.value),
            },
            key => BTreeSet::from([key.to_owned()]),
        })
        .collect()
}
