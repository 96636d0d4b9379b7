//! The visitor's consent on this device.

use throughline::{Consent, Facts, Millis, SortedMap, SortedSet};
use web_sys::Headers;

use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::cookies::{CONSENT, Cookies};

/// The most purposes that are read from one cookie.
const MAX_PURPOSES: usize = 64;
/// The member of the cookie that says when it was written, in milliseconds since 1970.
const AT: &str = "at";

/// Returns the states that the site's consent tool has written, and when: `personalization=granted&at=1764500000000`.
pub fn from_cookies(cookies: &Cookies) -> (SortedMap<Consent>, Option<Millis>) {
    let written = cookies.decoded(CONSENT).unwrap_or_default();
    let at = pairs(&written).find(|(name, _)| *name == AT).and_then(|(_, at)| at.parse().ok().map(Millis));
    let states = pairs(&written).filter_map(|(purpose, state)| Some((purpose.to_owned(), Consent::from_name(state)?)));
    (states.collect(), at)
}

/// Writes refusals that only the profile or an event has into the cookie of consent.
///
/// The other cookies of the visitor go with the refusal, and a visitor whom nobody recognises has no profile. Without
/// this, the next view would be that of a new visitor who has refused nothing.
pub fn remember_refusals(context: &RequestContext, headers: &Headers, facts: &Facts) {
    let recorded = facts.profile.consent.iter().map(|(purpose, state)| (purpose, state.0));
    let said = facts.events.iter().flat_map(|event| event.consent.iter()).map(|(purpose, state)| (purpose, *state));
    let is_news = |purpose: &str| facts.request.consent.get(purpose) != Some(&Consent::Denied);
    let refused: SortedSet<String> = recorded
        .chain(said)
        .filter(|(purpose, state)| *state == Consent::Denied && is_news(purpose))
        .map(|(purpose, _)| purpose.to_owned())
        .take(MAX_PURPOSES)
        .collect();
    if refused.is_empty() {
        return;
    }
    let written = context.incoming.cookies.decoded(CONSENT).unwrap_or_default();
    let kept = pairs(&written).filter(|(name, _)| !refused.contains(*name)).map(|(name, value)| member(name, value));
    let denied = refused.iter().map(|purpose| member(purpose, Consent::Denied.name()));
    // A cookie that has members keeps its time: it says when the others were chosen.
    let at = written.is_empty().then(|| member(AT, &context.now.0.to_string()));
    let value = kept.chain(denied).chain(at).collect::<Vec<_>>().join("&");
    context.incoming.cookies.set_consent(headers, &value, context.incoming.address.scheme == "https");
}

fn pairs(written: &str) -> impl Iterator<Item = (&str, &str)> {
    written.split('&').take(MAX_PURPOSES).filter_map(|pair| pair.split_once('='))
}

fn member(name: &str, value: &str) -> String {
    let encoded = |text| String::from(js_sys::encode_uri_component(text));
    format!("{}={}", encoded(name), encoded(value))
}
