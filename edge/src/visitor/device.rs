//! Device ids: a public alias, and credentials that only the edge makes and checks.
//!
//! The alias names a browser in events, logs and scripts. Whoever shows the alias alone is an *unsigned* device. A
//! credential is `<alias>.<mac>`, and each use of the MAC has a name of its own, so none is accepted for another.

use throughline::Millis;

use crate::platform::crypto;
use crate::platform::js;
use crate::prelude::*;

/// The header with an alias: of a page without cookies to the edge, and of the edge to the origin.
pub const HEADER: &str = "x-tl-device";
/// The hexadecimal digits of an alias, after its `v`.
const DIGITS: usize = 32;

/// The keys of device ids, which are derived from the private keys of profile tokens.
pub struct DeviceKeys(());

impl DeviceKeys {
    /// Derives the keys from the JWKS of profile tokens, or returns `None` if it has no private key.
    pub fn derive(jwks: &str) -> Option<Self> {
        (crypto::derive_device_keys(jwks) > 0).then_some(Self(()))
    }

    /// Returns the credential of a browser, for its cookie.
    pub fn cookie(&self, alias: &str) -> String {
        self.credential("id", alias)
    }

    /// Returns the alias of a browser's credential, if it is genuine.
    pub fn alias(&self, cookie: &str) -> Option<String> {
        self.verified("id", cookie)
    }

    /// Returns the ticket with which a script may send events of this device, and nothing else.
    pub fn owner_ticket(&self, alias: &str) -> String {
        self.credential("owner", alias)
    }

    /// Returns the alias of an owner's ticket, if it is genuine.
    pub fn owner(&self, ticket: &str) -> Option<String> {
        self.verified("owner", ticket)
    }

    /// Returns the value of a session's cookie. It is bound to the device, so nobody chooses the age of a session.
    pub fn session(&self, alias: &str, start: Millis) -> String {
        let start = start.0.to_string();
        format!("{start}.{}", self.mac("session", &[alias, &start]))
    }

    /// Returns the start of a session of this device, if its cookie is genuine.
    pub fn session_start(&self, alias: &str, cookie: &str) -> Option<Millis> {
        let (start, mac) = cookie.split_once('.')?;
        let is_genuine = crypto::is_device_mac(&text("session", &[alias, start]), mac);
        if is_genuine { start.parse().ok().map(Millis) } else { None }
    }

    fn credential(&self, usage: &str, alias: &str) -> String {
        format!("{alias}.{}", self.mac(usage, &[alias]))
    }

    fn verified(&self, usage: &str, credential: &str) -> Option<String> {
        let (alias, mac) = credential.split_once('.')?;
        (is_alias(alias) && crypto::is_device_mac(&text(usage, &[alias]), mac)).then(|| alias.to_owned())
    }

    #[expect(clippy::unused_self, reason = "a value of this type proves that there are keys")]
    fn mac(&self, usage: &str, parts: &[&str]) -> String {
        crypto::device_mac(&text(usage, parts))
    }
}

/// Returns the text of a MAC. No part contains a space.
fn text(usage: &str, parts: &[&str]) -> String {
    format!("{usage} {}", parts.join(" "))
}

/// Returns a new alias.
pub fn new_alias() -> String {
    js::random_id()
}

/// Whether a text has the form of an alias.
pub fn is_alias(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('v') else { return false };
    digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
