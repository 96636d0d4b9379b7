//! The visitor: recognised by token and cookies, as far as consent allows.

pub mod consent;
pub mod decide_for_visitor;
pub mod preview;
pub mod request_facts;
pub mod set_cookies;
mod token;

use throughline::token::Rejection;
use throughline::{Event, Millis, Plan, Profile, reduce};

use crate::platform::config::Config;
use crate::platform::js;
use crate::prelude::*;
use crate::request::cookies;
use crate::request::incoming_request::IncomingRequest;

/// A session ends after this time without a request, in seconds.
pub const SESSION_SECONDS: u64 = 30 * 60;
/// The longest session, in milliseconds. A cookie that states an earlier start is ignored.
const MAX_SESSION_MS: i64 = 24 * 60 * 60 * 1000;

/// A visitor: an id of the edge, and the profile of a signed token.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The id of this browser; empty for a visitor who may not be recognised.
    pub id: String,
    /// Whether the id is new and needs a cookie.
    pub is_new: bool,
    /// The profile. Its subject is the token's, or the id without a token.
    pub profile: Profile,
    /// The version of the profile; 0 until the collector has issued a token.
    pub version: u64,
    /// The expiry of the token in seconds since 1970; `None` without a valid token.
    pub expires: Option<u64>,
    /// The valid token, if it came in a header. The app that sent it keeps it, so it is not stored in a cookie.
    pub presented: Option<String>,
    /// Whether the browser has a token cookie that was refused.
    pub has_bad_cookie: bool,
    /// The start of the session.
    pub session: Millis,
    /// Whether the session begins with this request.
    pub is_new_session: bool,
}

impl Visitor {
    /// Recognises a visitor by token and cookies, or makes a new id.
    ///
    /// A token in `X-TL-Token` takes precedence over one in `Authorization: Bearer`, and both over the cookie. An expired
    /// token still identifies its subject. Any other refused token is ignored.
    pub fn recognise(incoming: &IncomingRequest, config: &Config, now: Millis) -> Self {
        let id = incoming.cookies.get(cookies::ID).filter(|id| is_id(id)).map(str::to_owned);
        let mut visitor = Self {
            is_new: id.is_none(),
            id: id.unwrap_or_else(js::random_id),
            session: now,
            is_new_session: true,
            ..Self::default()
        };
        if let Some(session) = session(incoming, now) {
            (visitor.session, visitor.is_new_session) = (session, false);
        }
        for token in [incoming.header("x-tl-token"), incoming.bearer()].into_iter().flatten() {
            if visitor.accept(config, &token, now).is_ok() {
                visitor.presented = Some(token);
                return visitor;
            }
        }
        if let Some(token) = incoming.cookies.get(cookies::TOKEN) {
            visitor.has_bad_cookie = visitor.accept(config, token, now).is_err();
        }
        visitor.fill_subject()
    }

    /// Returns the same visitor without id and profile, for a decision that must not recognise them.
    pub fn unknown(&self) -> Self {
        Self {
            id: String::new(),
            is_new: false,
            profile: Profile::default(),
            version: 0,
            expires: None,
            presented: None,
            ..self.clone()
        }
    }

    /// Adopts profile, version and expiry of a token.
    ///
    /// # Errors
    /// Returns the reason if the token is refused. The subject of an expired token is adopted all the same.
    pub fn accept(&mut self, config: &Config, token: &str, now: Millis) -> Result<(), Rejection> {
        let Some(verifier) = &config.tokens else { return Err(Rejection::UnknownKeyId) };
        match verifier.verify_profile(token, now.0.unsigned_abs()) {
            Ok(claims) => {
                self.profile = Profile { subject: claims.sub, ..claims.facts };
                (self.version, self.expires) = (claims.ver, Some(claims.exp));
                Ok(())
            }
            Err(refused) => {
                if let Some(subject) = refused.subject() {
                    self.profile.subject = subject.to_owned();
                }
                Err(refused)
            }
        }
    }

    /// Applies events to the profile, and returns whether the part of it that the token carries has changed.
    pub fn apply_events<'e>(&mut self, plan: &Plan, events: impl IntoIterator<Item = &'e Event>, now: Millis) -> bool {
        let before = self.profile.project(plan, now);
        for event in events {
            reduce(plan, &mut self.profile, event);
        }
        self.profile = self.profile.project(plan, now);
        self.profile != before
    }

    /// Whether the visitor is recognised by cookies of this browser, not by a token that an app presents.
    pub fn is_by_cookie(&self) -> bool {
        self.presented.is_none() && !self.id.is_empty()
    }

    fn fill_subject(mut self) -> Self {
        if self.profile.subject.is_empty() {
            self.profile.subject.clone_from(&self.id);
        }
        self
    }
}

/// Whether an id has the form of the edge's ids; others are replaced. The collector's own ids begin with `p-`.
fn is_id(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && !id.starts_with("p-")
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Returns the start of the session that the cookie states, if it is plausible.
fn session(incoming: &IncomingRequest, now: Millis) -> Option<Millis> {
    let start: i64 = incoming.cookies.get(cookies::SESSION)?.parse().ok()?;
    (start <= now.0 && start > now.0.saturating_sub(MAX_SESSION_MS)).then_some(Millis(start))
}
