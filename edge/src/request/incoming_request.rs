//! The request of a visitor.

use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::prelude::*;
use crate::request::address::Address;
use crate::request::cookies::Cookies;

/// The request of a visitor, with the parts that everybody asks for taken out once.
pub struct Incoming {
    /// The request itself, for its body and for passing it on.
    pub raw: Request,
    /// Its method.
    pub method: String,
    /// Its address.
    pub address: Address,
    /// Its cookies.
    pub cookies: Cookies,
}

impl Incoming {
    /// Takes the parts out of a request.
    pub fn new(raw: Request) -> Self {
        let cookies = Cookies::parse(raw.headers().get("cookie").ok().flatten());
        Self { method: raw.method(), address: Address::parse(&raw.url()), cookies, raw }
    }

    /// The same visitor's request for another address.
    pub fn at(&self, url: &str) -> Self {
        // `Request::clone` would be JavaScript's, which doubles the body.
        let raw = Clone::clone(&self.raw);
        Self { address: Address::parse(url), cookies: self.cookies.clone(), method: self.method.clone(), raw }
    }

    /// The value of a header, if it is there and not empty.
    pub fn header(&self, name: &str) -> Option<String> {
        self.raw.headers().get(name).ok().flatten().filter(|value| !value.is_empty())
    }

    /// The token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<String> {
        let header = self.header("authorization")?;
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    }

    /// Whether the client has the body with this strong tag, as `If-None-Match` says.
    pub fn has_copy(&self, tag: &str) -> bool {
        let known = self.header("if-none-match").unwrap_or_default();
        known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    }

    /// Whether a page is asked for, as far as a request can tell; the response's type has the last word.
    pub fn wants_page(&self) -> bool {
        let is_whole_get = self.method == "GET" && self.header("range").is_none();
        is_whole_get
            && match self.header("sec-fetch-dest").as_deref() {
                None | Some("document" | "iframe" | "frame") => true,
                // A script that swaps pages (Turbo, htmx) says what it wants.
                Some("empty") => self.header("accept").is_some_and(|accept| accept.contains("text/html")),
                Some(_) => false,
            }
    }

    /// Whether nobody may ever look at the response: prefetched and prerendered pages.
    pub fn is_prefetch(&self) -> bool {
        ["sec-purpose", "purpose", "x-purpose", "x-moz"]
            .into_iter()
            .filter_map(|name| self.header(name))
            .any(|value| value.contains("prefetch") || value.contains("prerender") || value.contains("preview"))
    }

    /// `Sec-GPC: 1`: no sale and no sharing.
    pub fn has_gpc(&self) -> bool {
        self.header("sec-gpc").is_some_and(|value| value.trim() == "1")
    }

    /// What the platform knows of the client, such as `country`.
    pub fn client(&self, name: &str) -> Option<String> {
        crate::platform::js::text(&js_sys::Reflect::get(&self.raw, &JsValue::from("cf")).ok()?, name)
    }
}
