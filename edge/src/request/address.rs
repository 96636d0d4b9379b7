//! The address of a request, in parts.

use crate::prelude::*;

/// A URL as the runtime serialises it, cut in parts; nothing is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// `https`, without the colon.
    pub scheme: String,
    /// Host and port.
    pub host: String,
    /// The path, with its leading slash.
    pub path: String,
    /// What follows the question mark, without our own parameters.
    pub query: String,
    own: String,
}

/// Parameters that are for us: never forwarded, never recorded.
const OWN: &str = "tl_";

impl Address {
    /// Cuts a serialised URL.
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

    /// Scheme and host, as in the `Origin` header.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Path and query, without our own parameters.
    pub fn target(&self) -> String {
        format!("{}{}", self.path, self.search())
    }

    /// The whole address, without our own parameters.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.target())
    }

    /// The query with its question mark; empty without a query, as `location.search` has it.
    pub fn search(&self) -> String {
        if self.query.is_empty() { String::new() } else { format!("?{}", self.query) }
    }

    /// The first value of a parameter, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        let list = if name.starts_with(OWN) { &self.own } else { &self.query };
        let mut pairs = list.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decode(value))
    }
}

/// Undoes form encoding; what is not encoded properly stays as it is.
pub fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.first_chunk::<2>()).flatten().and_then(hex);
        out.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn hex(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high?.checked_mul(16)?.checked_add(low?)?).ok()
}
