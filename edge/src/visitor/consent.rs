//! The visitor's consent on this device.

use throughline::{Consent, Facts, Millis, SortedMap, SortedSet};
use web_sys::Headers;

use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::address::decode;
use crate::request::cookies::{CONSENT_SECONDS, Cookies};

/// The most purposes that are read from one cookie.
const MAX_PURPOSES: usize = 64;
/// The longest cookie that is renewed, in bytes.
const MAX_RENEWED: usize = 2048;
/// The member of the cookie that says when it was written, in milliseconds since 1970.
const AT: &str = "at";

/// Returns the states that the site's consent tool has written, and when: `personalization=granted&at=1764500000000`.
pub fn from_cookies(cookies: &Cookies) -> (SortedMap<Consent>, Option<Millis>) {
    let written = written(cookies);
    let states = pairs(&written).filter_map(|(purpose, state)| Some((purpose.to_owned(), Consent::from_name(state)?)));
    (states.collect(), at(&written))
}

/// Returns the cookie of consent that was written last, of those that hosts of the domain and scripts have set.
fn written(cookies: &Cookies) -> String {
    cookies.consents().rev().max_by_key(|written| at(written)).unwrap_or_default()
}

fn at(written: &str) -> Option<Millis> {
    pairs(written).find(|(name, _)| *name == AT).and_then(|(_, at)| at.parse().ok().map(Millis))
}

/// Sets the cookie of consent once more: Safari forgets after seven days what a script has written, and not what a server has.
///
/// Only a cookie that says when it was written is renewed, until half a year after that. It could be of another scope than the
/// new one, and the later of the two counts.
pub fn renew(cookies: &Cookies, headers: &Headers, now: Millis) {
    let Some(value) = cookies.only_consent().filter(|value| value.len() <= MAX_RENEWED) else { return };
    let Some(at) = at(&decode(value)).filter(|at| *at <= now) else { return };
    let left = CONSENT_SECONDS.saturating_sub(now.minus(at).seconds());
    if left > 0 {
        cookies.set_consent(headers, value, left);
    }
}

/// Writes refusals that only the profile or an event has into the cookie of consent, and returns whether there are any.
///
/// The other cookies of the visitor go with the refusal, and a visitor whom nobody recognises has no profile. Without
/// this, the next view would be that of a new visitor who has refused nothing.
pub fn remember_refusals(context: &RequestContext, headers: &Headers, facts: &Facts) -> bool {
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
        return false;
    }
    let written = written(&context.incoming.cookies);
    let kept = pairs(&written).filter(|(name, _)| !refused.contains(*name)).map(|(name, value)| member(name, value));
    let denied = refused.iter().map(|purpose| member(purpose, Consent::Denied.name()));
    // A cookie that has members keeps its time: it says when the others were chosen.
    let at = written.is_empty().then(|| member(AT, &context.now.0.to_string()));
    let value = kept.chain(denied).chain(at).collect::<Vec<_>>().join("&");
    context.incoming.cookies.set_consent(headers, &value, CONSENT_SECONDS);
    true
}

fn pairs(written: &str) -> impl Iterator<Item = (&str, &str)> {
    written.split('&').take(MAX_PURPOSES).filter_map(|pair| pair.split_once('='))
}

fn member(name: &str, value: &str) -> String {
    let encoded = |text| String::from(js_sys::encode_uri_component(text));
    format!("{}={}", encoded(name), encoded(value))
}
