//! HTML attributes: how browsers use their values, and which URL prefixes fix the destination.

/// Attributes whose value is a URL, besides those whose name says so.
const URLS: [&str; 14] = [
    "href",
    "src",
    "action",
    "formaction",
    "poster",
    "cite",
    "background",
    "data",
    "longdesc",
    "manifest",
    "ping",
    "usemap",
    "codebase",
    "profile",
];

/// How a browser, or a library in the page, uses an attribute's value.
pub(super) enum Use {
    /// Shows it, or ignores it.
    Text,
    /// Loads it, or navigates to it.
    Url,
    /// Runs it.
    Code,
}

/// Returns how an attribute's value is used.
pub(super) fn use_of(attribute: &str) -> Use {
    let own = attribute.strip_prefix("data-").unwrap_or(attribute);
    let name = own.rsplit_once(':').map_or(own, |(_, name)| name);
    let is_directive = ["v-", "x-", "ng-", "hx-"].iter().any(|prefix| own.starts_with(prefix));
    let is_code = name.starts_with("on") || matches!(name, "style" | "srcdoc" | "srcset" | "imagesrcset");
    if is_code || is_directive || !own.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Use::Code
    } else if URLS.contains(&name)
        || attribute.starts_with("xmlns")
        || ["src", "uri", "url"].iter().any(|part| name.contains(part))
    {
        Use::Url
    } else {
        Use::Text
    }
}

/// Returns whether a value after this prefix can change neither scheme nor host, even if it is empty and
/// others follow.
pub(super) fn has_fixed_beginning(url: &str) -> bool {
    let url = url.trim_start_matches(is_space);
    let is_fixed =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-%".contains(&b));
    let lower = url.to_ascii_lowercase();
    for scheme in ["https://", "http://"] {
        if let Some(rest) = lower.strip_prefix(scheme) {
            let is_host = |host: &str| is_fixed(host.split_once(':').map_or(host, |(host, _)| host));
            return rest.split_once(['/', '?', '#']).is_some_and(|(host, _)| is_host(host));
        }
    }
    if ["mailto:", "tel:", "sms:"].iter().any(|scheme| lower.starts_with(scheme)) {
        return true;
    }
    match url.strip_prefix('/') {
        // `/`, an empty value and `/` would together be the beginning of a host.
        Some(path) => path.starts_with(|c: char| c.is_ascii_alphanumeric() || "._~-%?#".contains(c)),
        None => {
            url.starts_with(['?', '#']) || url.split_once(['/', '?', '#']).is_some_and(|(first, _)| is_fixed(first))
        }
    }
}

/// Returns whether a code point is white space in HTML.
pub(super) fn is_space(code_point: char) -> bool {
    matches!(code_point, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}
