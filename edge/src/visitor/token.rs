//! The token in the browser's cookie: what a refused one means, and the one that the edge signs itself.

use throughline::token::jws::{MAX_TOKEN, Unverified};
use throughline::token::{Claims, Rejection, mint_value, minted_value_length};
use throughline::{Millis, Profile, Value};

use crate::error::log;
use crate::platform::config::Config;
use crate::prelude::*;
use crate::visitor::Visitor;

/// The lifetime of a token that the edge has issued, in seconds. A token of the collector keeps its own expiry.
const TOKEN_SECONDS: u64 = 30 * 24 * 60 * 60;
/// The greatest age that a token of the edge states, in seconds: its life must stay below the verifier's 31 days.
const MAX_AGE_SECONDS: u64 = 12 * 60 * 60;

/// The state of the browser's token cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenCookie {
    /// There is none, or a token of the edge that has expired.
    #[default]
    None,
    /// Its token is in force.
    InForce,
    /// Its token was the collector's and has expired. It names nobody, but tells that somebody is known here.
    Expired,
    /// This edge cannot judge it: its key, issuer, time or facts may be known to another deployment. It is left alone.
    Unknown,
    /// Nobody can have issued it.
    Broken,
}

impl TokenCookie {
    /// Returns the state for a refused token.
    //
    // The version of a token whose signature cannot be checked is read all the same. A visitor who forges it only keeps the
    // edge from storing their own caps.
    pub fn refused(token: &str, refused: &Rejection) -> Self {
        use Rejection as R;
        match refused {
            R::Expired { .. } if is_of_collector(token) => Self::Expired,
            R::Expired { .. } => Self::None,
            R::UnknownKeyId | R::WrongIssuer | R::WrongAudience | R::NotYetValid if is_of_collector(token) => {
                Self::Unknown
            }
            R::UnknownKeyId | R::WrongIssuer | R::WrongAudience | R::NotYetValid => Self::None,
            // The signature is genuine: a newer version has written facts that this one cannot read.
            R::InvalidClaim("tl") => Self::Unknown,
            _ => Self::Broken,
        }
    }

    /// Whether the collector may know more about the visitor than the edge can read here.
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Expired | Self::Unknown)
    }
}

fn is_of_collector(token: &str) -> bool {
    let payload = Unverified::parse(token, MAX_TOKEN).and_then(|token| token.unverified_payload()).unwrap_or_default();
    let payload = core::str::from_utf8(&payload).ok().and_then(|text| Value::from_json(text).ok()).unwrap_or_default();
    payload.at(["ver"]) != &Value::Number(0.0)
}

/// Returns a token with the visitor's profile, or `None` if there must be none.
///
/// The collector's token keeps the age of its facts and its expiry, so that the collector remains the authority; the edge's
/// own is renewed. The edge signs nothing of its own over a token that names somebody.
pub fn sign(config: &Config, visitor: &Visitor, now: Millis) -> Option<String> {
    let is_of_edge = visitor.version == 0;
    let may_sign = visitor.is_signed || (visitor.id.is_empty() && !is_of_edge);
    if !may_sign || (is_of_edge && visitor.token_cookie.is_kept()) {
        return None;
    }
    let key = config.tokens.as_ref()?.keys().signer()?;
    let mut profile = visitor.profile.clone();
    let is_short = |profile: &Profile| minted_value_length(key, &claims(config, visitor, profile, now)) <= MAX_TOKEN;
    profile.truncate_to_budget(is_short);
    match mint_value(key, &claims(config, visitor, &profile, now)) {
        Ok(token) => Some(token),
        Err(error) => {
            log(&format!("token: {error}"));
            None
        }
    }
}

fn claims(config: &Config, visitor: &Visitor, profile: &Profile, now: Millis) -> Claims<Value> {
    let (iat, exp) = match visitor.expires {
        Some(expires) if visitor.version > 0 => (visitor.issued, expires),
        _ => {
            let oldest = now.seconds().saturating_sub(MAX_AGE_SECONDS);
            (visitor.issued.max(oldest), now.seconds().saturating_add(TOKEN_SECONDS))
        }
    };
    Claims {
        iss: config.issuer.clone(),
        aud: config.audience.clone(),
        sub: profile.subject.clone(),
        iat,
        exp,
        ver: visitor.version,
        facts: profile.to_value(),
    }
}
