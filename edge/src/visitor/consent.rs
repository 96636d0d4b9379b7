//! What the visitor allows on this device.

use throughline::{Consent, Plan, Request, SortedMap};

use crate::prelude::*;
use crate::request::cookies::{CONSENT, Cookies};

/// More purposes than this in one cookie are not read.
const MAX_PURPOSES: usize = 64;

/// What the site's consent tool has written: `personalization=granted&analytics=denied`.
pub fn of(cookies: &Cookies) -> SortedMap<Consent> {
    let written = cookies.decoded(CONSENT).unwrap_or_default();
    let states = written.split('&').take(MAX_PURPOSES).filter_map(|pair| pair.split_once('='));
    states.filter_map(|(purpose, state)| Some((purpose.to_owned(), Consent::from_name(state)?))).collect()
}

/// Whether this device says no to what the plan needs for keeping a cookie; a state that is merely pending does not.
pub fn refuses_storage(plan: &Plan, request: &Request) -> bool {
    let Some(purpose) = plan.storage_purpose() else { return false };
    let by_signal = request.gpc && plan.gpc_purposes().any(|denied| denied == purpose);
    by_signal || request.consent.get(purpose) == Some(&Consent::Denied)
}
