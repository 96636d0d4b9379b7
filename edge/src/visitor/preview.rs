//! Previews: a signed link shows a colleague pages before they go live. Nothing is recorded in a preview.

use throughline::token::{PreviewScope, Rejection};
use wasm_bindgen::JsValue;
use web_sys::{Headers, Response};

use crate::prelude::*;
use crate::request::RequestContext;
use crate::request::cookies;
use crate::response;

/// The part of a request in a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preview {
    /// An ordinary request.
    None,
    /// The request has the cookie of a preview.
    Active,
    /// The request carries the token that begins a preview.
    Begin(String),
    /// The request ends a preview.
    Exit,
}

impl Preview {
    /// Returns the state that parameter and cookie ask for. A token that is refused is ignored.
    pub fn of(context: &RequestContext) -> Self {
        match context.incoming.address.param(cookies::PREVIEW) {
            Some(word) if word == "exit" => return Self::Exit,
            Some(token) if check_scope(context, &token, PreviewScope::Preview).is_ok() => return Self::Begin(token),
            _ => {}
        }
        let cookie = context.incoming.cookies.get(cookies::PREVIEW);
        let is_active = cookie.is_some_and(|token| check_scope(context, token, PreviewScope::Preview).is_ok());
        if is_active { Self::Active } else { Self::None }
    }

    /// Whether this request shows a preview.
    pub const fn is_on(&self) -> bool {
        matches!(self, Self::Active | Self::Begin(_))
    }

    /// Whether the response needs headers for the preview.
    pub fn has_headers(&self) -> bool {
        *self != Self::None
    }

    /// Returns the redirect to the same page without the preview's parameter, for a person who begins or ends a preview.
    ///
    /// The token must not stay in the address, where people copy it and scripts read it.
    pub fn redirect(context: &RequestContext) -> Result<Option<Response>, JsValue> {
        let preview = Self::of(context);
        let is_in_address = matches!(preview, Self::Begin(_) | Self::Exit);
        // Frames and pages that scripts fetch may not keep the cookie, so they are answered with the page.
        if !is_in_address || !context.incoming.is_navigation() {
            return Ok(None);
        }
        let headers = Headers::new()?;
        headers.set("location", &context.incoming.address.url_without(cookies::PREVIEW))?;
        preview.set_headers(context, &headers);
        response::empty(303, &headers).map(Some)
    }

    /// Sets or deletes the cookie, and keeps the page out of every cache and index.
    pub fn set_headers(&self, context: &RequestContext, headers: &Headers) {
        match self {
            Self::None => return,
            Self::Active => {}
            Self::Begin(token) => context.incoming.cookies.set_preview(headers, token),
            Self::Exit => context.incoming.cookies.delete_preview(headers),
        }
        let _ = headers.set("cache-control", "private, no-store");
        let _ = headers.set("x-robots-tag", "noindex");
    }
}

/// Checks that a preview token grants a scope.
///
/// # Errors
/// Returns the reason if the token is refused or does not grant it.
pub fn check_scope(context: &RequestContext, token: &str, scope: PreviewScope) -> Result<(), Rejection> {
    let Some(verifier) = &context.isolate.config.previews else { return Err(Rejection::UnknownKeyId) };
    verifier.verify(token, context.now.0.unsigned_abs(), scope).map(|_| ())
}
