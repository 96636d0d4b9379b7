//! URLs, as far as targeting needs them: `http` and `https`, parsed as in the URL Standard
//! (<https://url.spec.whatwg.org>).
//!
//! Hosts pass URLs that their platform has normalized already; parsing does not change those. A URL whose host name is
//! not ASCII is refused, because platforms write such names in Punycode. A number as a host (`0x7f.1`, `256`) stays as it
//! is, where platforms write an IPv4 address.
//!
//! why: the `url` crate brings the tables of IDNA, which no host needs, into every browser.

use core::net::Ipv6Addr;

use crate::prelude::*;
use crate::text::percent::percent_decode_lossy;

/// A URL in its normalized parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// `http` or `https`.
    pub scheme: String,
    /// User name and password with their `@`, or empty.
    pub user: String,
    /// The host, with its port unless that is the default port of the scheme.
    pub host: String,
    /// The path, with its leading `/`.
    pub path: String,
    /// The query without its `?`.
    pub query: Option<String>,
    /// The fragment without its `#`.
    pub fragment: Option<String>,
}

impl Url {
    /// Parses a URL.
    ///
    /// Returns `None` if `text` is not an `http` or `https` URL, or if it is relative and there is no `host` as its
    /// base.
    #[must_use]
    pub fn parse(text: &str, host: Option<&str>) -> Option<Self> {
        let text: String =
            text.trim_matches(|c| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        let (scheme, rest) = scheme(&text)?;
        let is_slash = |c| matches!(c, '/' | '\\');
        let after = rest.trim_start_matches(is_slash);
        let slashes = rest.len().saturating_sub(after.len());
        let is_relative = match scheme.as_deref() {
            // A URL with the scheme of the base is relative to it unless two slashes follow.
            Some("https") | None => slashes < 2 && (host.is_some() || scheme.is_none()),
            Some(_) => false,
        };
        let mut url = Self { scheme: scheme.unwrap_or_else(|| "https".to_owned()), ..Self::default() };
        let rest = if is_relative {
            url.host = host?.to_owned();
            rest
        } else {
            let end = after.find(['/', '\\', '?', '#']).unwrap_or(after.len());
            let (authority, rest) = after.split_at_checked(end)?;
            url.set_authority(authority)?;
            rest
        };
        let (rest, fragment) = cut(rest, '#');
        let (path, query) = cut(rest, '?');
        url.path = normal_path(path);
        url.query = query.map(|query| encode(query, "\"#<>'"));
        url.fragment = fragment.map(|fragment| encode(fragment, "\"<>`"));
        Some(url)
    }

    /// Returns scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// Returns the whole URL.
    #[must_use]
    pub fn href(&self) -> String {
        let Self { scheme, user, host, .. } = self;
        format!("{scheme}://{user}{host}{}", self.after_host())
    }

    /// Returns path, query and fragment.
    #[must_use]
    pub fn after_host(&self) -> String {
        let mut out = self.path.clone();
        for (mark, part) in [('?', &self.query), ('#', &self.fragment)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// Returns the fragment with its `#`, or an empty string for an empty one.
    #[must_use]
    pub fn hash(&self) -> String {
        let fragment = self.fragment.as_ref().filter(|fragment| !fragment.is_empty());
        fragment.map_or_else(String::new, |fragment| format!("#{fragment}"))
    }

    /// Returns the decoded parameters of the query.
    #[must_use]
    pub fn params(&self) -> Vec<(String, String)> {
        params(self.query.as_deref().unwrap_or_default()).collect()
    }

    /// Returns the URL in `text` with the parameters of `self` that it lacks; `text` itself if it is not a URL.
    pub(crate) fn with_missing_params(&self, text: &str) -> String {
        let Some(mut target) = Self::parse(text, None) else { return text.to_owned() };
        let mut params = target.params();
        let given = params.len();
        for (name, value) in self.params() {
            if !params.iter().any(|(present, _)| *present == name) {
                params.push((name, value));
            }
        }
        if params.len() > given {
            let pairs: Vec<String> =
                params.iter().map(|(name, value)| format!("{}={}", form(name), form(value))).collect();
            target.query = Some(pairs.join("&"));
        }
        target.href()
    }

    fn set_authority(&mut self, authority: &str) -> Option<()> {
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.strip_suffix(':').unwrap_or(user);
                self.user = if user.is_empty() { String::new() } else { format!("{user}@") };
                host
            }
            None => authority,
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (host, ""),
        };
        let host = percent_decode_lossy(host).to_ascii_lowercase();
        let is_good = |c: char| c.is_ascii_graphic() && !"#/<>?@\\^|%".contains(c);
        let port =
            if port.is_empty() { None } else { Some(port.parse::<u16>().ok().filter(|_| !port.starts_with('+'))?) };
        let is_address = |host: &str| host.parse::<Ipv6Addr>().is_ok();
        let is_name = match host.strip_prefix('[') {
            Some(address) => address.strip_suffix(']').is_some_and(is_address),
            None => !host.contains(['[', ']']),
        };
        if host.is_empty() || !is_name || !host.chars().all(is_good) {
            return None;
        }
        let usual = if self.scheme == "http" { 80 } else { 443 };
        self.host = match port.filter(|port| *port != usual) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        Some(())
    }
}

/// Returns the decoded parameters of a query without its `?`.
pub(crate) fn params(query: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value)))
}

/// Splits off the scheme, if there is one; `None` for a scheme other than `http` and `https`.
fn scheme(text: &str) -> Option<(Option<String>, &str)> {
    let is_scheme = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    match text.split_once(':').filter(|(name, _)| is_scheme(name)) {
        Some((name, rest)) => {
            let name = name.to_ascii_lowercase();
            matches!(name.as_str(), "http" | "https").then_some((Some(name), rest))
        }
        None => Some((None, text)),
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Returns the path with `.` and `..` resolved.
fn normal_path(path: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let path = path.strip_prefix(['/', '\\']).unwrap_or(path);
    let mut rest = path.split(['/', '\\']).peekable();
    while let Some(part) = rest.next() {
        let is_last = rest.peek().is_none();
        let dots = part.to_ascii_lowercase().replace("%2e", ".");
        match dots.as_str() {
            "." | ".." => {
                if dots == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push(String::new());
                }
            }
            _ => parts.push(encode(part, "\"#<>?`{}^")),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Percent-encodes controls, spaces, characters beyond ASCII, and the characters in `special`.
fn encode(text: &str, special: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c > ' ' && c < '\u{7f}' && !special.contains(c) {
            out.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| percent(byte, &mut out));
        }
    }
    out
}

fn percent(byte: u8, out: &mut String) {
    out.push('%');
    for digit in [byte >> 4, byte & 15] {
        out.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

/// Encodes a name or value of a query as forms do (`application/x-www-form-urlencoded`).
fn form(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => percent(byte, &mut out),
        }
    }
    out
}

/// Returns a decoded name or value of a query.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_lossy(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_brackets_are_those_of_the_standard() {
        let href = |text: &str| Url::parse(text, None).map(|url| url.href());
        for (given, expected) in [
            ("http://@www.example.com", Some("http://www.example.com/")),
            ("http://:@www.example.com", Some("http://www.example.com/")),
            ("http://ann:@www.example.com", Some("http://ann@www.example.com/")),
            ("http://ann:secret@www.example.com", Some("http://ann:secret@www.example.com/")),
            ("http://[2001:db8::1]:8080/a", Some("http://[2001:db8::1]:8080/a")),
            ("http://a[b/", None),
            ("http://a]b/", None),
            ("http://[a]/", None),
            ("http://[::1/", None),
        ] {
            assert_eq!(href(given).as_deref(), expected, "{given}");
        }
    }
}
