//! `GET health`: whether pages are personalised here, and the reasons if not.

use throughline::{Object, Value};
use web_sys::Response;

use crate::error::Refusal;
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;

/// Responds with `503` if there is no plan and the kill switch is off, else with `200`. The response contains no secrets, and
/// no values of settings.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    let is_loaded = context.newest_plan().await.is_some();
    context.isolate.plans.public(&context.env, &context.isolate.config.plan_keys).await;
    let state = context.isolate.plans.state();
    let is_off = context.isolate.plans.is_off();
    let problems: Vec<&String> = context.isolate.config.problems.iter().chain(&state.problems).collect();
    let status = match (is_off, is_loaded, problems.is_empty()) {
        (true, _, _) => "off",
        (_, true, true) => "ok",
        (_, true, false) => "degraded",
        (_, false, _) => "down",
    };

    let mut plan = Object::new();
    plan.insert("id", state.plan.as_deref().map_or(Value::Null, Value::from));
    plan.insert("published", state.published);
    plan.insert("loaded", state.loaded_at.map_or(Value::Null, Value::from));
    let mut out = Object::new();
    out.insert("status", status);
    out.insert("plan", Value::Object(plan));
    out.insert("switch", if is_off { "off" } else { "on" });
    out.insert("problems", Value::Array(problems.into_iter().map(|problem| Value::from(problem.as_str())).collect()));
    out.insert("refusedSenders", Value::Number(context.isolate.refused_senders.get().into()));
    out.insert("unfilled", context.isolate.unfilled.to_json());
    let code = if status == "down" { 503 } else { 200 };
    Ok(response::json(code, &Value::Object(out))?)
}
