//! Previews: a signed link shows pages to a colleague, and nothing that they do is counted.

use throughline::token::{PreviewScope, Rejection};
use web_sys::Headers;

use crate::prelude::*;
use crate::request::Call;
use crate::request::cookies;

/// How a request stands to previews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// It is an ordinary one.
    None,
    /// It has the cookie of a preview.
    Active,
    /// It brings the token that begins one.
    Begin(String),
    /// It ends one.
    Exit,
}

impl Preview {
    /// What parameter and cookie say; a token that is refused is as if it were not there.
    pub fn of(call: &Call) -> Self {
        match call.incoming.address.param(cookies::PREVIEW) {
            Some(word) if word == "exit" => return Self::Exit,
            Some(token) if allows(call, &token, PreviewScope::Preview).is_ok() => return Self::Begin(token),
            _ => {}
        }
        let cookie = call.incoming.cookies.get(cookies::PREVIEW);
        if cookie.is_some_and(|token| allows(call, token, PreviewScope::Preview).is_ok()) {
            Self::Active
        } else {
            Self::None
        }
    }

    /// Whether this request sees a preview.
    pub const fn is_on(&self) -> bool {
        matches!(self, Self::Active | Self::Begin(_))
    }

    /// Whether the response needs headers of its own.
    pub fn marks(&self) -> bool {
        *self != Self::None
    }

    /// Sets or deletes the cookie, and keeps the page out of every cache and index.
    pub fn mark(&self, headers: &Headers) {
        match self {
            Self::None => return,
            Self::Active => {}
            Self::Begin(token) => cookies::set(headers, cookies::PREVIEW, token, None),
            Self::Exit => cookies::delete(headers, cookies::PREVIEW),
        }
        let _ = headers.set("cache-control", "private, no-store");
        let _ = headers.set("x-robots-tag", "noindex");
    }
}

/// Whether a preview token grants a scope.
///
/// # Errors
/// Why it does not.
pub fn allows(call: &Call, token: &str, scope: PreviewScope) -> Result<(), Rejection> {
    let Some(verifier) = &call.edge.config.previews else { return Err(Rejection::UnknownKeyId) };
    verifier.verify(token, call.now.0.unsigned_abs(), scope).map(|_| ())
}
