//! Converts GrowthBook's payloads and contexts to plans and facts.

use throughline::{EvaluationOptions, Facts, Object, Plan, Request, Value};
use throughline_compiler::growthbook::{ImportOptions, import};
use throughline_compiler::{Options, Severity, Source, compile};

/// Returns the plan of a payload: imported, compiled, loaded.
pub fn plan_of(context: &Value) -> Result<Plan, String> {
    let parts = ["features", "experiments", "savedGroups", "contextualBandits"];
    let parts = parts.iter().filter(|part| *context.at([**part]) != Value::Null);
    let payload: Object = parts.map(|part| (*part, context.at([*part]).clone())).collect();
    let payload = throughline::canonical::to_json_text(&Value::Object(payload));
    let import = import(&payload, ImportOptions::default()).map_err(|error| error.to_string())?;
    if let Some(error) = import.findings.iter().find(|finding| finding.severity == Severity::Error) {
        return Err(error.to_string());
    }
    let sources = [Source::new("growthbook.yaml", import.rules)];
    let outcome = compile(&sources, Options::default());
    let plans = outcome.plans.as_ref().ok_or_else(|| outcome.render(&sources, false))?;
    Plan::load(&plans.edge).map_err(|error| error.to_string())
}

/// An SDK's context: the attributes, and the evaluation options.
pub struct Context {
    /// The attributes, as those of a request without a subject.
    pub facts: Facts,
    /// Everything else.
    pub options: EvaluationOptions,
}

impl Context {
    pub fn new(context: &Value) -> Self {
        let member = |name: &str| context.at([name]).as_object().cloned().unwrap_or_default();
        let options = EvaluationOptions {
            url: Some(context.at(["url"]).as_str().unwrap_or_default().to_owned()),
            disabled: *context.at(["enabled"]) == Value::Bool(false),
            qa_mode: *context.at(["qaMode"]) == Value::Bool(true),
            forced_variations: member("forcedVariations"),
            forced_features: member("forcedFeatures"),
            query_overrides: true,
            sticky_buckets: None,
        };
        let request = Request { attributes: member("attributes"), ..Request::default() };
        Self { facts: Facts { request, ..Facts::default() }, options }
    }
}

/// Returns the items of a list.
pub fn items(list: &Value) -> &[Value] {
    match list {
        Value::Array(items) => items,
        other => panic!("not a list: {other:?}"),
    }
}

/// Returns a string, or the first one of a list, which is the name of a case.
pub fn text(value: &Value) -> &str {
    match value {
        Value::String(text) => text,
        Value::Array(items) => items.first().and_then(Value::as_str).unwrap_or("?"),
        _ => "?",
    }
}
