//! Device type and browser of a user agent.
//!
//! The values are those of GrowthBook's attributes `deviceType` and `browser`
//! (`packages/sdk-js/src/plugins/auto-attributes.ts`), with `tablet` and client hints added. The patterns are maintained
//! by hand, last in November 2026, and are not a copy of a published list.
//!
//! To update them, take the user agent that the browser's vendor documents, add its pattern here and in the reference
//! model (`tests/reference/derived.rs`), and the user agent to the tests below. An unlisted browser is `unknown`, so an
//! outdated list never fails.

use crate::json::codec::json_codec;
use crate::prelude::*;

/// Marks of televisions. Like tablets, their user agents say `Android` without `Mobi`.
const TELEVISIONS: [&str; 3] = ["TV", "BRAVIA", "AFT"];

/// A browser's description of itself: its `User-Agent` header and client hints
/// (<https://wicg.github.io/ua-client-hints/>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    /// `User-Agent`, or `navigator.userAgent`.
    pub user_agent: String,
    /// `Sec-CH-UA-Mobile`.
    pub mobile: Option<bool>,
    /// `Sec-CH-UA-Platform`, such as `Android`.
    pub platform: Option<String>,
    /// `Sec-CH-UA-Form-Factors`, such as `Tablet`.
    pub form_factors: Vec<String>,
}

json_codec! {
    UserAgent {
        user_agent: Optional "userAgent",
        mobile: Optional "mobile",
        platform: Optional "platform",
        form_factors: Optional "formFactors",
    }
}

impl UserAgent {
    /// Returns `mobile`, `tablet` or `desktop`; `None` if nothing is known about the browser.
    ///
    /// A tablet that requests desktop sites is a desktop.
    #[must_use]
    pub fn device_type(&self) -> Option<&'static str> {
        if let Some(said) = self.form_factors.iter().find_map(|factor| device(factor)) {
            return Some(said);
        }
        let is_android = self.has("Android") || self.platform.as_deref() == Some("Android");
        let is_small = self.mobile == Some(true) || self.has("Mobi");
        if self.has("iPad") {
            Some("tablet")
        } else if is_small || self.has("iPhone") || self.has("iPod") {
            Some("mobile")
        } else if is_android && !TELEVISIONS.iter().any(|mark| self.has(mark)) {
            Some("tablet")
        } else {
            (*self != Self::default()).then_some("desktop")
        }
    }

    /// Returns `chrome`, `edge`, `firefox`, `safari` or `unknown`; `None` without a user agent.
    // why: user agents contain the marks of other browsers for compatibility, so the most specific mark is tried first.
    #[must_use]
    pub fn browser(&self) -> Option<&'static str> {
        let browsers = [
            ("edge", &["Edg/", "EdgA/", "EdgiOS/", "Edge/"][..]),
            ("firefox", &["Firefox/", "FxiOS/"]),
            ("chrome", &["Chrome/", "CriOS/", "Chromium/"]),
            ("safari", &["Safari/"]),
        ];
        let found = browsers.into_iter().find(|(_, marks)| marks.iter().any(|mark| self.has(mark)));
        (!self.user_agent.is_empty()).then(|| found.map_or("unknown", |(name, _)| name))
    }

    fn has(&self, mark: &str) -> bool {
        self.user_agent.contains(mark)
    }
}

/// Returns the device class of a form factor; `None` for one without a class, such as `XR`.
fn device(form_factor: &str) -> Option<&'static str> {
    ["mobile", "tablet", "desktop"].into_iter().find(|name| form_factor.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_is(user_agent: &str, device: &str, browser: &str) {
        let agent = UserAgent { user_agent: user_agent.to_owned(), ..UserAgent::default() };
        assert_eq!((agent.device_type(), agent.browser()), (Some(device), Some(browser)), "{user_agent}");
    }

    #[test]
    fn browsers_are_what_they_say() {
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0";
        assert_is(&format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome} Safari/537.36"), "desktop", "chrome");
        assert_is(
            &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome} Safari/537.36 Edg/124.0"),
            "desktop",
            "edge",
        );
        assert_is(&format!("Mozilla/5.0 (Linux; Android 10; K) {chrome} Mobile Safari/537.36"), "mobile", "chrome");
        assert_is(&format!("Mozilla/5.0 (Linux; Android 10; K) {chrome} Safari/537.36"), "tablet", "chrome");
        assert_is(&format!("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K) {chrome} Safari/537.36"), "desktop", "chrome");
        assert_is("Mozilla/5.0 (Android 13; Mobile; rv:109.0) Gecko/124.0 Firefox/124.0", "mobile", "firefox");
        assert_is("Mozilla/5.0 (Android 13; Tablet; rv:109.0) Gecko/124.0 Firefox/124.0", "tablet", "firefox");
        let safari = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4";
        assert_is(&format!("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4) {safari} Safari/604.1"), "mobile", "safari");
        assert_is(&format!("Mozilla/5.0 (iPad; CPU OS 12_2) {safari} Mobile/15E148 Safari/604.1"), "tablet", "safari");
        assert_is(
            &format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {safari} Safari/605.1.15"),
            "desktop",
            "safari",
        );
        assert_is("curl/8.7.1", "desktop", "unknown");
    }

    #[test]
    fn client_hints_say_it_too() {
        let android = UserAgent { platform: Some("Android".to_owned()), mobile: Some(false), ..UserAgent::default() };
        assert_eq!(android.device_type(), Some("tablet"));
        assert_eq!(UserAgent { mobile: Some(true), ..android.clone() }.device_type(), Some("mobile"));
        let said = UserAgent { form_factors: vec!["XR".to_owned(), "Desktop".to_owned()], ..android };
        assert_eq!(said.device_type(), Some("desktop"));
        assert_eq!(UserAgent::default().device_type(), None);
        assert_eq!(UserAgent::default().browser(), None);
    }
}
