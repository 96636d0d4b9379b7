//! Consent for a purpose, from the request, the profile and the plan.

use crate::event::consent::Consent;
use crate::facts::Request;
use crate::plan::Plan;
use crate::profile::Profile;
use crate::time::Millis;

/// Returns the state of consent for a purpose, or the plan's default where the subject has stated nothing.
pub(crate) fn consent(plan: &Plan, request: &Request, profile: &Profile, now: Millis, purpose: &str) -> Consent {
    stated(plan, request, profile, now, purpose).unwrap_or(plan.settings().consent)
}

/// Returns the consent that the subject has stated for a purpose.
///
/// Global Privacy Control comes first. Of the consent on this device and the profile's, the later one counts, and of
/// two of one time the refusal. Where the device does not say when, or names a time that is still to come, the
/// profile's refusal counts and otherwise the device's word.
pub(crate) fn stated(plan: &Plan, request: &Request, profile: &Profile, now: Millis, purpose: &str) -> Option<Consent> {
    let mut opted_out = plan.list(plan.settings().gpc).map(|name| plan.text(name));
    if request.gpc && opted_out.any(|name| name == purpose) {
        return Some(Consent::Denied);
    }
    let on_device = request.consent.get(purpose).copied();
    let Some(recorded) = profile.effective_consent(purpose) else { return on_device };
    let is_later = match request.consent_at.filter(|at| *at <= now) {
        Some(at) => recorded.1 > at || (recorded.1 == at && recorded.0 == Consent::Denied),
        None => recorded.0 == Consent::Denied,
    };
    on_device.filter(|_| !is_later).or(Some(recorded.0))
}
