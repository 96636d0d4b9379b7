//! The visitor's consent on this device.

use throughline::{Consent, Plan, Request, SortedMap};

use crate::prelude::*;
use crate::request::cookies::{CONSENT, Cookies};

/// The most purposes that are read from one cookie.
const MAX_PURPOSES: usize = 64;

/// Returns the states that the site's consent tool has written: `personalization=granted&analytics=denied`.
pub fn from_cookies(cookies: &Cookies) -> SortedMap<Consent> {
    let written = cookies.decoded(CONSENT).unwrap_or_default();
    let states = written.split('&').take(MAX_PURPOSES).filter_map(|pair| pair.split_once('='));
    states.filter_map(|(purpose, state)| Some((purpose.to_owned(), Consent::from_name(state)?))).collect()
}

/// Checks whether this device denies the purpose that the plan requires for storage. A pending state does not deny it.
pub fn refuses_storage(plan: &Plan, request: &Request) -> bool {
    let Some(purpose) = plan.storage_purpose() else { return false };
    let by_signal = request.gpc && plan.gpc_purposes().any(|denied| denied == purpose);
    by_signal || request.consent.get(purpose) == Some(&Consent::Denied)
}
