//! The cookies of a visitor who may be recognised again, and their removal.

use throughline::{Consent, Facts, Millis, Plan, storage_consent};
use web_sys::Headers;

use crate::platform::config::Config;
use crate::request::RequestContext;
use crate::request::cookies::{self, Cookies, LONGEST};
use crate::visitor::decide_for_visitor::VisitorDecision;
use crate::visitor::token::TokenCookie;
use crate::visitor::{SESSION_SECONDS, Visitor, consent, token};

/// Sets the visitor's cookies: a new id, the session, and the token if it has `changed` or is fresh.
pub fn set_cookies(
    headers: &Headers,
    config: &Config,
    cookies: &Cookies,
    visitor: &Visitor,
    changed: bool,
    now: Millis,
) {
    if let Some(devices) = config.devices.as_ref().filter(|_| visitor.is_signed) {
        // Each session extends the life of the id, and signs it with the newest key.
        if visitor.is_new || visitor.is_new_session {
            cookies.set(headers, cookies::ID, &devices.cookie(&visitor.id), LONGEST);
        }
        if visitor.is_new_session {
            consent::renew(cookies, headers, now);
        }
        cookies.set(headers, cookies::SESSION, &devices.session(&visitor.id, visitor.session), SESSION_SECONDS);
    }
    let is_broken = visitor.token_cookie == TokenCookie::Broken;
    // The cookie outlives its token, so that a person who comes back later is still known to be one.
    let changed = changed || (visitor.is_refreshed && visitor.presented.is_none());
    let token = if changed || is_broken { token::sign(config, visitor, now) } else { None };
    match token {
        Some(token) => cookies.set(headers, cookies::TOKEN, &token, LONGEST),
        None if is_broken => cookies.delete(headers, cookies::TOKEN),
        None => {}
    }
}

/// Sets the cookies of an endpoint's response, or deletes them, as the decision says.
pub fn write_cookies(
    context: &RequestContext,
    plan: &Plan,
    decided: &VisitorDecision,
    changed: bool,
    headers: &Headers,
) {
    if decided.decision.store {
        set_cookies(
            headers,
            &context.isolate.config,
            &context.incoming.cookies,
            &decided.visitor,
            changed,
            context.now,
        );
    } else if storage_consent(plan, &decided.facts) == Consent::Denied {
        let is_written = clear_cookies(context, headers, &decided.facts);
        if !is_written {
            consent::renew(&context.incoming.cookies, headers, context.now);
        }
    }
}

/// Deletes the cookies of a visitor who refuses storage on this device, and returns whether the cookie of consent is set.
/// Consent that is merely pending deletes nothing.
pub fn clear_cookies(context: &RequestContext, headers: &Headers, facts: &Facts) -> bool {
    for name in cookies::VISITOR {
        context.incoming.cookies.delete(headers, name);
    }
    consent::remember_refusals(context, headers, facts)
}
