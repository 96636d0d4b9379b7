//! `POST decide`: a decision for the given facts, for apps, server-side rendering and browsers without WebAssembly.

use throughline::canonical;
use throughline::token::PreviewScope;
use throughline::{Decision, Event, Facts, Millis, Request, Value};
use web_sys::Response;

use crate::endpoints::{active_plan, body};
use crate::error::Refusal;
use crate::prelude::*;
use crate::refresh;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::decide_for_visitor::decide_for_visitor;
use crate::visitor::set_cookies::write_cookies;
use crate::visitor::{preview, request_facts};

/// The longest body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// The most pending events.
const MAX_EVENTS: usize = 200;
/// The most decisions whose content a page shows.
const MAX_VIEW: usize = 20;

/// Responds with the decision, as canonical JSON. Facts that cannot be read are missing, and `warnings` names them.
///
/// Nothing is recorded: the caller sends the exposures to `events` when it shows the content.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    let mut body = body::json(context, MAX_BODY).await?;
    // Only a simulation has its own profile or time.
    let is_given = |name: &str| *body.at([name]) != Value::Null;
    let (has_time, is_simulation) = (is_given("now"), is_given("now") || is_given("profile"));
    if let (Value::Object(members), false) = (&mut body, has_time) {
        members.insert("now", context.now);
    }
    let view = view(&body)?;
    let (facts, warnings) = Facts::from_lenient_value(body).map_err(body::invalid)?;
    if facts.events.len() > MAX_EVENTS {
        return Err(Refusal::new(413, "too_many_events", format!("expected at most {MAX_EVENTS} pending events")));
    }
    let plan = active_plan(context).await?;
    let mut visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    if is_simulation {
        check_simulation(context)?;
        visitor.profile = facts.profile;
    } else {
        visitor = refresh::refreshed(context, &plan, visitor).await;
    }
    let view: Vec<&str> = view.iter().map(String::as_str).collect();
    visitor.profile = visitor.profile.before(&plan, &view);

    let request = merged(facts.request, request_facts::of(&context.incoming, visitor.session));
    // An event cannot happen after its arrival: a later time comes from a clock that is fast.
    let received = if has_time { Millis::MAX } else { context.now };
    let events = facts.events.into_iter();
    let mut events: Vec<_> =
        events.map(|event| Event { trusted: false, claimed_by: None, at: event.at.min(received), ..event }).collect();
    events.iter_mut().for_each(|event| event.clean_addresses(&plan));
    let decided = decide_for_visitor(&plan, visitor, request, facts.now, &|_| events.clone());
    let response = response::json_text(200, &with_warnings(&decided.decision, warnings))?;
    if !is_simulation {
        write_cookies(context, &plan, &decided, false, &response.headers());
    }
    Ok(response)
}

/// Returns the decision as canonical JSON, with a `warnings` member if facts were left out.
fn with_warnings(decision: &Decision<'_>, warnings: Vec<String>) -> String {
    if warnings.is_empty() {
        return decision.to_json();
    }
    let mut out = decision.to_value().as_object().cloned().unwrap_or_default();
    out.insert("warnings", Value::Array(warnings.iter().map(|warning| Value::from(warning.as_str())).collect()));
    canonical::to_string(&Value::Object(out))
}

/// Returns the ids of the decisions whose content the page shows already.
fn view(body: &Value) -> Result<Vec<String>, Refusal> {
    let wrong =
        || Refusal::new(400, "invalid_view", format!("`view`: expected a list of at most {MAX_VIEW} decision ids"));
    match body.at(["view"]) {
        Value::Null => Ok(Vec::new()),
        Value::Array(ids) if ids.len() <= MAX_VIEW => {
            ids.iter().map(|id| id.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// Checks that the caller may decide for other profiles and times, which takes a preview token.
fn check_simulation(context: &RequestContext) -> Result<(), Refusal> {
    let token = context.incoming.bearer().unwrap_or_default();
    preview::check_scope(context, &token, PreviewScope::Explain).map_err(|refused| {
        let message = format!("`profile` and `now` need a preview token with the scope `explain`: {refused}");
        Refusal::new(403, refused.code(), message)
    })
}

/// Merges the caller's facts about its page with the connection's. Opt-outs and bot signals count from either side.
fn merged(stated: Request, seen: Request) -> Request {
    let mut attributes = stated.attributes;
    // The connection's address is that of this endpoint, not of the page.
    let of_page = ["url", "path", "host", "query", "referrer", "channel"];
    for (name, value) in seen.attributes.iter().filter(|(name, _)| !of_page.contains(name)) {
        // Rules trust networks, so a page cannot name its own address.
        if name == "ip" || attributes.get(name).is_none() {
            attributes.insert(name, value.clone());
        }
    }
    let mut consent = seen.consent;
    consent.extend(stated.consent);
    Request {
        attributes,
        consent,
        consent_at: stated.consent_at.or(seen.consent_at),
        gpc: stated.gpc || seen.gpc,
        agent: stated.agent.or(seen.agent),
        bot: stated.bot || seen.bot,
        channel: stated.channel.or(seen.channel),
        locale: stated.locale.or(seen.locale),
        session: stated.session.or(seen.session),
        slots: stated.slots,
    }
}
