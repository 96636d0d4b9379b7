//! The edge's cookies: reading, writing, and removing them from requests to the origin (RFC 6265).

use web_sys::Headers;

use crate::prelude::*;
use crate::request::address::decode;

/// The credential of this browser, set at the first visit.
pub const ID: &str = "tl_id";
/// The profile token.
pub const TOKEN: &str = "tl_token";
/// The start of the session.
pub const SESSION: &str = "tl_session";
/// The visitor's consent, written by the site's consent tool.
pub const CONSENT: &str = "tl_consent";
/// The preview token, for the browser session.
pub const PREVIEW: &str = "tl_preview";
/// The anonymous id of Segment's browser SDK.
pub const SEGMENT: &str = "ajs_anonymous_id";
/// The cookies that name a visitor.
pub const VISITOR: [&str; 3] = [ID, TOKEN, SESSION];

/// The time that browsers keep a cookie at most, in seconds: 400 days.
pub const LONGEST: u64 = 400 * 24 * 60 * 60;

/// The time that the cookie of consent is kept, in seconds: half a year.
const CONSENT_SECONDS: u64 = 182 * 24 * 60 * 60;
/// The prefix of the edge's cookies.
const PREFIX: &str = "tl_";
/// The prefix by which browsers keep a cookie to one host: no other host of the domain can set it.
const HOST: &str = "__Host-";
/// In a longer `Cookie` header the edge finds no cookie of its own. The origin gets the others all the same.
const MAX_HEADER: usize = 16 * 1024;

/// The cookies of one request, and the hosts for which the visitor's are set.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    header: String,
    /// The domain that shares the visitor's cookies; `None` for this host alone.
    domain: Option<String>,
}

impl Cookies {
    /// Wraps a `Cookie` header. `domain` is the setting `COOKIE_DOMAIN` if the host belongs to it.
    pub fn parse(header: Option<String>, domain: Option<String>) -> Self {
        Self { header: header.unwrap_or_default(), domain }
    }

    /// Returns the value of a cookie. If there are several of that name, the first has the most specific path and counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns all values of a cookie of the visitor, those first that no other host can have set.
    ///
    /// Other hosts of a shared domain may have set some of them, so the caller takes the first that is genuine.
    pub fn of_visitor(&self, name: &str) -> impl Iterator<Item = &str> {
        let shared = self.domain.is_some().then(|| self.values(name));
        self.pairs()
            .filter(move |(key, value)| key.strip_prefix(HOST) == Some(name) && !value.is_empty())
            .map(|(_, value)| value)
            .chain(shared.into_iter().flatten())
    }

    /// Returns the form-decoded value of a cookie that a script may have written.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(decode)
    }

    /// Returns the header without the edge's cookies, or `None` if nothing remains.
    pub fn foreign(&self) -> Option<String> {
        let is_foreign = |pair: &&str| !pair.is_empty() && !pair.strip_prefix(HOST).unwrap_or(pair).starts_with(PREFIX);
        let kept: Vec<&str> = self.header.split(';').map(str::trim).filter(is_foreign).collect();
        (!kept.is_empty()).then(|| kept.join("; "))
    }

    /// Sets a cookie of the visitor, and deletes what earlier versions and settings have left under its name.
    pub fn set(&self, headers: &Headers, name: &str, value: &str, max_age: u64) {
        let own = format!("{HOST}{name}");
        let Some(domain) = &self.domain else {
            write(headers, &own, value, Some(max_age), None);
            if self.has(name) {
                delete(headers, name);
            }
            return;
        };
        write(headers, name, value, Some(max_age), Some(domain));
        if self.has(&own) {
            delete(headers, &own);
        }
        // One of them is for this host alone, and browsers may send it first.
        if self.values(name).count() > 1 {
            delete(headers, name);
        }
    }

    /// Sets the cookie of consent, which scripts read and write. A script without TLS could not replace a secure one.
    pub fn set_consent(&self, headers: &Headers, value: &str, is_secure: bool) {
        let scope = self.domain.as_ref().map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if is_secure { "; Secure" } else { "" };
        let cookie = format!("{CONSENT}={value}; Path=/{scope}; Max-Age={CONSENT_SECONDS}{secure}; SameSite=Lax");
        let _ = headers.append("set-cookie", &cookie);
    }

    /// Deletes a cookie of the visitor, in every scope that it may have.
    pub fn delete(&self, headers: &Headers, name: &str) {
        let own = format!("{HOST}{name}");
        if self.has(&own) {
            delete(headers, &own);
        }
        if self.has(name) {
            delete(headers, name);
            if let Some(domain) = &self.domain {
                write(headers, name, "", Some(0), Some(domain));
            }
        }
    }

    /// Whether the request has a cookie of the visitor.
    pub fn has_any_of_visitor(&self) -> bool {
        VISITOR.iter().any(|name| self.has(name) || self.has(&format!("{HOST}{name}")))
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs().filter(move |(key, _)| *key == name).filter_map(|(_, value)| {
            let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
            (!value.is_empty()).then_some(value)
        })
    }

    /// Returns the cookies that the edge reads: none of a longer header.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let header = if self.header.len() <= MAX_HEADER { self.header.as_str() } else { "" };
        header.split(';').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.trim(), value.trim()))
    }
}

/// Adds a `Set-Cookie` header for this host. Without `max_age`, in seconds, the cookie lasts for the browser session.
pub fn set(headers: &Headers, name: &str, value: &str, max_age: Option<u64>) {
    write(headers, name, value, max_age, None);
}

/// Adds a `Set-Cookie` header that deletes a cookie of this host.
pub fn delete(headers: &Headers, name: &str) {
    write(headers, name, "", Some(0), None);
}

/// Scripts cannot read the cookie.
fn write(headers: &Headers, name: &str, value: &str, max_age: Option<u64>, domain: Option<&str>) {
    let life = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let scope = domain.map_or_else(String::new, |domain| format!("; Domain={domain}"));
    let cookie = format!("{name}={value}; Path=/{scope}{life}; HttpOnly; Secure; SameSite=Lax");
    let _ = headers.append("set-cookie", &cookie);
}
