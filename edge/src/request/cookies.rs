//! The edge's cookies: reading and writing them (RFC 6265). `edge/origin.js` removes them from requests to the origin.

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
pub const CONSENT_SECONDS: u64 = 182 * 24 * 60 * 60;
/// The cookies that are read.
const READ: [&str; 6] = [ID, TOKEN, SESSION, CONSENT, PREVIEW, SEGMENT];
/// The prefix by which browsers keep a cookie to one host: no other host of the domain can set it.
const HOST: &str = "__Host-";
/// The most cookies of one name that are read. Other hosts of the domain may have set many.
const MAX_SAME: usize = 8;

/// The edge's cookies of one request, and the hosts for which the visitor's are set.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    pairs: Vec<(String, String)>,
    /// The domain that shares the visitor's cookies; `None` for this host alone.
    domain: Option<String>,
    /// Whether visitors reach the site without TLS, by `PUBLIC_ORIGIN`. Then browsers keep no cookie that is `Secure`.
    is_plain: bool,
    /// Whether this visitor has come with TLS.
    is_tls: bool,
}

impl Cookies {
    /// Reads the edge's cookies from a `Cookie` header of any length. `domain` is the setting `COOKIE_DOMAIN` if the host
    /// belongs to it.
    pub fn parse(header: Option<&str>, domain: Option<String>, is_plain: bool, is_tls: bool) -> Self {
        let mut pairs: Vec<(String, String)> = Vec::new();
        let all = header.unwrap_or_default().split(';').filter_map(|pair| pair.split_once('='));
        for (name, value) in all.map(|(name, value)| (name.trim(), value.trim())) {
            let is_read = READ.contains(&name.strip_prefix(HOST).unwrap_or(name));
            if is_read && pairs.iter().filter(|(known, _)| known == name).count() < MAX_SAME {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        }
        Self { pairs, domain, is_plain, is_tls }
    }

    /// Returns the value of a cookie. If there are several of that name, the first has the most specific path and counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns all values of a cookie of the visitor, those first that no other host can have set.
    ///
    /// Other hosts of a shared domain may have set some of them, so the caller takes the first that is genuine.
    pub fn of_visitor(&self, name: &str) -> impl Iterator<Item = &str> {
        let other = (self.domain.is_some() || self.is_plain).then(|| self.values(name));
        self.pairs
            .iter()
            .filter(move |(key, value)| key.strip_prefix(HOST) == Some(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .chain(other.into_iter().flatten())
    }

    /// Returns the form-decoded value of a cookie that a script may have written.
    pub fn decoded(&self, name: &str) -> Option<String> {
        self.get(name).map(decode)
    }

    /// Returns the form-decoded values of all cookies of consent.
    pub fn consents(&self) -> impl DoubleEndedIterator<Item = String> {
        self.values(CONSENT).map(decode)
    }

    /// Returns the cookie of consent as it was written, if there is one and not several.
    pub fn only_consent(&self) -> Option<&str> {
        let mut values = self.values(CONSENT);
        values.next().filter(|_| values.next().is_none())
    }

    /// Sets a cookie of the visitor, and deletes what earlier versions and settings have left under its name.
    pub fn set(&self, headers: &Headers, name: &str, value: &str, max_age: u64) {
        let own = self.own_name(name);
        let domain = self.domain.as_deref();
        self.write(headers, &own, value, Some(max_age), domain);
        let other = if own == name { format!("{HOST}{name}") } else { name.to_owned() };
        if self.has(&other) {
            self.write(headers, &other, "", Some(0), None);
        }
        // One of them is for this host alone, and browsers may send it first.
        if domain.is_some() && self.values(name).count() > 1 {
            self.write(headers, name, "", Some(0), None);
        }
    }

    /// Returns the name under which a cookie of the visitor is set.
    fn own_name(&self, name: &str) -> String {
        if self.domain.is_some() || self.is_plain { name.to_owned() } else { format!("{HOST}{name}") }
    }

    /// Sets the cookie of a preview, for the browser session.
    pub fn set_preview(&self, headers: &Headers, token: &str) {
        self.write(headers, PREVIEW, token, None, None);
    }

    /// Deletes the cookie of a preview.
    pub fn delete_preview(&self, headers: &Headers) {
        self.write(headers, PREVIEW, "", Some(0), None);
    }

    /// Sets the cookie of consent, which scripts read and write. A script without TLS could not replace a secure one.
    pub fn set_consent(&self, headers: &Headers, value: &str, max_age: u64) {
        let scope = self.domain.as_ref().map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if self.is_tls { "; Secure" } else { "" };
        let cookie = format!("{CONSENT}={value}; Path=/{scope}; Max-Age={max_age}{secure}; SameSite=Lax");
        let _ = headers.append("set-cookie", &cookie);
    }

    /// Deletes a cookie of the visitor, in every scope that it may have.
    pub fn delete(&self, headers: &Headers, name: &str) {
        let own = format!("{HOST}{name}");
        if self.has(&own) {
            self.write(headers, &own, "", Some(0), None);
        }
        if self.has(name) {
            self.write(headers, name, "", Some(0), None);
            if let Some(domain) = &self.domain {
                self.write(headers, name, "", Some(0), Some(domain));
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

    fn values(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.pairs.iter().filter(move |(key, _)| *key == name).filter_map(|(_, value)| {
            let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
            (!value.is_empty()).then_some(value)
        })
    }

    /// Adds a `Set-Cookie` header. Without `max_age`, in seconds, the cookie lasts for the browser session. Scripts cannot
    /// read the cookie.
    fn write(&self, headers: &Headers, name: &str, value: &str, max_age: Option<u64>, domain: Option<&str>) {
        let life = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let scope = domain.map_or_else(String::new, |domain| format!("; Domain={domain}"));
        let secure = if self.is_plain { "" } else { "; Secure" };
        let cookie = format!("{name}={value}; Path=/{scope}{life}; HttpOnly{secure}; SameSite=Lax");
        let _ = headers.append("set-cookie", &cookie);
    }
}
