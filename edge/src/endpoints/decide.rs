//! `POST decide`: facts in, decision out, for apps, server-side rendering and browsers without WebAssembly.

use throughline::token::PreviewScope;
use throughline::{Event, Facts, Millis, Request, Value};
use web_sys::Response;

use crate::endpoints::{active_plan, body};
use crate::error::Refusal;
use crate::prelude::*;
use crate::request::Call;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::context;
use crate::visitor::decide_for_visitor::{forget, keep, settle};
use crate::visitor::preview;

const MAX_BODY: usize = 64 * 1024;
const MAX_EVENTS: usize = 200;
/// A page shows what a few decisions have filled.
const MAX_VIEW: usize = 20;

/// The decision, as canonical JSON.
///
/// Nothing is counted: the caller sends the exposures to `events` when it shows them.
pub async fn respond(call: &Call) -> Result<Response, Refusal> {
    let mut body = body::json(call, MAX_BODY).await?;
    // Somebody else's profile, and another time.
    let is_given = |name: &str| *body.at([name]) != Value::Null;
    let (has_time, is_simulation) = (is_given("now"), is_given("now") || is_given("profile"));
    if let (Value::Object(members), false) = (&mut body, has_time) {
        members.insert("now", call.now);
    }
    let view = view(&body)?;
    let facts = Facts::from_value(body).map_err(body::invalid)?;
    if facts.events.len() > MAX_EVENTS {
        return Err(Refusal::new(413, "too_many_events", format!("expected at most {MAX_EVENTS} pending events")));
    }
    let plan = active_plan(call).await?;
    let mut visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    if is_simulation {
        check_simulation(call)?;
        visitor.profile = facts.profile;
    }
    let view: Vec<&str> = view.iter().map(String::as_str).collect();
    visitor.profile = visitor.profile.before(&plan, &view);

    let request = merged(facts.request, context::of(&call.incoming, visitor.session));
    // Nothing is received before it happens: a later time is that of a clock that is fast.
    let received = if has_time { Millis::MAX } else { call.now };
    let events = facts.events.into_iter();
    let events: Vec<_> = events.map(|event| Event { trusted: false, at: event.at.min(received), ..event }).collect();
    let settled = settle(&plan, visitor, request, facts.now, &|_| events.clone());
    let response = response::json_text(200, &settled.decision.to_json())?;
    if !is_simulation && settled.decision.store {
        keep(&response.headers(), &call.edge.config, &settled.visitor, false, call.now);
    } else if !is_simulation {
        forget(&response.headers(), &plan, &settled.facts.request, &call.incoming.cookies);
    }
    Ok(response)
}

/// The ids of the decisions that the asking page shows already.
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

/// Only colleagues may ask for others and for other times.
fn check_simulation(call: &Call) -> Result<(), Refusal> {
    let token = call.incoming.bearer().unwrap_or_default();
    preview::allows(call, &token, PreviewScope::Explain).map_err(|refused| {
        let message = format!("`profile` and `now` need a preview token with the scope `explain`: {refused}");
        Refusal::new(403, refused.code(), message)
    })
}

/// What the caller says about its page, and what we see of its connection. Signals that protect count from either side.
fn merged(asked: Request, seen: Request) -> Request {
    let mut attributes = asked.attributes;
    // The address that we see is this endpoint's, not the page's.
    let of_page = ["url", "path", "host", "query", "referrer", "channel"];
    for (name, value) in seen.attributes.iter().filter(|(name, _)| !of_page.contains(name)) {
        if attributes.get(name).is_none() {
            attributes.insert(name, value.clone());
        }
    }
    let mut consent = seen.consent;
    consent.extend(asked.consent);
    Request {
        attributes,
        consent,
        gpc: asked.gpc || seen.gpc,
        agent: asked.agent.or(seen.agent),
        bot: asked.bot || seen.bot,
        channel: asked.channel.or(seen.channel),
        locale: asked.locale.or(seen.locale),
        session: asked.session.or(seen.session),
        slots: asked.slots,
    }
}
