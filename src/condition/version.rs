//! Versions: their order, and the form in which GrowthBook compares them.

use core::cmp::Ordering;

use crate::json::ValueRef;
use crate::prelude::*;

/// A version: numbers joined by dots, and the identifiers of a pre-release.
struct Version<'a> {
    numbers: &'a str,
    pre_release: Option<&'a str>,
}

/// Checks whether a string is a version.
#[must_use]
pub fn is_version(text: &str) -> bool {
    Version::parse(text).is_some()
}

/// Compares two versions; `None` if one of the strings is not a version.
///
/// The precedence is that of Semantic Versioning 2.0.0, for any number of parts: a part that is missing is 0. A leading
/// `v` and what follows a `+` do not count.
#[must_use]
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Version::parse(a)?, Version::parse(b)?);
    let numbers = parts(a.numbers, b.numbers, |a, b| compare_numbers(a.unwrap_or("0"), b.unwrap_or("0")));
    Some(numbers.then_with(|| match (a.pre_release, b.pre_release) {
        (Some(a), Some(b)) => {
            parts(a, b, |a, b| a.zip(b).map_or_else(|| a.cmp(&b), |(a, b)| compare_identifiers(a, b)))
        }
        (a, b) => a.is_none().cmp(&b.is_none()),
    }))
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
        let (numbers, pre_release) = text.split_once('-').map_or((text, None), |(text, rest)| (text, Some(rest)));
        let is_identifier =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let are_identifiers = |text: Option<&str>| text.is_none_or(|text| text.split('.').all(is_identifier));
        let is_version = numbers.split('.').all(is_number) && are_identifiers(pre_release) && are_identifiers(build);
        is_version.then_some(Self { numbers, pre_release })
    }
}

/// Compares the parts between dots until two differ.
fn parts(a: &str, b: &str, compare: fn(Option<&str>, Option<&str>) -> Ordering) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (a, b) = (a.next(), b.next());
        let order = compare(a, b);
        if order.is_ne() || (a.is_none() && b.is_none()) {
            return order;
        }
    }
}

/// Compares integers of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let [a, b] = [a, b].map(|number| number.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Compares identifiers of pre-releases: numbers come before names.
fn compare_identifiers(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => compare_numbers(a, b),
        (false, false) => a.cmp(b),
        (a, b) => b.cmp(&a),
    }
}

/// Returns the form that `$veq` and its siblings compare in GrowthBook's dialect.
///
/// A leading `v` and a trailing `+build` are removed. The parts between dots and dashes are joined by dashes, with
/// numbers padded to five digits. A version of three parts is a release and ends in `~`, which sorts after every
/// pre-release. A value that is not a version becomes `0`.
#[must_use]
pub fn padded(version: ValueRef<'_>) -> String {
    let text = match version {
        ValueRef::Number(_) | ValueRef::Text(_) => version.to_text(),
        _ => "".into(),
    };
    let text = if text.is_empty() { "0" } else { &text };
    let text = without_build(text.strip_prefix('v').unwrap_or(text));
    let mut parts: Vec<&str> = text.split(['-', '.']).collect();
    if parts.len() == 3 {
        parts.push("~");
    }
    let padded: Vec<String> = parts.into_iter().map(pad).collect();
    padded.join("-")
}

/// Cuts at the first `+` after which the line does not break.
fn without_build(text: &str) -> &str {
    let line_start = text.rfind(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(0);
    let plus = text.match_indices('+').map(|(at, _)| at).find(|at| *at >= line_start);
    plus.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn pad(part: &str) -> String {
    if is_number(part) { format!("{part:>5}") } else { part.to_owned() }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_that_of_semantic_versioning_for_any_number_of_parts() {
        // Each version is less than the next.
        let ascending = [
            "0",
            "0.0.1-alpha",
            "0.0.1",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-alpha-1",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.99999",
            "1.0.100000",
            "1.2.3",
            "1.2.3.4-rc",
            "1.2.3.4",
            "2",
            "2.9",
            "2.10",
            "10.0",
            "99999999999999999999",
            "100000000000000000000.0.0",
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b), Some(at.cmp(&other)), "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_version_has_several_spellings() {
        for spelling in ["2.0.0", "2", "2.0", "v2.0.0", "V2", "02.0", "2.0.0+build.7", " 2.0 ", "2.0.0.0.0"] {
            assert_eq!(compare(spelling, "2.0.0"), Some(Ordering::Equal), "{spelling}");
        }
    }

    #[test]
    fn other_strings_are_no_versions() {
        for text in [
            "",
            "v",
            "latest",
            "1.",
            ".1",
            "1..2",
            "1.x",
            "1.0.0,",
            "1.0.0-",
            "1.0.0+",
            "1.0.0-a..b",
            "-1",
            "1.0.0-é",
            "1 0",
            "true",
        ] {
            assert_eq!(compare(text, "1.0.0"), None, "{text}");
            assert!(!is_version(text), "{text}");
        }
    }
}
