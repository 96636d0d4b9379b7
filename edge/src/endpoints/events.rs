//! `POST events`: events of the browser, as a Segment batch.

use throughline::{
    Arrival, Batch, Call, Event, MAX_IDENTIFIER, Object, Plan, SortedMap, SortedSet, Value, identifier_text,
    is_placeholder,
};
use web_sys::Response;

use crate::endpoints::token::insert_device;
use crate::endpoints::{body, loaded_plan};
use crate::error::Refusal;
use crate::outbox::{self, Envelope};
use crate::prelude::*;
use crate::refresh;
use crate::request::RequestContext;
use crate::response;
use crate::visitor::Visitor;
use crate::visitor::decide_for_visitor::{VisitorDecision, decide_for_visitor};
use crate::visitor::request_facts;
use crate::visitor::set_cookies::write_cookies;

/// The longest body, in bytes.
const MAX_BODY: usize = 500 * 1024;
/// The most events in a batch.
const MAX_EVENTS: usize = 2500;
/// The most calls of a batch that are kept though they are no events.
const MAX_REJECTED: usize = 100;
/// The most events in a batch that other devices own.
const MAX_OWNERS: usize = 8;
/// The identifiers of a call, by which the collector resolves identities.
const IDENTIFIERS: [&str; 3] = ["userId", "previousId", "groupId"];
/// The reason for which an event with a wrong ticket is ignored.
const WRONG_OWNER: &str = "`owner` is not a ticket of this site";
/// The most identifiers of other systems in a call.
const MAX_EXTERNAL_IDS: usize = 20;

/// An event of the batch, parsed and as it is forwarded.
struct Accepted {
    event: Event,
    call: Object,
    /// The time that the sender has stated, if it cannot be right.
    stated: Option<String>,
    /// The device that it is sent for, if that is another one.
    owner: Option<String>,
}

/// The outcome of reading a batch.
#[derive(Default)]
struct Outcome {
    accepted: Vec<Accepted>,
    /// The calls that are not events, as the collector keeps them.
    rejected: Vec<Value>,
    /// The result of each call, by its message id.
    results: SortedMap<Value>,
}

/// Responds with `200` when the collector or the outbox has stored the events. An invalid event is reported in its own
/// result and does not affect the others.
pub async fn respond(context: &RequestContext) -> Result<Response, Refusal> {
    let text = body::text(context, MAX_BODY).await?;
    let batch = Batch::split(&text, "batch").map_err(body::invalid)?;
    let Some(calls) = &batch.calls else {
        return Err(body::invalid("`batch`: expected a list of events"));
    };
    if calls.len() > MAX_EVENTS {
        return Err(Refusal::new(413, "too_many_events", format!("expected at most {MAX_EVENTS} events in a batch")));
    }
    let plan = loaded_plan(context).await?;
    let mut visitor = Visitor::recognise(&context.incoming, &context.isolate.config, context.now);
    refresh::apply(context, &plan, &mut visitor);
    let arrival = Arrival { received: context.now, sent_at: batch.member("sentAt") };
    let Outcome { mut accepted, rejected, mut results } = accept(context, &plan, &visitor, &arrival, calls);

    let device = visitor.id.clone();
    let is_recognised = visitor.is_signed && !visitor.is_new;
    let request = request_facts::of(&context.incoming, visitor.session);
    let pending: Vec<Event> = accepted.iter().filter(|one| one.owner.is_none()).map(|one| one.event.clone()).collect();
    let mut decided = decide_for_visitor(&plan, visitor, request, context.now, &|_| pending.clone());
    if is_recognised && decided.visitor.id.is_empty() {
        keep_owner_of_refusals(&mut accepted, &device);
    }
    let rejected = if may_record(&decided) { rejected } else { Vec::new() };
    let allowed = allowed(&decided, accepted, &mut results);
    let (own, others): (Vec<Accepted>, Vec<Accepted>) = allowed.into_iter().partition(|one| one.owner.is_none());
    record_for_owners(context, others, &mut results).await?;
    let changed = record(context, &plan, &mut decided, own, rejected, &mut results).await?;

    let mut answer = success(results);
    if decided.visitor.id != device {
        // A script names the right owner from now on.
        insert_device(context, &decided.visitor, &mut answer);
    }
    let response = response::json(200, &Value::Object(answer))?;
    write_cookies(context, &plan, &decided, changed, &response.headers());
    Ok(response)
}

/// Reads each call on its own.
fn accept(context: &RequestContext, plan: &Plan, visitor: &Visitor, arrival: &Arrival, calls: &[&str]) -> Outcome {
    let mut out = Outcome::default();
    let mut owners = SortedSet::new();
    for (index, raw) in calls.iter().enumerate() {
        match accept_one(context, visitor, arrival, raw, &mut owners) {
            Ok((mut one, result)) => {
                one.event.clean_addresses(plan);
                out.results.insert(one.event.id.clone(), result);
                out.accepted.push(one);
            }
            Err(Refused { message_id, result, reason }) => {
                let id = if message_id.is_empty() { format!("#{index}") } else { message_id };
                if result == "drop" && out.rejected.len() < MAX_REJECTED {
                    out.rejected.push(rejected(&id, &reason, raw));
                }
                out.results.insert(id, self::result(result, Some(&reason)));
            }
        }
    }
    arrival.order_as_sent(out.accepted.iter_mut().map(|one| &mut one.event));
    out
}

/// A call that is not recorded: the result, and its reason.
struct Refused {
    message_id: String,
    result: &'static str,
    reason: String,
}

fn accept_one(
    context: &RequestContext,
    visitor: &Visitor,
    arrival: &Arrival,
    raw: &str,
    owners: &mut SortedSet<String>,
) -> Result<(Accepted, Value), Refused> {
    let drop = |message_id, reason| Refused { message_id, result: "drop", reason };
    let mut call = Call::read(raw).map_err(|error| drop(error.message_id, error.reason))?;
    let id = call.members.get("messageId").and_then(identifier_text).unwrap_or_default();
    let id: String = id.chars().take(MAX_IDENTIFIER).collect();
    let (event, stated) = call.event(arrival, false).map_err(|error| drop(id.clone(), error.to_string()))?;
    let members = Value::Object(call.members);
    let owner = owner(context, visitor, &members, owners);
    let owner = owner.map_err(|reason| Refused { message_id: id, result: "ignored", reason: reason.to_owned() })?;
    call.warnings.extend(warning(&members));
    let result = match call.warnings.as_slice() {
        [] => result("ok", None),
        warnings => result("warning", Some(&warnings.join("; "))),
    };
    let call = members.as_object().cloned().unwrap_or_default();
    Ok((Accepted { event, call, stated, owner }, result))
}

/// Returns a call that is not an event, as the collector keeps it.
fn rejected(id: &str, reason: &str, raw: &str) -> Value {
    let mut out = Object::new();
    out.insert("messageId", id);
    out.insert("reason", reason);
    out.insert("payload", raw);
    Value::Object(out)
}

/// Returns the other device that an event is sent for, or `None` for the visitor's own.
///
/// # Errors
/// Returns the reason if the event's ticket is not genuine, or there are too many owners.
fn owner(
    context: &RequestContext,
    visitor: &Visitor,
    call: &Value,
    owners: &mut SortedSet<String>,
) -> Result<Option<String>, &'static str> {
    let ticket = match call.at(["owner"]) {
        Value::Null => return Ok(None),
        Value::String(ticket) => ticket,
        _ => return Err(WRONG_OWNER),
    };
    let devices = context.isolate.config.devices.as_ref().ok_or(WRONG_OWNER)?;
    let alias = devices.owner(ticket).ok_or(WRONG_OWNER)?;
    if alias == visitor.id {
        return Ok(None);
    }
    owners.insert(alias.clone());
    if owners.len() > MAX_OWNERS { Err("the batch has events of too many owners") } else { Ok(Some(alias)) }
}

/// Returns the event with the identifiers of its call, and the proof that the call carries for them.
fn forwarded(one: &Accepted) -> Value {
    let mut object = one.event.to_value().as_object().cloned().unwrap_or_default();
    let call = &Value::Object(one.call.clone());
    if let Some(stated) = &one.stated {
        object.insert("stated", stated.as_str());
    }
    for name in IDENTIFIERS {
        if let Some(id) = identifier(call.at([name])) {
            object.insert(name, id.as_str());
        }
    }
    let hashes = [call.at(["userHash"]), call.at(["context", "userHash"])];
    if let Some(hash) = hashes.into_iter().find_map(Value::as_str).filter(|hash| is_hash(hash)) {
        object.insert("userHash", hash);
    }
    let external = external_ids(call);
    if !external.is_empty() {
        object.insert("externalIds", Value::Array(external));
    }
    Value::Object(object)
}

/// Returns the identifiers of other systems, which Segment's calls have in their context.
fn external_ids(call: &Value) -> Vec<Value> {
    let Value::Array(ids) = call.at(["context", "externalIds"]) else { return Vec::new() };
    let is_default = |value: &Value, default| *value == Value::Null || value.as_str() == Some(default);
    let of_user = |id: &&Value| is_default(id.at(["collection"]), "users") && is_default(id.at(["encoding"]), "none");
    let read = |id: &Value| {
        let mut out = Object::new();
        out.insert("id", identifier(id.at(["id"]))?.as_str());
        out.insert("type", id.at(["type"]).as_str()?);
        Some(Value::Object(out))
    };
    ids.iter().filter(of_user).filter_map(read).take(MAX_EXTERNAL_IDS).collect()
}

/// Returns the text of an identifier that names somebody.
fn identifier(value: &Value) -> Option<String> {
    identifier_text(value).filter(|id| id.len() <= MAX_IDENTIFIER && !is_placeholder(id))
}

/// Returns the warning about the first identifier of a call that names nobody, and is therefore left out.
fn warning(call: &Value) -> Option<String> {
    let is_given = |value: &Value| *value != Value::Null && value.as_str() != Some("");
    let is_wrong = |name: &&str| is_given(call.at([*name])) && identifier(call.at([*name])).is_none();
    let name = IDENTIFIERS.into_iter().find(is_wrong)?;
    Some(format!("`{name}` is left out: expected the id of somebody, as text or a whole number"))
}

/// Whether a text is an HMAC-SHA-256 in lower-case hexadecimal.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Makes the device the owner of the consent events that have made the visitor unknown, so that its refusal is heard.
fn keep_owner_of_refusals(accepted: &mut [Accepted], device: &str) {
    for one in accepted.iter_mut().filter(|one| one.owner.is_none() && !one.event.consent.is_empty()) {
        one.owner = Some(device.to_owned());
    }
}

/// Returns the events that may be recorded. Consent events of a known device are always recorded, because they state what
/// is allowed.
fn allowed(decided: &VisitorDecision, accepted: Vec<Accepted>, results: &mut SortedMap<Value>) -> Vec<Accepted> {
    let is_known = is_known(decided);
    let may_record = |one: &Accepted| {
        if one.event.consent.is_empty() { may_record(decided) } else { is_known || one.owner.is_some() }
    };
    let (allowed, refused): (Vec<Accepted>, Vec<Accepted>) = accepted.into_iter().partition(may_record);
    for one in refused {
        results.insert(one.event.id, result("ignored", Some("the visitor does not allow it")));
    }
    allowed
}

fn is_known(decided: &VisitorDecision) -> bool {
    !decided.visitor.profile.subject.is_empty()
}

fn may_record(decided: &VisitorDecision) -> bool {
    is_known(decided) && decided.decision.measure
}

/// Delivers events for the devices that this browser had before, each in a message of its own. No token comes back.
async fn record_for_owners(
    context: &RequestContext,
    events: Vec<Accepted>,
    results: &mut SortedMap<Value>,
) -> Result<(), Refusal> {
    let mut by_owner: Vec<(String, Vec<Value>)> = Vec::new();
    for one in events {
        let value = forwarded(&one);
        let owner = one.owner.unwrap_or_default();
        match by_owner.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, values)) => values.push(value),
            None => by_owner.push((owner, vec![value])),
        }
    }
    for (owner, values) in by_owner {
        let response = deliver(context, &Envelope::of_owner(context, owner), values).await?;
        report(response.as_ref(), results);
    }
    Ok(())
}

/// Delivers the visitor's events and applies them to the profile. Returns whether the token changes.
async fn record(
    context: &RequestContext,
    plan: &Plan,
    decided: &mut VisitorDecision,
    allowed: Vec<Accepted>,
    rejected: Vec<Value>,
    results: &mut SortedMap<Value>,
) -> Result<bool, Refusal> {
    if allowed.is_empty() && rejected.is_empty() {
        return Ok(false);
    }
    let mut envelope = Envelope::new(context, &decided.visitor).with_rejected(rejected);
    if decided.decision.store {
        envelope = envelope.offering();
    }
    let values = allowed.iter().map(forwarded).collect();
    let events: Vec<Event> = allowed.into_iter().map(|one| one.event).collect();
    let response = deliver(context, &envelope, values).await?;
    let changed = decided.visitor.apply_events(plan, &events, context.now);
    if let Some(response) = &response {
        report(Some(response), results);
        decided.visitor.adopt(&context.isolate.config, plan, response, context.now);
    }
    Ok(changed)
}

async fn deliver(context: &RequestContext, envelope: &Envelope, events: Vec<Value>) -> Result<Option<Value>, Refusal> {
    outbox::deliver(context, envelope, events).await.map_err(|()| {
        Refusal::new(503, "not_recorded", "the events could not be stored; send them again").with("retry-after", "5")
    })
}

/// Takes over what the collector says of the events besides `ok`: it knows, for example, what a person has refused.
fn report(response: Option<&Value>, results: &mut SortedMap<Value>) {
    let Some(found) = response.and_then(|response| response.at(["results"]).as_object()) else { return };
    for (id, found) in found.iter() {
        if let Some(known) =
            results.get_mut(id).filter(|_| found.at(["result"]).as_str().is_some_and(|name| name != "ok"))
        {
            *known = found.clone();
        }
    }
}

fn success(results: SortedMap<Value>) -> Object {
    let mut out = Object::new();
    out.insert("success", Value::Bool(true));
    out.insert("results", Value::Object(results.into_iter().collect()));
    out
}

fn result(status: &str, details: Option<&str>) -> Value {
    let mut out = Object::new();
    out.insert("result", status);
    if let Some(details) = details {
        out.insert("details", details);
    }
    Value::Object(out)
}
