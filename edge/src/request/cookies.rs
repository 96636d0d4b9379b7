//! The edge's cookies: reading, writing, and removing them from requests to the origin (RFC 6265).

use web_sys::Headers;

use crate::prelude::*;
use crate::request::address::decode;

/// The id of this browser, set at the first visit.
pub const ID: &str = "tl_id";
/// The profile token.
pub const TOKEN: &str = "tl_token";
/// The start of the session.
pub const SESSION: &str = "tl_session";
/// The visitor's consent, written by the site's consent tool.
pub const CONSENT: &str = "tl_consent";
/// The preview token, for the browser session.
pub const PREVIEW: &str = "tl_preview";

/// The prefix of the edge's cookies.
const PREFIX: &str = "tl_";
/// A longer `Cookie` header is ignored; servers commonly refuse headers of this size.
const MAX_HEADER: usize = 16 * 1024;

/// The cookies of one request.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    header: String,
}

impl Cookies {
    /// Wraps a `Cookie` header.
    pub fn parse(header: Option<String>) -> Self {
        Self { header: header.filter(|text| text.len() <= MAX_HEADER).unwrap_or_default() }
    }

    /// Returns the value of a cookie. If there are several of that name, the first has the most specific path and counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.pairs().find(|(key, _)| *key == name)?.1;
        let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
        (!value.is_empty()).then_some(value)
    }

    /// Returns the form-decoded value of a cookie that a script may have written.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(decode)
    }

    /// Whether the request has this cookie.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns the header without the edge's cookies, or `None` if nothing remains.
    pub fn foreign(&self) -> Option<String> {
        let kept: Vec<&str> = self
            .header
            .split(';')
            .map(str::trim)
            .filter(|pair| !pair.is_empty() && !pair.starts_with(PREFIX))
            .collect();
        (!kept.is_empty()).then(|| kept.join("; "))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header.split(';').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.trim(), value.trim()))
    }
}

/// Adds a `Set-Cookie` header. Scripts cannot read the cookie. Without `max_age`, in seconds, it lasts for the browser session.
pub fn set(headers: &Headers, name: &str, value: &str, max_age: Option<u64>) {
    let life = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let _ = headers.append("set-cookie", &format!("{name}={value}; Path=/{life}; HttpOnly; Secure; SameSite=Lax"));
}

/// Adds a `Set-Cookie` header that deletes a cookie.
pub fn delete(headers: &Headers, name: &str) {
    set(headers, name, "", Some(0));
}
