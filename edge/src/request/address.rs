//! The parts of a request's address.

use throughline::percent_decode;

use crate::prelude::*;

/// A serialised URL, split into its parts. Nothing is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// `https`, without the colon: as visitors see it, whatever connection the request came by.
    pub scheme: String,
    /// Host and port, as visitors see them.
    pub host: String,
    /// The path, with its leading slash.
    pub path: String,
    /// The query without its question mark and without the edge's parameters.
    pub query: String,
    own: String,
}

/// The prefix of the edge's parameters, which are neither forwarded nor recorded.
const OWN: &str = "tl_";

impl Address {
    /// Splits a serialised URL.
    //
    // The runtime has parsed and serialised the URL already, so its parts end at the first `://`, `#`, `?` and `/`. With
    // `web_sys::Url` the worker is 0.24 KB gz larger (measured) and parses each URL again, and three statements fewer remain:
    // the query must still be split here, because `URLSearchParams` encodes other sites' parameters anew.
    pub fn parse(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let (own, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with(OWN));
        Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            path: format!("/{path}"),
            query: others.join("&"),
            own: own.join("&"),
        }
    }

    /// Takes scheme and host of `PUBLIC_ORIGIN`. Without it, `forwarded` is the value of `X-Forwarded-Proto`: a proxy in front
    /// may have ended TLS. A client that feigns that gains nothing, so the header is believed without being trusted.
    pub fn seen_by_visitors(mut self, public: Option<&str>, forwarded: Option<&str>) -> Self {
        if let Some((scheme, host)) = public.and_then(|origin| origin.split_once("://")) {
            (self.scheme, self.host) = (scheme.to_owned(), host.to_owned());
        } else if forwarded.and_then(|list| list.split(',').next()).is_some_and(|first| is_https(first.trim())) {
            self.scheme = "https".to_owned();
        }
        self
    }

    /// Returns scheme and host, as in the `Origin` header.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Whether the host is this domain or one below it.
    pub fn is_within(&self, domain: &str) -> bool {
        let host = self.host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Returns path and query, without the edge's parameters.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.search())
    }

    /// Returns the whole address, without the edge's parameters.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.target())
    }

    /// Returns the whole address, without one of the edge's parameters.
    pub fn url_without(&self, name: &str) -> String {
        let own: Vec<&str> = self.own.split('&').filter(|pair| pair.split('=').next() != Some(name)).collect();
        let own = own.join("&");
        let parts: Vec<&str> = [self.query.as_str(), &own].into_iter().filter(|part| !part.is_empty()).collect();
        let mark = if parts.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{}", self.origin(), self.path, parts.join("&"))
    }

    /// Returns the query with its question mark, or an empty string without a query, as `location.search` does.
    pub fn search(&self) -> String {
        if self.query.is_empty() { String::new() } else { format!("?{}", self.query) }
    }

    /// Returns the first value of a parameter, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        let list = if name.starts_with(OWN) { &self.own } else { &self.query };
        let mut pairs = list.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value))
    }
}

fn is_https(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https")
}

/// Decodes form encoding. A string that is not UTF-8 after decoding is returned as it is.
pub fn decode(text: &str) -> String {
    String::from_utf8(percent_decode(&text.replace('+', " "))).unwrap_or_else(|_| text.to_owned())
}
