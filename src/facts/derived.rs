//! Derived facts: URL parameters, device and browser, the nearest place, and values of events.
//!
//! A plan lists those that it reads. A request attribute takes precedence over a derived one of the same name, except
//! over values of events.

use alloc::borrow::Cow;

use crate::facts::Request;
use crate::facts::position::{Position, nearest};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::tables::{Counter, Derivation, Derived, EventValues};
use crate::plan::{Ids, Plan};
use crate::prelude::*;
use crate::profile::Profile;
use crate::text::normal_address::normal_address;
use crate::text::url::params;
use crate::time::Millis;

/// The first character of the names of addresses as the request gives them. GrowthBook's SDKs compare these.
pub const AS_GIVEN: char = ' ';
/// The attributes of the request that are addresses.
const ADDRESSES: [&str; 3] = ["path", "url", "query"];

/// Adds the derived facts that the plan reads to a request, and brings its addresses to their normal form.
///
/// An address in another form stays under its name after [`AS_GIVEN`].
pub(crate) fn derive_request<'a>(
    plan: &Plan,
    request: &'a Request,
    profile: &Profile,
    now: Millis,
) -> Cow<'a, Request> {
    let mut out = Cow::Borrowed(request);
    for name in ADDRESSES {
        if let Some(Value::String(given)) = request.attributes.get(name)
            && let Cow::Owned(normal) = normal_address(given)
        {
            let attributes = &mut out.to_mut().attributes;
            attributes.insert(format!("{AS_GIVEN}{name}"), given.as_str());
            attributes.insert(name, Value::String(normal));
        }
    }
    for (_, row) in plan.rows(plan.all::<Derived>()) {
        let name = plan.text(row.name);
        let is_given = request.attributes.get(name).is_some_and(|given| *given != Value::Null);
        if let Some(found) = derive(plan, &row, request).filter(|_| !is_given) {
            out.to_mut().attributes.insert(name, found);
        }
    }
    for (_, row) in plan.rows(plan.all::<EventValues>()) {
        out.to_mut().attributes.insert(plan.text(row.name), event_values(plan, &row, profile, now));
    }
    out
}

/// Returns the request to assume for a message outside of a request: the profile's locale, and derived facts.
pub(crate) fn request_for_message(plan: &Plan, profile: &Profile, now: Millis) -> Request {
    let locale = profile.effective_trait("locale").and_then(|stamped| stamped.0.as_str()).map(str::to_owned);
    derive_request(plan, &Request { locale, ..Request::default() }, profile, now).into_owned()
}

/// Returns the last distinct values of a property of events, newest first; `null` if there are none.
fn event_values(plan: &Plan, row: &EventValues, profile: &Profile, now: Millis) -> Value {
    let after = if row.within.0 == 0 { Millis::MIN } else { now.minus(row.within) };
    let key = plan.get::<Counter>(row.counter).map_or("", |counter| plan.text(counter.key));
    let newest_first = profile.counters.get(key).into_iter().flatten().rev();
    let past = newest_first.filter(|occurrence| occurrence.at() <= now && occurrence.at() > after);
    let values: Vec<Value> = past.take(row.last as usize).map(|occurrence| occurrence.value.clone()).collect();
    if values.is_empty() { Value::Null } else { Value::Array(values) }
}

fn derive(plan: &Plan, row: &Derived, request: &Request) -> Option<Value> {
    match row.from {
        Derivation::Parameter => {
            let wanted = plan.text(row.parameter);
            let (_, value) = params(query(request)).find(|(name, _)| name == wanted)?;
            (!value.is_empty()).then_some(Value::String(value))
        }
        Derivation::DeviceType => Some(Value::from(request.agent.as_ref()?.device_type()?)),
        Derivation::Browser => Some(Value::from(request.agent.as_ref()?.browser()?)),
        Derivation::NearestPlace => {
            let (place, _) = nearest(plan, Ids::empty(), Position::of(ValueRef::Object(&request.attributes))?)?;
            Some(Value::from(plan.text(place.id)))
        }
    }
}

/// Returns the query string of the page's URL.
fn query(request: &Request) -> &str {
    let text = |name: &str| request.attributes.get(name).and_then(Value::as_str);
    let of_url = || text("url")?.split('#').next()?.split_once('?').map(|(_, query)| query);
    text("query").map(|query| query.strip_prefix('?').unwrap_or(query)).or_else(of_url).unwrap_or_default()
}
