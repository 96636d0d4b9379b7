//! One decision for one visitor, and what both keep of it.

use throughline::token::{Claims, jws::MAX_TOKEN, mint_value, minted_value_length};
use throughline::{Decision, Event, Facts, Millis, Plan, Profile, Request, Value, decide, reduce};
use web_sys::Headers;

use crate::error::log;
use crate::platform::config::Config;
use crate::prelude::*;
use crate::request::cookies::{self, Cookies};
use crate::visitor::consent;
use crate::visitor::{SESSION_SECONDS, Visitor};

/// The longest that browsers keep a cookie: 400 days.
const ID_SECONDS: u64 = 400 * 24 * 60 * 60;
/// How long a token lasts that the edge has issued; the collector's keep their own end.
const TOKEN_SECONDS: u64 = 30 * 24 * 60 * 60;

/// A decision and whom it is about.
pub struct Settled {
    /// The visitor: unknown, if the rules do not allow to keep anything on this device.
    pub visitor: Visitor,
    /// What was decided.
    pub decision: Decision<'static>,
    /// The facts it was decided from.
    pub facts: Facts,
}

/// Decides for a visitor. `events` makes the events of this request from the id of the decision.
///
/// Where the rules do not allow storage, cookies are neither written nor read: the decision is then made for somebody
/// of whom nothing is known.
pub fn settle(
    plan: &Plan,
    visitor: Visitor,
    request: Request,
    now: Millis,
    events: &dyn Fn(&str) -> Vec<Event>,
) -> Settled {
    let mut facts = Facts { now, profile: visitor.profile.clone(), request, events: Vec::new() };
    facts.events = events(&decide(plan, &facts).id());
    let decision = decide(plan, &facts).into_owned();
    if decision.store || !visitor.is_by_cookie() {
        return Settled { visitor, decision, facts };
    }
    settle(plan, visitor.unknown(), facts.request, now, events)
}

/// Adds events to what is known of the visitor, and says whether that changes what the token carries.
pub fn learn<'e>(plan: &Plan, visitor: &mut Visitor, events: impl IntoIterator<Item = &'e Event>, now: Millis) -> bool {
    let before = visitor.profile.project(plan, now);
    for event in events {
        reduce(plan, &mut visitor.profile, event);
    }
    visitor.profile = visitor.profile.project(plan, now);
    visitor.profile != before
}

/// Writes the cookies of a visitor whom we may keep: a new id, the session, and the token if it has `changed`.
pub fn keep(headers: &Headers, config: &Config, visitor: &Visitor, changed: bool, now: Millis) {
    // At the start of a session the id gets its full life again.
    if visitor.is_new || visitor.is_new_session {
        cookies::set(headers, cookies::ID, &visitor.id, Some(ID_SECONDS));
    }
    cookies::set(headers, cookies::SESSION, &visitor.session.0.to_string(), Some(SESSION_SECONDS));
    let token = if changed || visitor.has_bad_cookie { sign(config, visitor, now) } else { None };
    match token {
        Some((token, expires)) => {
            cookies::set(headers, cookies::TOKEN, &token, Some(expires.saturating_sub(seconds(now))));
        }
        None if visitor.has_bad_cookie => cookies::delete(headers, cookies::TOKEN),
        None => {}
    }
}

/// Deletes the cookies of a visitor who refuses that we keep any.
pub fn forget(headers: &Headers, plan: &Plan, request: &Request, cookies: &Cookies) -> bool {
    if !consent::refuses_storage(plan, request) {
        return false;
    }
    let ours: Vec<&str> =
        [cookies::ID, cookies::TOKEN, cookies::SESSION].into_iter().filter(|name| cookies.has(name)).collect();
    for name in &ours {
        cookies::delete(headers, name);
    }
    !ours.is_empty()
}

/// A token with what is known of the visitor, and when it expires; none where it cannot be signed.
///
/// The collector's token keeps its end, so that the collector remains the authority; the edge's own is renewed.
pub fn sign(config: &Config, visitor: &Visitor, now: Millis) -> Option<(String, u64)> {
    let key = config.tokens.as_ref()?.keys().signer()?;
    let exp = match visitor.expires {
        Some(expires) if visitor.version > 0 => expires,
        _ => seconds(now).saturating_add(TOKEN_SECONDS),
    };
    let mut profile = visitor.profile.clone();
    let is_short =
        |profile: &Profile| minted_value_length(key, &claims(config, visitor, profile, now, exp)) <= MAX_TOKEN;
    profile.truncate_to_budget(is_short);
    match mint_value(key, &claims(config, visitor, &profile, now, exp)) {
        Ok(token) => Some((token, exp)),
        Err(error) => {
            log(&format!("token: {error}"));
            None
        }
    }
}

fn claims(config: &Config, visitor: &Visitor, profile: &Profile, now: Millis, exp: u64) -> Claims<Value> {
    Claims {
        iss: config.issuer.clone(),
        aud: config.audience.clone(),
        sub: profile.subject.clone(),
        // Within the verifier's leeway an expired token is good for another minute.
        iat: seconds(now).min(exp.saturating_sub(1)),
        exp,
        ver: visitor.version,
        facts: profile.to_value(),
    }
}

fn seconds(time: Millis) -> u64 {
    time.0.unsigned_abs() / 1000
}
