//! The purpose of a request: a page that a person opens, one that a script fetches, one that may never be seen, or no page.

use crate::request::incoming_request::IncomingRequest;

/// The headers by which scripts mark the pages that they fetch: jQuery and Rails, htmx, Turbo, Turbolinks, PJAX, Inertia,
/// and Unpoly.
const OF_SCRIPTS: [&str; 8] = [
    "x-requested-with",
    "hx-request",
    "turbo-frame",
    "x-turbo-request-id",
    "turbolinks-referrer",
    "x-pjax",
    "x-inertia",
    "x-up-version",
];
/// The headers by which browsers and scripts mark a page that is fetched in advance.
const IN_ADVANCE: [&str; 5] = ["sec-purpose", "x-sec-purpose", "purpose", "x-purpose", "x-moz"];

impl IncomingRequest {
    /// Whether the request is for a page, as far as its headers tell. The response's content type decides later.
    pub fn wants_page(&self) -> bool {
        let is_whole_get = self.method == "GET" && self.header("range").is_none();
        is_whole_get
            && match self.header("sec-fetch-dest").as_deref() {
                None | Some("document" | "iframe" | "frame") => true,
                // Scripts that replace pages (Turbo, htmx) accept HTML.
                Some("empty") => self.header("accept").is_some_and(|accept| accept.contains("text/html")),
                Some(_) => false,
            }
    }

    /// Whether a person navigates to the page, which is then a page view. All other pages are not counted here: the tag counts
    /// them once they are shown.
    ///
    /// Browsers that do not say so (before Chromium 80, Firefox 90, Safari 16.4, and all of them without TLS) ask for HTML
    /// first when they navigate. Programs that are no browsers ask for anything.
    pub fn is_navigation(&self) -> bool {
        let (target, mode) = (self.header("sec-fetch-dest"), self.header("sec-fetch-mode"));
        match (target.as_deref(), mode.as_deref()) {
            (Some("document"), Some("navigate")) => true,
            (None | Some("document"), None | Some("navigate")) => self.asks_for_html() && !self.is_marked_by_script(),
            _ => false,
        }
    }

    fn asks_for_html(&self) -> bool {
        let accept = self.header("accept").unwrap_or_default();
        accept.split([',', ';']).next().is_some_and(|first| first.trim().eq_ignore_ascii_case("text/html"))
    }

    fn is_marked_by_script(&self) -> bool {
        OF_SCRIPTS.iter().any(|name| self.header(name).is_some())
    }

    /// Whether a server can learn from the request who the visitor is, unlike from that for an image or a script.
    pub fn may_sign_in(&self) -> bool {
        matches!(self.header("sec-fetch-dest").as_deref(), None | Some("document" | "iframe" | "frame" | "empty"))
    }

    /// Whether the page is prefetched or prerendered, so that it may never be seen.
    pub fn is_prefetch(&self) -> bool {
        IN_ADVANCE
            .into_iter()
            .filter_map(|name| self.header(name))
            .map(|value| value.to_ascii_lowercase())
            .any(|value| ["prefetch", "prerender", "preview"].iter().any(|word| value.contains(word)))
    }
}
