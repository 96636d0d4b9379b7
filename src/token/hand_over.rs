//! The hand-over token: it takes a person from an app or a message into one browser, once.
//!
//! It is short-lived and carries no facts. The collector redeems it, and accepts each `jti` once.

use super::mint::{MintError, check_name, check_window, mint_json, to_json};
use super::rejection::Rejection;
use super::verification::{VerificationPolicy, payload, text};
use crate::keys::Key;
use crate::keys::Purpose;
use crate::keys::{KeySet, KeySetError};
use crate::prelude::*;
use serde::Serialize;

/// The header `typ` of hand-over tokens.
pub const HAND_OVER_TYP: &str = "tl-handover+jwt";

/// The default lifetime of a hand-over token: 2 minutes, in milliseconds.
pub const DEFAULT_HAND_OVER_LIFETIME_MS: u64 = 120_000;

/// The limit on the time between `iat` and `exp`: 10 minutes, in milliseconds.
pub const MAX_HAND_OVER_LIFETIME_MS: u64 = 600_000;

/// The claims of a hand-over token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOverClaims {
    /// The issuer.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// The subject whose token it is redeemed for.
    pub sub: String,
    /// Issued at, in whole seconds since 1970.
    pub iat: u64,
    /// Expires at, in whole seconds since 1970.
    pub exp: u64,
    /// The id by which the collector knows that it was used: random, 1 to 200 bytes.
    pub jti: String,
}

#[derive(Serialize)]
struct Wire<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
}

/// Signs a hand-over token.
///
/// # Errors
/// Returns a [`MintError`] if the key is not for tokens, or a claim is out of range.
pub fn mint_hand_over(key: &Key, claims: &HandOverClaims) -> Result<String, MintError> {
    let HandOverClaims { iss, aud, sub, iat, exp, jti } = claims;
    for (name, value) in [("iss", iss), ("aud", aud), ("sub", sub), ("jti", jti)] {
        check_name(name, value)?;
    }
    check_window(*iat, *exp)?;
    if exp.saturating_sub(*iat).saturating_mul(1000) > MAX_HAND_OVER_LIFETIME_MS {
        return Err(MintError::Claim("exp"));
    }
    let wire = Wire { iss, aud, sub, iat: *iat, exp: *exp, jti };
    mint_json(key, Purpose::Token, HAND_OVER_TYP, &to_json(&wire)?)
}

/// Verifies hand-over tokens of one issuer for one audience.
pub struct HandOverVerifier {
    policy: VerificationPolicy,
}

impl HandOverVerifier {
    /// Creates a verifier with a leeway of one minute and lifetimes up to 10 minutes.
    ///
    /// # Errors
    /// Returns [`KeySetError::WrongPurpose`] if the keys are not for tokens.
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Result<Self, KeySetError> {
        let limit = MAX_HAND_OVER_LIFETIME_MS;
        let policy = VerificationPolicy::new(keys, Purpose::Token, HAND_OVER_TYP, issuer, audience, limit)?;
        Ok(Self { policy })
    }

    /// Verifies a token at this time, in milliseconds since 1970, and returns its claims.
    ///
    /// The caller must accept each `jti` once.
    ///
    /// # Errors
    /// Returns the [`Rejection`] of the first rule that the token breaks. An expired token names nobody.
    ///
    /// # Examples
    ///
    /// ```
    /// use throughline::keys::{Algorithm, Key, KeySet, Purpose};
    /// use throughline::token::{HandOverClaims, HandOverVerifier, Rejection, mint_hand_over};
    ///
    /// let key = Key::from_seed(Algorithm::EdDsa, Purpose::Token, None, &[7; 32])?; // Use random bytes.
    /// let claims = HandOverClaims {
    ///     iss: "https://collect.shop.example".into(),
    ///     aud: "shop.example".into(),
    ///     sub: "p1".into(),
    ///     iat: 1_760_000_000,
    ///     exp: 1_760_000_120,
    ///     jti: "h4f7".into(), // Use 16 random bytes.
    /// };
    /// let token = mint_hand_over(&key, &claims)?;
    ///
    /// let mut keys = KeySet::new(Purpose::Token);
    /// keys.push(key)?;
    /// let verifier = HandOverVerifier::new(keys, &claims.iss, &claims.aud)?;
    /// assert_eq!(verifier.verify(&token, 1_760_000_060_000), Ok(claims));
    /// // Two minutes, and one more of leeway.
    /// assert_eq!(verifier.verify(&token, 1_760_000_180_000), Err(Rejection::Expired { subject: None }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify(&self, token: &str, now_ms: u64) -> Result<HandOverClaims, Rejection> {
        let bytes = self.policy.open(token)?;
        let payload = payload(&bytes)?;
        let window = self.policy.check(&payload, now_ms)?;
        let (sub, jti) = (text(&payload, "sub")?, text(&payload, "jti")?);
        if window.expired {
            return Err(Rejection::Expired { subject: None });
        }
        let (iss, aud) = (text(&payload, "iss")?, text(&payload, "aud")?);
        Ok(HandOverClaims { iss, aud, sub, iat: window.iat, exp: window.exp, jti })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Algorithm;
    use crate::token::{Claims, PROFILE_TYP, Verifier, mint};

    const NOW: u64 = 1_760_000_000;

    fn key() -> Key {
        Key::from_seed(Algorithm::EdDsa, Purpose::Token, None, &[7; 32]).unwrap()
    }

    fn keys() -> KeySet {
        let mut keys = KeySet::new(Purpose::Token);
        keys.push(key()).unwrap();
        keys
    }

    fn claims() -> HandOverClaims {
        let text = str::to_owned;
        HandOverClaims { iss: text("i"), aud: text("a"), sub: text("p1"), iat: NOW, exp: NOW + 120, jti: text("h1") }
    }

    #[test]
    fn it_is_no_profile_token_and_no_profile_token_is_one() {
        let hand_over = HandOverVerifier::new(keys(), "i", "a").unwrap();
        let profile = Verifier::new(keys(), "i", "a").unwrap();
        let token = mint_hand_over(&key(), &claims()).unwrap();
        assert_eq!(profile.verify::<String>(&token, NOW * 1000), Err(Rejection::WrongType));
        let HandOverClaims { iss, aud, sub, iat, exp, .. } = claims();
        let other = mint(&key(), &Claims { iss, aud, sub, iat, exp, ver: 1, facts: "x" }).unwrap();
        assert_eq!(hand_over.verify(&other, NOW * 1000), Err(Rejection::WrongType));
        assert_ne!(PROFILE_TYP, HAND_OVER_TYP);
    }

    #[test]
    fn it_lives_for_ten_minutes_at_most_and_needs_its_id() {
        let long = HandOverClaims { exp: NOW + 601, ..claims() };
        assert_eq!(mint_hand_over(&key(), &long), Err(MintError::Claim("exp")));
        let nameless = HandOverClaims { jti: String::new(), ..claims() };
        assert_eq!(mint_hand_over(&key(), &nameless), Err(MintError::Claim("jti")));

        let verifier = HandOverVerifier::new(keys(), "i", "a").unwrap();
        let forged = |json: &str| mint_json(&key(), Purpose::Token, HAND_OVER_TYP, json.as_bytes()).unwrap();
        let with = |exp: u64, jti: &str| format!(r#"{{"iss":"i","aud":"a","sub":"p1","iat":{NOW},"exp":{exp}{jti}}}"#);
        let verify = |json: &str| verifier.verify(&forged(json), NOW * 1000);
        assert_eq!(verify(&with(NOW + 601, r#","jti":"h1""#)), Err(Rejection::LifetimeTooLong));
        assert_eq!(verify(&with(NOW + 120, "")), Err(Rejection::MissingClaim("jti")));
        assert_eq!(verify(&with(NOW + 120, r#","jti":7"#)), Err(Rejection::InvalidClaim("jti")));
        assert_eq!(verify(&with(NOW + 120, r#","jti":"h1""#)), Ok(claims()));
    }
}
