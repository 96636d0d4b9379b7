//! The cookies that we read, write, and keep from the origin (RFC 6265).

use web_sys::Headers;

use crate::prelude::*;
use crate::request::address::decode;

/// Who it is: made at the first visit.
pub const ID: &str = "tl_id";
/// The profile token.
pub const TOKEN: &str = "tl_token";
/// When the session began.
pub const SESSION: &str = "tl_session";
/// What the visitor allows; written by the site's consent tool.
pub const CONSENT: &str = "tl_consent";
/// The preview token, for the browser session.
pub const PREVIEW: &str = "tl_preview";

/// All cookies of ours begin with it.
const PREFIX: &str = "tl_";
/// A longer `Cookie` header is not read: servers refuse them at this size, too.
const MAX_HEADER: usize = 16 * 1024;

/// The cookies of one request.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    header: String,
}

impl Cookies {
    /// Reads a `Cookie` header.
    pub fn parse(header: Option<String>) -> Self {
        Self { header: header.filter(|text| text.len() <= MAX_HEADER).unwrap_or_default() }
    }

    /// The value of a cookie. Of several with one name the first counts: it has the most specific path.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.pairs().find(|(key, _)| *key == name)?.1;
        let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
        (!value.is_empty()).then_some(value)
    }

    /// The percent-decoded value of a cookie that a script may have written.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(decode)
    }

    /// Whether the request has this cookie.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The header for the origin, without our cookies; `None` when nothing is left.
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

/// Adds a `Set-Cookie` header. Scripts cannot read the cookie, and it lasts for the browser session without `max_age`.
pub fn set(headers: &Headers, name: &str, value: &str, max_age: Option<u64>) {
    let life = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let _ = headers.append("set-cookie", &format!("{name}={value}; Path=/{life}; HttpOnly; Secure; SameSite=Lax"));
}

/// Adds a `Set-Cookie` header that makes the browser forget a cookie.
pub fn delete(headers: &Headers, name: &str) {
    set(headers, name, "", Some(0));
}
