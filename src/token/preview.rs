//! The preview token: lets a colleague see explanations and unpublished content for a while.

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

/// Milliseconds between `iat` and `exp` that a verifier allows unless told otherwise: 7 days.
pub const DEFAULT_PREVIEW_LIFETIME_MS: u64 = 7 * 86_400_000;

/// What the holder of a preview token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreviewScope {
    /// Read why a decision was made.
    Explain,
    /// See what is not published, or not meant for this visitor.
    Preview,
}

impl PreviewScope {
    /// All scopes.
    pub const ALL: [PreviewScope; 2] = [PreviewScope::Explain, PreviewScope::Preview];

    /// The name in the claim `scope`.
    pub fn name(self) -> &'static str {
        match self {
            PreviewScope::Explain => "explain",
            PreviewScope::Preview => "preview",
        }
    }

    /// The scope with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for PreviewScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What a preview token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewClaims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Issued at, in whole seconds since 1970.
    pub iat: u64,
    /// Expires at, in whole seconds since 1970.
    pub exp: u64,
    /// What it allows: in the token a list with spaces, as in RFC 8693 section 4.2.
    /// Names that are not known allow nothing.
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

/// A signed preview token.
///
/// # Errors
/// [`MintError`] when the key is not for previews or a claim is out of range.
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

/// Checks preview tokens of one issuer for one audience.
pub struct PreviewVerifier {
    policy: VerificationPolicy,
}

impl PreviewVerifier {
    /// A verifier with a leeway of one minute and lifetimes up to 7 days.
    ///
    /// # Errors
    /// [`KeySetError::WrongPurpose`] when the keys are not for previews.
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

    /// The same verifier with another leeway, in milliseconds.
    #[must_use]
    pub fn leeway_ms(mut self, leeway_ms: u64) -> Self {
        self.policy.leeway_ms = leeway_ms;
        self
    }

    /// The same verifier with another longest time from `iat` to `exp`, in milliseconds.
    #[must_use]
    pub fn max_lifetime_ms(mut self, max_lifetime_ms: u64) -> Self {
        self.policy.max_lifetime_ms = max_lifetime_ms;
        self
    }

    /// The claims of a token that grants `needed` at this time, in milliseconds since 1970.
    ///
    /// # Errors
    /// The [`Rejection`] that names the first rule broken.
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
