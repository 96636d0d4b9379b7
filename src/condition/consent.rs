//! Consent for a purpose, from the request, the profile and the plan.

use crate::collections::SortedMap;
use crate::event::consent::Consent;
use crate::facts::Request;
use crate::plan::Plan;
use crate::profile::stamp::Stamped;

/// Returns the state of consent for a purpose, or the plan's default where the subject has stated nothing.
pub(crate) fn consent(
    plan: &Plan,
    request: &Request,
    recorded: &SortedMap<Stamped<Consent>>,
    purpose: &str,
) -> Consent {
    stated(plan, request, recorded, purpose).unwrap_or(plan.settings().consent)
}

/// Returns the consent that the subject has stated for a purpose.
///
/// Global Privacy Control comes first, then consent given on this device, then `recorded`, the consent of the profile.
pub(crate) fn stated(
    plan: &Plan,
    request: &Request,
    recorded: &SortedMap<Stamped<Consent>>,
    purpose: &str,
) -> Option<Consent> {
    let mut opted_out = plan.list(plan.settings().gpc).map(|name| plan.text(name));
    if request.gpc && opted_out.any(|name| name == purpose) {
        return Some(Consent::Denied);
    }
    let on_device = request.consent.get(purpose).copied();
    on_device.or_else(|| recorded.get(purpose).map(|state| state.0))
}
