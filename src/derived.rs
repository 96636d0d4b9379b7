//! Facts that follow from others: what the parameters of the page's address say, what the browser says that it is, and where it is.
//!
//! A plan lists those that it reads. What the request itself says of them counts more.

use alloc::borrow::Cow;

use crate::condition::View;
use crate::facts::{Facts, Request};
use crate::feature::url::params;
use crate::geo::{Position, nearest};
use crate::plan::tables::{Derivation, Derived};
use crate::plan::{Ids, Plan};
use crate::value::Value;

/// The request with all facts that follow from it.
pub(crate) fn request_of<'a>(plan: &Plan, facts: &'a Facts) -> Cow<'a, Request> {
    let mut request = Cow::Borrowed(&facts.request);
    for (_, row) in plan.rows(plan.all::<Derived>()) {
        let name = plan.text(row.name);
        let is_known = facts.request.attributes.get(name).is_some_and(|known| *known != Value::Null);
        if let Some(found) = derive(plan, &row, &facts.request).filter(|_| !is_known) {
            request.to_mut().attributes.insert(name, found);
        }
    }
    request
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
            let (place, _) = nearest(plan, Ids::empty(), Position::of(View::Object(&request.attributes))?)?;
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
