//! `POST events`: events of the browser, as a Segment batch.

use throughline::canonical;
use throughline::{Event, Object, Plan, SortedMap, Value};
use web_sys::Response;

use crate::endpoints::{body, loaded_plan};
use crate::error::{Refusal, log};
use crate::outbox::{self, Envelope};
use crate::prelude::*;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::decide_for_visitor::{VisitorDecision, decide_for_visitor};
use crate::visitor::request_facts;
use crate::visitor::set_cookies::{clear_cookies, set_cookies};

/// The longest body, in bytes.
const MAX_BODY: usize = 500 * 1024;
/// The most events in a batch.
const MAX_EVENTS: usize = 2500;
/// The longest event, in bytes.
const MAX_EVENT: usize = 32 * 1024;
/// The identifiers of a call, by which the collector resolves identities.
const IDENTIFIERS: [&str; 3] = ["userId", "previousId", "groupId"];

/// An event of the batch, parsed and as it is forwarded.
struct Accepted {
    event: Event,
    value: Value,
}

/// Responds with `200` when the collector or the outbox has stored the events. An invalid event is reported in its own
/// result and does not affect the others.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    let body = body::json(context, MAX_BODY).await?;
    let Value::Array(batch) = body.at(["batch"]) else {
        return Err(body::invalid("`batch`: expected a list of events"));
    };
    if batch.len() > MAX_EVENTS {
        return Err(Refusal::new(413, "too_many_events", format!("expected at most {MAX_EVENTS} events in a batch")));
    }
    let plan = loaded_plan(context).await?;
    let mut results = SortedMap::new();
    let accepted = accept(context, batch, &mut results);

    let visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    let request = request_facts::of(&context.incoming, visitor.session);
    let pending: Vec<Event> = accepted.iter().map(|accepted| accepted.event.clone()).collect();
    let mut decided = decide_for_visitor(&plan, visitor, request, context.now, &|_| pending.clone());
    let allowed = allowed(&decided, accepted, &mut results);
    let changed = record(context, &plan, &mut decided, allowed).await?;

    let response = response::json(200, &success(results))?;
    if decided.decision.store {
        set_cookies(&response.headers(), &context.isolate.config, &decided.visitor, changed, context.now);
    } else {
        clear_cookies(&response.headers(), &plan, &decided.facts.request, &context.incoming.cookies);
    }
    Ok(response)
}

/// Returns the valid events, and inserts the result of each event.
fn accept(context: &RequestContext, batch: &[Value], results: &mut SortedMap<Value>) -> Vec<Accepted> {
    let mut out = Vec::new();
    for (index, item) in batch.iter().enumerate() {
        let id =
            item.at(["messageId"]).as_str().map_or_else(|| format!("#{index}"), |id| id.chars().take(200).collect());
        let event = if canonical::to_string(item).len() > MAX_EVENT {
            Err(format!("the event is longer than {MAX_EVENT} bytes"))
        } else {
            Event::from_segment(item, context.now, false).map_err(|error| error.to_string())
        };
        match event {
            Ok(event) => {
                results.insert(id, result("ok", None));
                out.push(Accepted { value: forwarded(&event, item), event });
            }
            Err(message) => {
                results.insert(id, result("error", Some(&message)));
            }
        }
    }
    out
}

/// Returns the event with the identifiers of its call.
fn forwarded(event: &Event, call: &Value) -> Value {
    let mut object = event.to_value().as_object().cloned().unwrap_or_default();
    for name in IDENTIFIERS {
        if let Value::String(id) = call.at([name]) {
            object.insert(name, id.as_str());
        }
    }
    Value::Object(object)
}

/// Returns the events that may be recorded. Consent events are always recorded, because they state what is allowed.
fn allowed(decided: &VisitorDecision, accepted: Vec<Accepted>, results: &mut SortedMap<Value>) -> Vec<Accepted> {
    let is_known = !decided.visitor.profile.subject.is_empty();
    let may_record = |event: &Event| is_known && (decided.decision.measure || !event.consent.is_empty());
    let (allowed, refused): (Vec<Accepted>, Vec<Accepted>) =
        accepted.into_iter().partition(|one| may_record(&one.event));
    for one in refused {
        results.insert(one.event.id, result("ignored", Some("the visitor does not allow it")));
    }
    allowed
}

/// Delivers the events and applies them to the profile. Returns whether the token changes.
async fn record(
    context: &RequestContext,
    plan: &Plan,
    decided: &mut VisitorDecision,
    allowed: Vec<Accepted>,
) -> Result<bool, Refusal> {
    if allowed.is_empty() {
        return Ok(false);
    }
    let envelope = Envelope::new(&decided.visitor, &decided.decision, context.now);
    let (events, values): (Vec<Event>, Vec<Value>) = allowed.into_iter().map(|one| (one.event, one.value)).unzip();
    let response = outbox::deliver(context, &envelope, values).await.map_err(|()| {
        Refusal::new(503, "not_recorded", "the events could not be stored; send them again").with("retry-after", "5")
    })?;
    let changed = decided.visitor.apply_events(plan, &events, context.now);
    let fresh = response.as_ref().and_then(|response| response.at(["token"]).as_str());
    Ok(fresh.is_some_and(|token| accept_fresh(context, plan, &mut decided.visitor, token)) || changed)
}

/// Accepts the collector's new token, and merges what only this browser knows into its profile.
///
/// A profile of another person who used this browser before is not merged.
fn accept_fresh(context: &RequestContext, plan: &Plan, visitor: &mut Visitor, token: &str) -> bool {
    let before = visitor.profile.clone();
    if let Err(refused) = visitor.accept(&context.isolate.config, token, context.now) {
        log(&format!("collector: its token was refused: {}", refused.code()));
        visitor.profile = before;
        return false;
    }
    if before.subject == visitor.profile.subject || before.subject == visitor.id {
        visitor.profile.merge(plan, &before);
    }
    true
}

fn success(results: SortedMap<Value>) -> Value {
    let mut out = Object::new();
    out.insert("success", Value::Bool(true));
    out.insert("results", Value::Object(results.into_iter().collect()));
    Value::Object(out)
}

fn result(status: &str, message: Option<&str>) -> Value {
    let mut out = Object::new();
    out.insert("result", status);
    if let Some(message) = message {
        out.insert("message", message);
    }
    Value::Object(out)
}
