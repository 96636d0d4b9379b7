//! `POST events`: what happened in the browser, as a Segment batch.

use throughline::canonical;
use throughline::{Event, Object, Plan, SortedMap, Value};
use web_sys::Response;

use crate::endpoints::{body, loaded_plan};
use crate::error::{Refusal, log};
use crate::outbox::{self, Message};
use crate::prelude::*;
use crate::request::Call;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::context;
use crate::visitor::decide_for_visitor::{Settled, forget, keep, learn, settle};

const MAX_BODY: usize = 500 * 1024;
const MAX_EVENTS: usize = 2500;
const MAX_EVENT: usize = 32 * 1024;
/// Members of a call that say who it is about; the collector unifies by them.
const IDENTIFIERS: [&str; 3] = ["userId", "previousId", "groupId"];

/// One event of the batch, as it goes on.
struct Accepted {
    event: Event,
    value: Value,
}

/// `200` when the events are safe: with the collector or in the outbox. What is wrong with one event is said in its
/// result and hinders no other.
pub async fn respond(call: &Call) -> Result<Response, Refusal> {
    let body = body::json(call, MAX_BODY).await?;
    let Value::Array(batch) = body.at(["batch"]) else {
        return Err(body::invalid("`batch`: expected a list of events"));
    };
    if batch.len() > MAX_EVENTS {
        return Err(Refusal::new(413, "too_many_events", format!("expected at most {MAX_EVENTS} events in a batch")));
    }
    let plan = loaded_plan(call).await?;
    let mut results = SortedMap::new();
    let accepted = accept(call, batch, &mut results);

    let visitor = Visitor::recognise(&call.incoming, &call.edge.config, call.now);
    let request = context::of(&call.incoming, visitor.session);
    let pending: Vec<Event> = accepted.iter().map(|accepted| accepted.event.clone()).collect();
    let mut settled = settle(&plan, visitor, request, call.now, &|_| pending.clone());
    let allowed = allowed(&settled, accepted, &mut results);
    let changed = record(call, &plan, &mut settled, allowed).await?;

    let response = response::json(200, &success(results))?;
    if settled.decision.store {
        keep(&response.headers(), &call.edge.config, &settled.visitor, changed, call.now);
    } else {
        forget(&response.headers(), &plan, &settled.facts.request, &call.incoming.cookies);
    }
    Ok(response)
}

/// The events that are as the specification has them.
fn accept(call: &Call, batch: &[Value], results: &mut SortedMap<Value>) -> Vec<Accepted> {
    let mut out = Vec::new();
    for (place, item) in batch.iter().enumerate() {
        let id =
            item.at(["messageId"]).as_str().map_or_else(|| format!("#{place}"), |id| id.chars().take(200).collect());
        let event = if canonical::to_string(item).len() > MAX_EVENT {
            Err(format!("the event is longer than {MAX_EVENT} bytes"))
        } else {
            Event::from_segment(item, call.now, false).map_err(|error| error.to_string())
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

/// The event with the identifiers of its call.
fn forwarded(event: &Event, call: &Value) -> Value {
    let mut object = event.to_value().as_object().cloned().unwrap_or_default();
    for name in IDENTIFIERS {
        if let Value::String(id) = call.at([name]) {
            object.insert(name, id.as_str());
        }
    }
    Value::Object(object)
}

/// The events that the visitor allows to be recorded. What they say about consent itself is always recorded.
fn allowed(settled: &Settled, accepted: Vec<Accepted>, results: &mut SortedMap<Value>) -> Vec<Accepted> {
    let is_known = !settled.visitor.profile.subject.is_empty();
    let may = |event: &Event| is_known && (settled.decision.measure || !event.consent.is_empty());
    let (allowed, refused): (Vec<Accepted>, Vec<Accepted>) = accepted.into_iter().partition(|one| may(&one.event));
    for one in refused {
        results.insert(one.event.id, result("ignored", Some("the visitor does not allow it")));
    }
    allowed
}

/// Hands the events over and adds them to the profile; says whether the token changes.
async fn record(call: &Call, plan: &Plan, settled: &mut Settled, allowed: Vec<Accepted>) -> Result<bool, Refusal> {
    if allowed.is_empty() {
        return Ok(false);
    }
    let message = Message::new(&settled.visitor, &settled.decision, call.now);
    let (events, values): (Vec<Event>, Vec<Value>) = allowed.into_iter().map(|one| (one.event, one.value)).unzip();
    let answer = outbox::deliver(call, &message, values).await.map_err(|()| {
        Refusal::new(503, "not_recorded", "the events could not be stored; send them again").with("retry-after", "5")
    })?;
    let changed = learn(plan, &mut settled.visitor, &events, call.now);
    let fresh = answer.as_ref().and_then(|answer| answer.at(["token"]).as_str());
    Ok(fresh.is_some_and(|token| adopt(call, plan, &mut settled.visitor, token)) || changed)
}

/// Takes the collector's fresh token, and adds what only this browser knows so far.
///
/// What belongs to another person who used this browser before is not added.
fn adopt(call: &Call, plan: &Plan, visitor: &mut Visitor, token: &str) -> bool {
    let before = visitor.profile.clone();
    if let Err(refused) = visitor.accept(&call.edge.config, token, call.now) {
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

fn result(word: &str, message: Option<&str>) -> Value {
    let mut out = Object::new();
    out.insert("result", word);
    if let Some(message) = message {
        out.insert("message", message);
    }
    Value::Object(out)
}
