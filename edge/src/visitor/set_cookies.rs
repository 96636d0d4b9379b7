//! The cookies of a visitor who may be recognised again, and their removal.

use throughline::{Millis, Plan, Request};
use web_sys::Headers;

use crate::platform::config::Config;
use crate::prelude::*;
use crate::request::cookies::{self, Cookies};
use crate::visitor::{SESSION_SECONDS, Visitor, consent, token};

/// The longest time that browsers keep a cookie, in seconds: 400 days.
const ID_SECONDS: u64 = 400 * 24 * 60 * 60;

/// Sets the visitor's cookies: a new id, the session, and the token if it has `changed`.
pub fn set_cookies(headers: &Headers, config: &Config, visitor: &Visitor, changed: bool, now: Millis) {
    // Each session extends the life of the id, so regular visitors keep theirs.
    if visitor.is_new || visitor.is_new_session {
        cookies::set(headers, cookies::ID, &visitor.id, Some(ID_SECONDS));
    }
    cookies::set(headers, cookies::SESSION, &visitor.session.0.to_string(), Some(SESSION_SECONDS));
    let token = if changed || visitor.has_bad_cookie { token::sign(config, visitor, now) } else { None };
    match token {
        Some((token, expires)) => {
            cookies::set(headers, cookies::TOKEN, &token, Some(expires.saturating_sub(now.seconds())));
        }
        None if visitor.has_bad_cookie => cookies::delete(headers, cookies::TOKEN),
        None => {}
    }
}

/// Deletes the cookies of a visitor who refuses storage on this device.
///
/// Consent that is merely pending deletes nothing.
pub fn clear_cookies(headers: &Headers, plan: &Plan, request: &Request, cookies: &Cookies) {
    if !consent::refuses_storage(plan, request) {
        return;
    }
    for name in [cookies::ID, cookies::TOKEN, cookies::SESSION].into_iter().filter(|name| cookies.has(name)) {
        cookies::delete(headers, name);
    }
}
