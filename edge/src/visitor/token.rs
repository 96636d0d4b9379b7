//! The token that the edge signs, so that the profile survives between two requests.

use throughline::token::{Claims, jws::MAX_TOKEN, mint_value, minted_value_length};
use throughline::{Millis, Profile, Value};

use crate::error::log;
use crate::platform::config::Config;
use crate::prelude::*;
use crate::visitor::Visitor;

/// The lifetime of a token that the edge has issued, in seconds. A token of the collector keeps its own expiry.
const TOKEN_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Returns a token with the visitor's profile, and its expiry in seconds since 1970, or `None` if it cannot be signed.
///
/// The collector's token keeps its expiry, so that the collector remains the authority; the edge's own is renewed.
pub fn sign(config: &Config, visitor: &Visitor, now: Millis) -> Option<(String, u64)> {
    let key = config.tokens.as_ref()?.keys().signer()?;
    let exp = match visitor.expires {
        Some(expires) if visitor.version > 0 => expires,
        _ => now.seconds().saturating_add(TOKEN_SECONDS),
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
        // The verifier's leeway accepts an expired token for another minute, and `iat` must stay below `exp`.
        iat: now.seconds().min(exp.saturating_sub(1)),
        exp,
        ver: visitor.version,
        facts: profile.to_value(),
    }
}
