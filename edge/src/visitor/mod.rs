//! The visitor: a device and perhaps a person, recognised by cookies and token as far as consent allows.

pub mod consent;
pub mod decide_for_visitor;
pub mod device;
pub mod preview;
pub mod request_facts;
pub mod set_cookies;
mod token;

use throughline::token::Rejection;
use throughline::{ClaimedFacts, Event, Millis, Object, Plan, Profile, Value, reduce};

use self::token::TokenCookie;
use crate::error::log;
use crate::platform::config::Config;
use crate::prelude::*;
use crate::request::cookies;
use crate::request::incoming_request::IncomingRequest;

/// A session ends after this time without a request, in seconds.
pub const SESSION_SECONDS: u64 = 30 * 60;
/// The longest session, in milliseconds. A cookie that states an earlier start is ignored.
const MAX_SESSION_MS: i64 = 24 * 60 * 60 * 1000;

/// A visitor: a device, and the profile of a signed token.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// The alias of the device. It is empty for an app that presents a token and keeps no cookies, and for a visitor who may
    /// not be recognised.
    pub id: String,
    /// Whether the browser has shown, or now gets, the credential of the id. Whoever shows the alias alone is unsigned.
    // INVARIANT: a token is stored on a device only if this holds or there is no id.
    pub is_signed: bool,
    /// Whether the id is new and needs a cookie.
    pub is_new: bool,
    /// The profile. Its subject is the token's, or the id without a token.
    pub profile: Profile,
    /// The version of the profile; 0 until the collector has issued a token.
    pub version: u64,
    /// The age of the profile's facts: when the collector was last asked, in seconds since 1970.
    pub issued: u64,
    /// The expiry of the token in seconds since 1970; `None` without a token in force.
    pub expires: Option<u64>,
    /// The token in force, if it came in a header. The app that sent it keeps it.
    pub presented: Option<String>,
    /// Whether the collector has answered with fresh facts or another id, which the cookies do not have yet.
    pub is_refreshed: bool,
    /// The state of the browser's token cookie.
    pub token_cookie: TokenCookie,
    /// The start of the session.
    pub session: Millis,
    /// Whether the session begins with this request.
    pub is_new_session: bool,
}

impl Visitor {
    /// Recognises a visitor by token and cookies, or makes a new id.
    ///
    /// A token in `X-TL-Token` takes precedence over one in `Authorization: Bearer`, and both over the cookie. A refused
    /// token names nobody: then the visitor is the device.
    pub fn recognise(incoming: &IncomingRequest, config: &Config, now: Millis) -> Self {
        let mut visitor = Self { session: now, is_new_session: true, issued: now.seconds(), ..Self::default() };
        if let Some(id) = signed_id(incoming, config) {
            if let Some(session) = session(incoming, config, &id, now) {
                (visitor.session, visitor.is_new_session) = (session, false);
            }
            (visitor.id, visitor.is_signed) = (id, true);
        }
        for token in [incoming.header("x-tl-token"), incoming.bearer()].into_iter().flatten() {
            if visitor.accept(config, &token, now).is_ok() {
                visitor.presented = Some(token);
                return visitor;
            }
        }
        visitor.read_cookie(incoming, config, now);
        if visitor.id.is_empty() {
            visitor.identify_device(incoming, config);
        }
        if visitor.profile.subject.is_empty() {
            visitor.profile.subject.clone_from(&visitor.id);
        }
        visitor
    }

    /// Returns the same visitor without id and profile, for a decision that must not recognise them.
    ///
    /// Their consent stays, because a refusal that only the profile has must hold for this decision as well.
    pub fn unknown(&self) -> Self {
        Self {
            id: String::new(),
            is_signed: false,
            is_new: false,
            profile: Profile {
                consent: self.profile.consent.clone(),
                claims: ClaimedFacts { consent: self.profile.claims.consent.clone(), ..ClaimedFacts::default() },
                ..Profile::default()
            },
            version: 0,
            expires: None,
            presented: None,
            ..self.clone()
        }
    }

    /// Adopts profile, version and times of a token.
    ///
    /// # Errors
    /// Returns the reason if the token is refused. A token of the edge is refused unless it is about this device: the edge
    /// vouches for no person.
    pub fn accept(&mut self, config: &Config, token: &str, now: Millis) -> Result<(), Rejection> {
        let Some(verifier) = &config.tokens else { return Err(Rejection::UnknownKeyId) };
        let claims = verifier.verify_profile(token, now.0.unsigned_abs())?;
        if claims.ver == 0 && !(self.is_signed && claims.sub == self.id) {
            return Err(Rejection::InvalidClaim("sub"));
        }
        self.profile = Profile { subject: claims.sub, ..claims.facts };
        (self.version, self.issued, self.expires) = (claims.ver, claims.iat, Some(claims.exp));
        Ok(())
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

    /// Returns a new device, for a person whose token follows: nothing that the browser knows goes along.
    pub fn handed_over(now: Millis) -> Self {
        let id = device::new_alias();
        Self { id, session: now, is_signed: true, is_new: true, is_new_session: true, ..Self::default() }
    }

    /// Adopts the token of a person: one of the collector.
    ///
    /// # Errors
    /// Returns the reason if the token is refused.
    pub fn accept_person(&mut self, config: &Config, token: &str, now: Millis) -> Result<(), Rejection> {
        self.accept(config, token, now)?;
        if self.version > 0 { Ok(()) } else { Err(Rejection::InvalidClaim("ver")) }
    }

    /// Returns the proof that the visitor is somebody: the collector's token in force.
    pub fn proof(&self) -> Option<Value> {
        let expires = self.expires.filter(|_| self.version > 0)?;
        let mut out = Object::new();
        out.insert("sub", self.profile.subject.as_str());
        out.insert("ver", integer(self.version));
        out.insert("exp", integer(expires));
        Some(Value::Object(out))
    }

    /// Adopts the collector's answer: another id, and a fresh token with what only this browser knows.
    ///
    /// Facts are merged only into the same subject's. A device that turns out to be somebody's brings along what it was
    /// shown, and nothing that was claimed on it.
    pub fn adopt(&mut self, config: &Config, plan: &Plan, answer: &Value, now: Millis) {
        let was_device = self.profile.subject == self.id;
        let given = answer.at(["device"]).as_str().filter(|alias| device::is_alias(alias));
        if let Some(alias) = given.filter(|_| self.is_signed) {
            self.take_id(alias.to_owned());
            self.is_refreshed = true;
        }
        let Some(token) = answer.at(["token"]).as_str() else { return self.adopt_silence(answer, now) };
        let before = self.clone();
        if let Err(refused) = self.accept(config, token, now) {
            log(&format!("collector: its token was refused: {}", refused.code()));
            *self = before;
            return;
        }
        let is_same = before.profile.subject == self.profile.subject;
        if is_same && (self.version, self.issued) <= (before.version, before.issued) {
            // The browser has it already, or a newer one.
            *self = before;
            return;
        }
        if is_same {
            self.profile.merge(plan, &before.profile);
        } else if was_device {
            let Profile { exposures, offers, .. } = before.profile;
            self.profile.merge(plan, &Profile { exposures, offers, ..Profile::default() });
        }
        self.is_refreshed = true;
        if self.presented.is_some() {
            self.presented = Some(token.to_owned());
        }
    }

    /// Notes that the collector has no facts of this visitor, or that their token leads to nobody any more.
    fn adopt_silence(&mut self, answer: &Value, now: Millis) {
        if *answer.at(["known"]) == Value::Bool(false) && self.presented.is_some() {
            // An app keeps its token, so it is refused facts on every request.
            *self = Self { is_refreshed: true, ..self.unknown() };
        } else if *answer.at(["known"]) == Value::Bool(false) {
            // The person was erased, or this device has signed out. The token goes, although it is in force, and so does an
            // id whose events are suppressed.
            if self.is_signed && !self.is_new {
                self.take_id(device::new_alias());
            }
            self.profile = Profile::new(self.id.clone());
            (self.version, self.issued, self.expires) = (0, now.seconds(), None);
            (self.token_cookie, self.is_refreshed) = (TokenCookie::Broken, true);
        }
        if self.version == 0 && answer.as_object().is_some_and(|answer| answer.iter().next().is_none()) {
            self.issued = now.seconds();
            // An expired token of somebody who is not known any more needs no care.
            if self.token_cookie == TokenCookie::Expired {
                self.token_cookie = TokenCookie::None;
            }
        }
    }

    /// Gives the browser another id, which needs a cookie.
    pub fn take_id(&mut self, alias: String) {
        if self.profile.subject == self.id {
            self.profile.subject.clone_from(&alias);
        }
        (self.id, self.is_signed, self.is_new) = (alias, true, true);
    }

    /// Whether the visitor is a person by proof, not only a device.
    pub fn is_person(&self) -> bool {
        self.proof().is_some() && self.profile.subject != self.id
    }

    /// Whether the visitor is recognised by this browser, not by a token that an app presents.
    pub fn is_by_device(&self) -> bool {
        self.presented.is_none() && !self.id.is_empty()
    }

    fn read_cookie(&mut self, incoming: &IncomingRequest, config: &Config, now: Millis) {
        for token in incoming.cookies.of_visitor(cookies::TOKEN) {
            self.token_cookie = match self.accept(config, token, now) {
                Ok(()) => TokenCookie::InForce,
                Err(refused) => TokenCookie::refused(token, &refused),
            };
            if self.token_cookie == TokenCookie::InForce {
                return;
            }
        }
    }

    /// Takes the alias that a page without cookies shows, or makes a new id.
    fn identify_device(&mut self, incoming: &IncomingRequest, config: &Config) {
        let shown = incoming.header(device::HEADER).filter(|alias| device::is_alias(alias));
        match shown.filter(|_| self.token_cookie == TokenCookie::None) {
            Some(alias) => self.id = alias,
            // Without keys the id lasts for this request, or as long as the page shows it.
            None => (self.id, self.is_signed, self.is_new) = (device::new_alias(), config.devices.is_some(), true),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the verifier accepts integers below 2^53 only")]
pub fn integer(number: u64) -> Value {
    Value::Number(number as f64)
}

/// Returns the alias of the browser's credential.
fn signed_id(incoming: &IncomingRequest, config: &Config) -> Option<String> {
    let devices = config.devices.as_ref()?;
    incoming.cookies.of_visitor(cookies::ID).find_map(|cookie| devices.alias(cookie))
}

/// Returns the start of the session that the cookie states, if it is genuine and not too long ago.
fn session(incoming: &IncomingRequest, config: &Config, id: &str, now: Millis) -> Option<Millis> {
    let devices = config.devices.as_ref()?;
    let start = incoming.cookies.of_visitor(cookies::SESSION).find_map(|cookie| devices.session_start(id, cookie))?;
    (start <= now && start.0 > now.0.saturating_sub(MAX_SESSION_MS)).then_some(start)
}
