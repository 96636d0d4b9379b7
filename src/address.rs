//! Addresses as they are recorded: without what is about a person.
//!
//! An address names a page, and its parameters, user name and fragment often say who looks at it: e-mail addresses,
//! links that reset a password, sessions. Events and page views are therefore recorded with cleaned addresses. The
//! page in front may still be decided by its whole address.

use crate::event::Event;
use crate::json::Value;
use crate::plan::Plan;
use crate::plan::tables::KeptParameter;
use crate::prelude::*;
use crate::text::percent::percent_decode_lossy;
use crate::text::url::decode;
use crate::token::has_email;

/// The parameters that advertisers add to identify a click. Their values are long and random, and name no person.
pub const CLICK_IDS: [&str; 13] = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "epik",
    "ScCid",
    "rdt_cid",
    "yclid",
];
/// The parameters besides [`CLICK_IDS`] that addresses keep unless the rules list others.
pub const CAMPAIGN_PARAMETERS: [&str; 4] = ["utm_*", "gad_source", "gad_campaignid", "mc_cid"];
/// The text in place of a part of a path that looks like an e-mail address or a token.
const REMOVED: &str = "…";
/// The fewest letters and digits in a row that can be a random token.
const MIN_TOKEN: usize = 24;

/// Returns an address as it may be recorded: a URL, a referrer, or a path.
///
/// - Scheme, host and path stay, and of the parameters those that `keep` names, in their order.
/// - User name, password, fragment and parameters of the path (`;jsessionid=…`) go.
/// - A value that looks like an e-mail address or a token never stays. In the path it becomes `…`.
/// - An address without a host or path, such as `mailto:` and `data:`, becomes empty.
///
/// # Examples
///
/// ```
/// use throughline::address::clean;
///
/// let keep = |name: &str| name.starts_with("utm_");
/// let address = "https://ann:pw@shop.example/reset?token=s3cr3t&utm_source=news&email=ann%40example.com#top";
/// assert_eq!(clean(address, keep), "https://shop.example/reset?utm_source=news");
/// ```
#[must_use]
pub fn clean(address: &str, keep: impl Fn(&str) -> bool) -> String {
    let address: String = address.trim().chars().filter(|c| !c.is_control()).collect();
    let address = address.split('#').next().unwrap_or_default();
    let (head, query) = address.split_once('?').unwrap_or((address, ""));
    let mut out = clean_head(head);
    if out.is_empty() && !head.is_empty() {
        return out;
    }
    let query = clean_query(query, keep);
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query);
    }
    out
}

/// Returns a query string as it may be recorded: the parameters that `keep` names, in their order.
///
/// It begins with `?` if the given one does and any parameter is left.
///
/// # Examples
///
/// ```
/// use throughline::address::clean_query;
///
/// let keep = |name: &str| name == "gclid";
/// assert_eq!(clean_query("?session=1f&gclid=EAIaIQobChMI", keep), "?gclid=EAIaIQobChMI");
/// assert_eq!(clean_query("?session=1f", keep), "");
/// ```
#[must_use]
pub fn clean_query(query: &str, keep: impl Fn(&str) -> bool) -> String {
    let query = query.split('#').next().unwrap_or_default();
    let (mark, pairs) = query.strip_prefix('?').map_or(("", query), |pairs| ("?", pairs));
    let is_kept = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        keep(&name) && !is_secret(&name) && !is_secret(&value) && (is_click_id(&name) || !has_random_token(&value))
    };
    let kept: Vec<&str> = pairs.split(['&', ';']).filter(|pair| !pair.is_empty()).filter(is_kept).collect();
    if kept.is_empty() { String::new() } else { format!("{mark}{}", kept.join("&")) }
}

impl Plan {
    /// Returns whether recorded addresses keep a parameter. The list is in the rules, at `policies.addresses.keep`.
    ///
    /// A public plan keeps none.
    #[must_use]
    pub fn keeps_parameter(&self, name: &str) -> bool {
        self.rows(self.all::<KeptParameter>()).any(|(_, row)| matches_name(self.text(row.pattern), name))
    }
}

impl Event {
    /// Cleans the addresses in the properties: `url`, `referrer`, `path`, `search` and `query`.
    ///
    /// A host calls it before it records or reduces an event, so that all hosts count the same.
    pub fn clean_addresses(&mut self, plan: &Plan) {
        let keep = |name: &str| plan.keeps_parameter(name);
        for name in ["url", "referrer", "path"] {
            self.change_property(name, |address| clean(address, keep));
        }
        for name in ["search", "query"] {
            // In `Products Searched` of Segment's specification a query is what somebody looked for.
            let clean = |query: &str| if is_query_string(query) { clean_query(query, keep) } else { query.to_owned() };
            self.change_property(name, clean);
        }
    }

    fn change_property(&mut self, name: &str, change: impl Fn(&str) -> String) {
        if let Some(changed) = self.properties.get(name).and_then(Value::as_str).map(change) {
            self.properties.insert(name, changed.as_str());
        }
    }
}

/// Whether a text is the query string of an address, and not words.
fn is_query_string(text: &str) -> bool {
    text.starts_with('?') || text.contains('=')
}

/// Returns scheme, host and path; empty if there is none of them.
fn clean_head(head: &str) -> String {
    let is_slash = |c: char| matches!(c, '/' | '\\');
    let (scheme, rest) = match head.split_once(':').filter(|(name, _)| is_scheme(name)) {
        Some((scheme, rest)) if rest.starts_with(is_slash) => (Some(scheme), rest),
        // A host with a port, without a scheme.
        Some((_, rest)) if rest.starts_with(|c: char| c.is_ascii_digit()) && head.contains('.') => (None, head),
        Some(_) => return String::new(),
        None => (None, head),
    };
    let after = rest.trim_start_matches(is_slash);
    let slashes = rest.len().saturating_sub(after.len());
    let (before, path) = match scheme {
        Some(scheme) => (format!("{scheme}://"), after),
        None if slashes > 1 => ("//".to_owned(), after),
        None if slashes == 1 => return clean_path(rest),
        None => (String::new(), rest),
    };
    let (authority, path) = path.split_at_checked(path.find(is_slash).unwrap_or(path.len())).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{before}{host}{}", clean_path(path))
}

fn is_scheme(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Returns a path without parameters, and without segments that look like an e-mail address or a token.
fn clean_path(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let segment = segment.split(';').next().unwrap_or_default();
        if is_secret(&percent_decode_lossy(segment)) { REMOVED } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Checks whether a value has an e-mail address or a JSON Web Token in it.
fn is_secret(value: &str) -> bool {
    has_email(value) || has_jwt(value)
}

/// Checks for a JSON Web Token: parts of base64url with dots between them, of which the first encodes `{"`.
fn has_jwt(value: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    value.split(|c| !is_token(c)).any(|run| {
        let parts = run.get(run.find("eyJ").unwrap_or(run.len())..).unwrap_or_default();
        parts.split('.').filter(|part| part.len() >= 8).count() >= 2
    })
}

/// Checks for a long random token: many letters and digits in a row that change between small letters, capitals and
/// digits more often than words do.
fn has_random_token(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let kind = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
        let changes = run.as_bytes().windows(2).filter(|pair| matches!(pair, [a, b] if kind(*a) != kind(*b))).count();
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        run.len() >= MIN_TOKEN && digits > 2 && changes >= run.len() / 4
    })
}

fn is_click_id(name: &str) -> bool {
    CLICK_IDS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Checks whether a name matches a pattern, in any case. `*` stands for any characters.
pub fn matches_name(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| after_prefix(name, first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        // why: the leftmost match of each piece leaves the most for the following ones.
        let found = rest.char_indices().find_map(|(at, _)| after_prefix(rest.get(at..)?, piece));
        match found {
            Some(after) => rest = after,
            None if piece.is_empty() => {}
            None => return false,
        }
    }
    let start = rest.len().checked_sub(last.len());
    start.and_then(|start| rest.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(last))
}

/// Returns the text after a prefix, which it has in any case.
fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(name: &str) -> bool {
        ["utm_*", "gclid", "msclkid", "ref"].iter().any(|pattern| matches_name(pattern, name))
    }

    #[track_caller]
    fn assert_clean(address: &str, expected: &str) {
        assert_eq!(clean(address, keep), expected, "{address}");
        assert_eq!(clean(expected, keep), expected, "cleaning it again changes {expected}");
    }

    #[test]
    fn parameters_stay_by_the_list_in_their_order() {
        let address = "https://shop.example/a/?b=1&UTM_Source=x&gclid=AbC&token=t&utm_medium=y%20z&ref";
        assert_clean(address, "https://shop.example/a/?UTM_Source=x&gclid=AbC&utm_medium=y%20z&ref");
        assert_clean("/p?utm_source=a;token=b", "/p?utm_source=a");
        assert_clean("?utm_source=a&x=1", "?utm_source=a");
        assert_clean("https://shop.example/?", "https://shop.example/");
        assert_clean("https://shop.example/a?x#?utm_source=a", "https://shop.example/a");
        assert_clean("", "");
    }

    #[test]
    fn what_is_about_a_person_goes() {
        assert_clean("https://ann:pw@shop.example/#reset", "https://shop.example/");
        assert_clean("https://a@b@shop.example:8443/x", "https://shop.example:8443/x");
        assert_clean("//ann@shop.example/x", "//shop.example/x");
        assert_clean("https:\\\\ann@shop.example/x", "https://shop.example/x");
        assert_clean("ann.lee:5@shop.example/x", "shop.example/x");
        assert_clean("https://shop.example/shop;jsessionid=1A2B/cart;x=1?y", "https://shop.example/shop/cart");
        assert_clean(
            "https://shop.example/unsubscribe/ann%40example.com/now",
            "https://shop.example/unsubscribe/…/now",
        );
        assert_clean("/verify/eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "/verify/…");
        for opaque in ["mailto:ann@example.com", "data:text/plain,ann", "javascript:alert(1)", "tel:+43664", "blob:x"] {
            assert_clean(opaque, "");
        }
        assert_clean("android-app://com.example.mail", "android-app://com.example.mail");
        assert_clean("java\nscript:alert(1)", "");
    }

    #[test]
    fn values_that_look_like_addresses_or_tokens_never_stay() {
        let gone = [
            "utm_content=ann%40example.com",
            "utm_content=ann%2540example.com",
            "utm_source=https%3A%2F%2Fx.example%2F%3Femail%3Dann%40example.com",
            "utm_id=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "utm_id=9f86d081884c7d659a2feaa0c55ad015",
            "ref=dGhpcyBpcyBhIHNlY3JldCB0b2tlbiAxMjM0",
            "gclid=ann@example.com",
            "utm_ann@example.com=1",
        ];
        for pair in gone {
            assert_clean(&format!("/?{pair}"), "/");
        }
        let kept = [
            "utm_campaign=summer-sale-2026-newsletter-week-32-variant-b",
            "utm_campaign=SummerSaleNewsletterWeekThirtyTwo",
            "utm_campaign=summersale2026newsletterweek32",
            "utm_id=1234567890123456789012345",
            "utm_id=f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "gclid=EAIaIQobChMI9f86d081884c7d659a2feaa0c55ad015",
            "msclkid=9f86d081884c7d659a2feaa0c55ad015",
            "utm_term=a+b",
        ];
        for pair in kept {
            assert_clean(&format!("/?{pair}"), &format!("/?{pair}"));
        }
    }

    #[test]
    fn words_that_somebody_searches_for_stay() {
        assert!(is_query_string("?session=1") && is_query_string("session=1") && is_query_string("?s3cr3t"));
        assert!(!is_query_string("red shoes"));
    }

    #[test]
    fn queries_keep_their_question_mark() {
        assert_eq!(clean_query("?utm_source=a&b=1", keep), "?utm_source=a");
        assert_eq!(clean_query("utm_source=a&b=1#utm_source=c", keep), "utm_source=a");
        assert_eq!(clean_query("?b=1", keep), "");
    }

    #[test]
    fn patterns_match_in_any_case() {
        for (pattern, name) in [("utm_*", "UTM_source"), ("*", ""), ("*", "x"), ("a*b*c", "aXbYbZc"), ("a**b", "ab")] {
            assert!(matches_name(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("utm_*", "utm"), ("a*b", "ba"), ("a*b*c", "acb"), ("ab", "abc"), ("a*a", "a"), ("é*", "e")]
        {
            assert!(!matches_name(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_address_takes_linear_time() {
        for piece in ["@", "a@", "/", "%25", "&utm_=", "eyJ", "?", "#", ":", ";", "\\"] {
            let _ = clean(&piece.repeat(200_000 / piece.len()), keep);
            let _ = clean(&format!("/?utm_a={}", piece.repeat(200_000 / piece.len())), keep);
        }
    }
}
