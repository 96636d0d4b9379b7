//! The preview token, which gives a colleague access to explanations and unpublished content for a limited time.

use super::mint::{MintError, check_name, check_window, mint_json, to_json};
use super::rejection::Rejection;
use super::verification::{VerificationPolicy, payload, text};
use crate::keys::Key;
use crate::keys::Purpose;
use crate::keys::{KeySet, KeySetError};
use crate::prelude::*;
use core::fmt;
use serde::Serialize;

/// The header `typ` of preview tokens.
pub const PREVIEW_TYP: &str = "tl-preview+jwt";

/// The default limit on the time between `iat` and `exp`: 7 days, in milliseconds.
pub const DEFAULT_PREVIEW_LIFETIME_MS: u64 = 7 * 86_400_000;

/// A permission of a preview token's holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreviewScope {
    /// Read explanations of decisions.
    Explain,
    /// See content that is not published, or not meant for this visitor.
    Preview,
}

impl PreviewScope {
    /// All scopes.
    pub const ALL: [PreviewScope; 2] = [PreviewScope::Explain, PreviewScope::Preview];

    /// Returns the name in the claim `scope`.
    pub fn name(self) -> &'static str {
        match self {
            PreviewScope::Explain => "explain",
            PreviewScope::Preview => "preview",
        }
    }

    /// Returns the scope with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for PreviewScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The claims of a preview token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewClaims {
    /// The issuer.
    pub iss: String,
    /// The audience.
    pub aud: String,
    /// Issued at, in whole seconds since 1970.
    pub iat: u64,
    /// Expires at, in whole seconds since 1970.
    pub exp: u64,
    /// The permissions: in the token a string with spaces, as in RFC 8693 section 4.2. Unknown names grant nothing.
    pub scope: Vec<PreviewScope>,
}

#[derive(Serialize)]
struct Wire<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    scope: String,
}

/// Signs a preview token.
///
/// # Errors
/// Returns a [`MintError`] if the key is not for previews or a claim is out of range.
pub fn mint_preview(key: &Key, claims: &PreviewClaims) -> Result<String, MintError> {
    check_name("iss", &claims.iss)?;
    check_name("aud", &claims.aud)?;
    check_window(claims.iat, claims.exp)?;
    if claims.scope.is_empty() {
        return Err(MintError::Claim("scope"));
    }
    let names: Vec<_> = claims.scope.iter().map(|scope| scope.name()).collect();
    let wire = Wire { iss: &claims.iss, aud: &claims.aud, iat: claims.iat, exp: claims.exp, scope: names.join(" ") };
    mint_json(key, Purpose::Preview, PREVIEW_TYP, &to_json(&wire)?)
}

/// Verifies preview tokens of one issuer for one audience.
pub struct PreviewVerifier {
    policy: VerificationPolicy,
}

impl PreviewVerifier {
    /// Creates a verifier with a leeway of one minute and lifetimes up to 7 days.
    ///
    /// # Errors
    /// Returns [`KeySetError::WrongPurpose`] if the keys are not for previews.
    pub fn new(keys: KeySet, issuer: &str, audience: &str) -> Result<Self, KeySetError> {
        let policy = VerificationPolicy::new(
            keys,
            Purpose::Preview,
            PREVIEW_TYP,
            issuer,
            audience,
            DEFAULT_PREVIEW_LIFETIME_MS,
        )?;
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

    /// Verifies at this time, in milliseconds since 1970, that a token grants `needed`, and returns its claims.
    ///
    /// # Errors
    /// Returns the [`Rejection`] of the first rule that the token breaks.
    pub fn verify(&self, token: &str, now_ms: u64, needed: PreviewScope) -> Result<PreviewClaims, Rejection> {
        let bytes = self.policy.open(token)?;
        let payload = payload(&bytes)?;
        let window = self.policy.check(&payload, now_ms)?;
        let scope: Vec<PreviewScope> =
            text(&payload, "scope")?.split(' ').filter_map(PreviewScope::from_name).collect();
        if window.expired {
            return Err(Rejection::Expired { subject: None });
        }
        if !scope.contains(&needed) {
            return Err(Rejection::MissingScope);
        }
        Ok(PreviewClaims {
            iss: text(&payload, "iss")?,
            aud: text(&payload, "aud")?,
            iat: window.iat,
            exp: window.exp,
            scope,
        })
    }
}
