//! Who asks, as far as we may know it.

pub mod consent;
pub mod context;
pub mod decide_for_visitor;
pub mod preview;

use throughline::token::Rejection;
use throughline::{Millis, Profile};

use crate::platform::config::Config;
use crate::platform::js;
use crate::prelude::*;
use crate::request::cookies;
use crate::request::incoming::Incoming;

/// A session ends after this time without a request, in seconds.
pub const SESSION_SECONDS: u64 = 30 * 60;
/// No session is longer than a day, whatever a cookie says.
const MAX_SESSION_MS: i64 = 24 * 60 * 60 * 1000;

/// Who asks: an id of our own, and what a signed token says.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The id of this browser; empty for a visitor who may not be recognised.
    pub id: String,
    /// Whether the id is new and needs a cookie.
    pub is_new: bool,
    /// What is known; its subject is the token's, else the id.
    pub profile: Profile,
    /// The version of the profile; 0 as long as the collector has not issued a token.
    pub version: u64,
    /// When the token expires, in seconds since 1970; none without a good token.
    pub expires: Option<u64>,
    /// The token that was good, if it came in a header: an app's, which keeps it itself.
    pub presented: Option<String>,
    /// Whether the browser has a token cookie that is of no use.
    pub has_bad_cookie: bool,
    /// When the session began.
    pub session: Millis,
    /// Whether the session begins with this request.
    pub is_new_session: bool,
}

impl Visitor {
    /// Recognises a visitor by token and cookies, or makes a new id.
    ///
    /// A token in `X-TL-Token` comes before one in `Authorization: Bearer`, and both before the cookie. An expired token
    /// still says who it is; every other token that is refused is as if it were not there.
    pub fn recognise(incoming: &Incoming, config: &Config, now: Millis) -> Self {
        let id = incoming.cookies.get(cookies::ID).filter(|id| is_id(id)).map(str::to_owned);
        let mut visitor = Self {
            is_new: id.is_none(),
            profile: Profile::default(),
            id: id.unwrap_or_else(js::random_id),
            version: 0,
            expires: None,
            presented: None,
            has_bad_cookie: false,
            session: now,
            is_new_session: true,
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

    /// A visitor who may not be recognised: no id, nothing known.
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

    /// Takes over what a token says.
    ///
    /// # Errors
    /// Why the token is refused.
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

    /// Whether the visitor is recognised by what this browser keeps, and not by a token that an app presents.
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

/// Whether an id can be one of ours; others are replaced. `p-` is what the collector's names of people begin with.
fn is_id(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && !id.starts_with("p-")
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// When the session began, if the cookie can be believed.
fn session(incoming: &Incoming, now: Millis) -> Option<Millis> {
    let start: i64 = incoming.cookies.get(cookies::SESSION)?.parse().ok()?;
    (start <= now.0 && start > now.0.saturating_sub(MAX_SESSION_MS)).then_some(Millis(start))
}
