//! The profile token: its claims, and how they are signed and verified (RFC 7519, RFC 8725).

use super::jws;
use super::mint::{MintError, check_name, check_window, mint_json, to_json};
use super::rejection::Rejection;
use super::verification::{VerificationPolicy, integer, is_integer, payload, text};
use crate::json;
use crate::json::canonical;
use crate::json::{Object, Value};
use crate::keys::Key;
use crate::keys::Purpose;
use crate::keys::{KeySet, KeySetError};
use crate::prelude::*;
use crate::profile::Profile;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The header `typ` of profile tokens.
pub const PROFILE_TYP: &str = "tl+jwt";

/// The default limit on the time between `iat` and `exp`: 31 days, in milliseconds.
pub const DEFAULT_LIFETIME_MS: u64 = 31 * 86_400_000;

/// The claims of a profile token. `F` is the type of the facts, the private claim `tl`.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims<F> {
    /// The issuer.
    pub iss: String,
    /// The audience: a single string, because a list is refused.
    pub aud: String,
    /// The subject, 1 to 200 bytes.
    pub sub: String,
    /// Issued at, in whole seconds since 1970.
    pub iat: u64,
    /// Expires at, in whole seconds since 1970.
    pub exp: u64,
    /// The version of the profile.
    pub ver: u64,
    /// The facts that the plan reads, in the claim `tl`.
    pub facts: F,
}

#[derive(Serialize)]
struct Wire<'a, F> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    ver: u64,
    tl: &'a F,
}

/// Signs a profile token of at most [`jws::MAX_TOKEN`] bytes.
///
/// # Errors
/// Returns a [`MintError`] if the key is not for tokens, a claim is out of range, the token would be too large, or it
/// contains PII.
pub fn mint<F: Serialize>(key: &Key, claims: &Claims<F>) -> Result<String, MintError> {
    claims.check()?;
    mint_json(key, Purpose::Token, PROFILE_TYP, &to_json(&claims.wire())?)
}

/// Signs a profile token like [`mint`], with facts that are a [`Value`].
///
/// It needs no serde, whose formatting of numbers costs a worker 4 KB.
///
/// # Errors
/// Returns the errors of [`mint`].
pub fn mint_value(key: &Key, claims: &Claims<Value>) -> Result<String, MintError> {
    claims.check()?;
    mint_json(key, Purpose::Token, PROFILE_TYP, claims.to_json().as_bytes())
}

/// Returns the length in bytes of what [`mint`] returns, to fit the facts into the budget before signing.
///
/// # Errors
/// Returns [`MintError::Facts`] if the facts do not serialise.
pub fn minted_length<F: Serialize>(key: &Key, claims: &Claims<F>) -> Result<usize, MintError> {
    let json = to_json(&claims.wire())?;
    Ok(jws::signed_length(key, PROFILE_TYP, json.len()))
}

/// Returns the length in bytes of what [`mint_value`] returns.
pub fn minted_value_length(key: &Key, claims: &Claims<Value>) -> usize {
    jws::signed_length(key, PROFILE_TYP, claims.to_json().len())
}

impl Claims<Value> {
    fn to_json(&self) -> String {
        let mut members = Object::new();
        members.insert("iss", self.iss.as_str());
        members.insert("aud", self.aud.as_str());
        members.insert("sub", self.sub.as_str());
        for (name, number) in [("iat", self.iat), ("exp", self.exp), ("ver", self.ver)] {
            members.insert(name, integer_value(number));
        }
        members.insert("tl", self.facts.clone());
        canonical::to_json_text(&Value::Object(members))
    }
}

#[expect(clippy::cast_precision_loss, reason = "integers of claims are checked to be below 2^53")]
fn integer_value(number: u64) -> Value {
    Value::Number(number as f64)
}

impl<F> Claims<F> {
    fn check(&self) -> Result<(), MintError> {
        check_name("iss", &self.iss)?;
        check_name("aud", &self.aud)?;
        check_name("sub", &self.sub)?;
        check_window(self.iat, self.exp)?;
        is_integer(self.ver).then_some(()).ok_or(MintError::Claim("ver"))
    }

    fn wire(&self) -> Wire<'_, F> {
        Wire {
            iss: &self.iss,
            aud: &self.aud,
            sub: &self.sub,
            iat: self.iat,
            exp: self.exp,
            ver: self.ver,
            tl: &self.facts,
        }
    }
}

/// Verifies profile tokens of one issuer for one audience.
pub struct Verifier {
    policy: VerificationPolicy,
}

impl Verifier {
    /// Creates a verifier with a leeway of one minute, lifetimes up to 31 days and tokens up to 3,072 bytes.
    ///
    /// # Errors
    /// Returns [`KeySetError::WrongPurpose`] if the keys are not for tokens.
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Result<Self, KeySetError> {
        let policy = VerificationPolicy::new(keys, Purpose::Token, PROFILE_TYP, issuer, audience, DEFAULT_LIFETIME_MS)?;
        Ok(Self { policy })
    }

    /// Sets the leeway, in milliseconds.
    #[must_use]
    pub fn leeway_ms(mut self, leeway_ms: u64) -> Self {
        self.policy.leeway_ms = leeway_ms;
        self
    }

    /// Sets the limit on the time from `iat` to `exp`, in milliseconds.
    #[must_use]
    pub fn max_lifetime_ms(mut self, max_lifetime_ms: u64) -> Self {
        self.policy.max_lifetime_ms = max_lifetime_ms;
        self
    }

    /// Sets the limit on the size of a token, in bytes.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.policy.max_bytes = max_bytes;
        self
    }

    /// Returns the keys, to sign again or to publish.
    pub fn keys(&self) -> &KeySet {
        self.policy.keys()
    }

    /// Verifies a token at this time, in milliseconds since 1970, and returns its claims.
    ///
    /// # Errors
    /// Returns the [`Rejection`] of the first rule that the token breaks. [`Rejection::Expired`] comes last: such a
    /// token breaks no other rule, and names its subject.
    ///
    /// # Examples
    ///
    /// ```
    /// use throughline::keys::{Algorithm, Key, KeySet, Purpose};
    /// use throughline::token::{Claims, Rejection, Verifier, mint};
    ///
    /// let key = Key::from_seed(Algorithm::EdDsa, Purpose::Token, None, &[7; 32])?; // Use random bytes.
    /// let claims = Claims {
    ///     iss: "https://collect.shop.example".into(),
    ///     aud: "shop.example".into(),
    ///     sub: "p1".into(),
    ///     iat: 1_760_000_000,
    ///     exp: 1_760_086_400,
    ///     ver: 1,
    ///     facts: "gold".to_owned(),
    /// };
    /// let token = mint(&key, &claims)?;
    ///
    /// let mut keys = KeySet::new(Purpose::Token);
    /// keys.push(key)?;
    /// let verifier = Verifier::new(keys, &claims.iss, &claims.aud)?;
    /// assert_eq!(verifier.verify(&token, 1_760_000_000_000), Ok(claims));
    ///
    /// let unsigned = token.rsplit_once('.').ok_or("no signature")?.0;
    /// let rejection = verifier.verify::<String>(unsigned, 1_760_000_000_000);
    /// assert_eq!(rejection, Err(Rejection::SegmentCount { found: 2 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify<F: DeserializeOwned>(&self, token: &str, now_ms: u64) -> Result<Claims<F>, Rejection> {
        self.verify_by(token, now_ms, |facts| serde_json::from_str(facts).ok())
    }

    /// Verifies a token whose facts are a [`Profile`], like [`Verifier::verify`] but without serde.
    ///
    /// # Errors
    /// Returns the errors of [`Verifier::verify`].
    pub fn verify_profile(&self, token: &str, now_ms: u64) -> Result<Claims<Profile>, Rejection> {
        self.verify_by(token, now_ms, |facts| Profile::from_value(json::parse(facts).ok()?).ok())
    }

    fn verify_by<F>(&self, token: &str, now_ms: u64, read: impl Fn(&str) -> Option<F>) -> Result<Claims<F>, Rejection> {
        let bytes = self.policy.open(token)?;
        let payload = payload(&bytes)?;
        let facts = payload.json("tl").filter(|facts| *facts != "null");
        let facts = facts.map(|facts| read(facts).ok_or(Rejection::InvalidClaim("tl"))).transpose()?;
        let window = self.policy.check(&payload, now_ms)?;
        let sub = text(&payload, "sub")?;
        let ver = integer(&payload, "ver")?;
        let facts = facts.ok_or(Rejection::MissingClaim("tl"))?;
        if window.expired {
            return Err(Rejection::Expired { subject: Some(sub) });
        }
        let (iss, aud) = (text(&payload, "iss")?, text(&payload, "aud")?);
        Ok(Claims { iss, aud, sub, iat: window.iat, exp: window.exp, ver, facts })
    }
}
