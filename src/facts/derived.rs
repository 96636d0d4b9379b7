//! Facts that follow from others: what the parameters of the page's address say, what the browser says that it is, where it is,
//! and which values events had.
//!
//! A plan lists those that it reads. What the request itself says counts more, but for what happened.

use alloc::borrow::Cow;

use crate::facts::Request;
use crate::facts::position::{Position, nearest};
use crate::json::Value;
use crate::json::ValueRef;
use crate::plan::tables::{Counter, Derivation, Derived, EventValues};
use crate::plan::{Ids, Plan};
use crate::prelude::*;
use crate::profile::Profile;
use crate::text::url::params;
use crate::time::Millis;

/// The request with all facts that follow from it, and from what happened.
pub(crate) fn derive_request<'a>(
    plan: &Plan,
    request: &'a Request,
    profile: &Profile,
    now: Millis,
) -> Cow<'a, Request> {
    let mut out = Cow::Borrowed(request);
    for (_, row) in plan.rows(plan.all::<Derived>()) {
        let name = plan.text(row.name);
        let is_known = request.attributes.get(name).is_some_and(|known| *known != Value::Null);
        if let Some(found) = derive(plan, &row, request).filter(|_| !is_known) {
            out.to_mut().attributes.insert(name, found);
        }
    }
    for (_, row) in plan.rows(plan.all::<EventValues>()) {
        out.to_mut().attributes.insert(plan.text(row.name), event_values(plan, &row, profile, now));
    }
    out
}

/// What stands for a request where there is none: the locale that the person has, and what follows from what happened.
pub(crate) fn request_for_message(plan: &Plan, profile: &Profile, now: Millis) -> Request {
    let locale = profile.traits.get("locale").and_then(|known| known.0.as_str()).map(str::to_owned);
    derive_request(plan, &Request { locale, ..Request::default() }, profile, now).into_owned()
}

/// The last different values of a property of events, the newest first; null for none.
fn event_values(plan: &Plan, row: &EventValues, profile: &Profile, now: Millis) -> Value {
    let after = if row.within.0 == 0 { Millis::MIN } else { now.minus(row.within) };
    let key = plan.get::<Counter>(row.counter).map_or("", |counter| plan.text(counter.key));
    let known = profile.counters.get(key).into_iter().flatten().rev();
    let past = known.filter(|occurrence| occurrence.at() <= now && occurrence.at() > after);
    let values: Vec<Value> = past.take(row.last as usize).map(|occurrence| occurrence.value.clone()).collect();
    if values.is_empty() { Value::Null } else { Value::Array(values) }
}

fn derive(plan: &Plan, row: &Derived, request: &Request) -> Option<Value> {
    match Derivation::from_number(row.from)? {
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

/// The query of the page's address.
fn query(request: &Request) -> &str {
    let text = |name: &str| request.attributes.get(name).and_then(Value::as_str);
    let of_url = || text("url")?.split('#').next()?.split_once('?').map(|(_, query)| query);
    text("query").map(|query| query.strip_prefix('?').unwrap_or(query)).or_else(of_url).unwrap_or_default()
}
