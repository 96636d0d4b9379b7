//! The incoming request, and its headers as the edge understands them.

use wasm_bindgen::JsValue;
use web_sys::Request;

use crate::platform::config::Config;
use crate::prelude::*;
use crate::request::address::Address;
use crate::request::cookies::Cookies;

/// A visitor's request, with the parts that are needed often extracted once.
pub struct IncomingRequest {
    /// The request itself, for its body and for forwarding it.
    pub raw: Request,
    /// The method.
    pub method: String,
    /// The address.
    pub address: Address,
    /// The cookies.
    pub cookies: Cookies,
}

impl IncomingRequest {
    /// Extracts the parts of a request.
    pub fn new(raw: Request, config: &Config) -> Self {
        let header = |name: &str| raw.headers().get(name).ok().flatten();
        let public = config.public_origin.as_deref();
        let forwarded = if public.is_some() { None } else { header("x-forwarded-proto") };
        let address = Address::parse(&raw.url()).seen_by_visitors(public, forwarded.as_deref());
        let domain = config.cookie_domain.as_deref().filter(|domain| address.is_within(domain)).map(str::to_owned);
        let is_tls = address.scheme == "https";
        let cookies = Cookies::parse(header("cookie").as_deref(), domain, config.is_plain(), is_tls);
        Self { method: raw.method(), address, cookies, raw }
    }

    /// Returns the same visitor's request for another address.
    pub fn at(&self, url: &str) -> Self {
        // `self.raw.clone()` would call JavaScript's `Request.clone`, which tees the body.
        let raw = Clone::clone(&self.raw);
        Self { address: Address::parse(url), cookies: self.cookies.clone(), method: self.method.clone(), raw }
    }

    /// Returns the value of a header, unless it is missing or empty.
    pub fn header(&self, name: &str) -> Option<String> {
        self.raw.headers().get(name).ok().flatten().filter(|value| !value.is_empty())
    }

    /// Returns the token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<String> {
        let header = self.header("authorization")?;
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    }

    /// Whether `If-None-Match` lists this strong tag, so that the client has the body.
    pub fn has_copy(&self, tag: &str) -> bool {
        let known = self.header("if-none-match").unwrap_or_default();
        known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    }

    /// Whether the request carries `Sec-GPC: 1`, the Global Privacy Control signal.
    pub fn has_gpc(&self) -> bool {
        self.header("sec-gpc").is_some_and(|value| value.trim() == "1")
    }

    /// Returns a property of the client that the platform knows, such as `country`.
    pub fn client(&self, name: &str) -> Option<String> {
        crate::platform::js::text(&js_sys::Reflect::get(&self.raw, &JsValue::from("cf")).ok()?, name)
    }
}
