//! The operator's settings: variables and secrets, read once per isolate.

use throughline::keys::{KeySet, Purpose, Unmarked};
use throughline::token::{PreviewVerifier, Verifier};
use wasm_bindgen::JsValue;

use crate::error::log;
use crate::platform::crypto::Platform;
use crate::platform::js;
use crate::prelude::*;
use crate::visitor::device::DeviceKeys;

/// The default of `PREFIX`.
const PREFIX: &str = "/_tl/";
/// The default of `ISSUER` and `AUDIENCE`, which is also the collector's.
const NAME: &str = "throughline";
/// The default of `REFRESH`, in seconds.
const REFRESH: u32 = 30;
/// The default of `FRESH`, in seconds.
const FRESH: u32 = 10;
/// The default of `FRESH_WAIT`, in milliseconds.
const FRESH_WAIT: u32 = 50;

/// The endpoints that have the addresses of a standard besides those under the prefix.
pub struct StandardPaths {
    /// `/.well-known/jwks.json`. By default it is the site's, which may publish keys of its own there.
    pub jwks: bool,
    /// `/ofrep/v1/`.
    pub ofrep: bool,
}

/// The operator's settings.
pub struct Config {
    /// The path prefix of the endpoints, which begins and ends with a slash.
    pub prefix: String,
    /// The origin of pages; `None` for the static assets or, without these, for the zone that this worker is a route of.
    pub origin: Option<String>,
    /// The origin of the site as visitors see it, `https://shop.example`; `None` if it is that of the request.
    pub public_origin: Option<String>,
    /// Whether the key set and OpenFeature have their addresses outside the prefix as well.
    pub standard_paths: StandardPaths,
    /// The issuer of tokens.
    pub issuer: String,
    /// The audience of tokens.
    pub audience: String,
    /// Verifies profile tokens, and has the key that signs them again.
    pub tokens: Option<Verifier>,
    /// Makes and checks the ids of browsers; `None` without a private key for tokens.
    pub devices: Option<DeviceKeys>,
    /// The domain whose hosts share the visitor's cookies; `None` if each host has its own.
    pub cookie_domain: Option<String>,
    /// The keys that plans must be signed with.
    pub plan_keys: KeySet,
    /// Verifies preview tokens; `None` without previews.
    pub previews: Option<PreviewVerifier>,
    /// The other origins whose pages may use the endpoints.
    pub allowed_origins: Vec<String>,
    /// The date since which the site honours Global Privacy Control; `None` if the site makes no statement.
    pub gpc_since: Option<String>,
    /// The key that authenticates the edge to the collector.
    pub collector_key: Option<String>,
    /// The time after which the store is asked for a newer plan, in milliseconds.
    pub refresh_ms: i64,
    /// The age of a visitor's facts at which the collector is asked again, in milliseconds; `None` if it never is.
    pub fresh_ms: Option<i64>,
    /// The time that a response waits for it, and for a newer plan, beyond the origin, in milliseconds.
    pub fresh_wait_ms: u32,
    /// Whether pages may open the live channel.
    pub live: bool,
    /// Missing and invalid settings, for `health`.
    pub problems: Vec<String>,
}

impl Config {
    /// Reads the variables and secrets. An invalid one is reported in `problems` and replaced by a safe default.
    pub fn read(env: &JsValue) -> Self {
        let mut problems = Vec::new();
        let issuer = js::variable(env, "ISSUER").unwrap_or_else(|| NAME.to_owned());
        let audience = js::variable(env, "AUDIENCE").unwrap_or_else(|| NAME.to_owned());

        let token_keys = keys(env, "TOKEN_KEYS", Purpose::Token, &mut problems);
        let devices = if token_keys.is_empty() { None } else { js::variable(env, "TOKEN_KEYS") };
        let devices = devices.and_then(|jwks| DeviceKeys::derive(&jwks));
        if !token_keys.is_empty() && (token_keys.signer().is_none() || devices.is_none()) {
            problems.push("`TOKEN_KEYS` has no private key: no browser is recognised, and no caps apply".to_owned());
        }
        let plan_keys = keys(env, "PLAN_KEYS", Purpose::Plan, &mut problems);
        // Previews are optional, so missing keys are not a problem.
        let preview_keys =
            js::variable(env, "PREVIEW_KEYS").map(|_| keys(env, "PREVIEW_KEYS", Purpose::Preview, &mut problems));
        Self {
            prefix: prefix(env, &mut problems),
            origin: origin(env, &mut problems),
            public_origin: public_origin(env, &mut problems),
            standard_paths: StandardPaths {
                jwks: switch(env, "JWKS", false, &mut problems),
                ofrep: switch(env, "OFREP", true, &mut problems),
            },
            devices,
            cookie_domain: cookie_domain(env, &mut problems),
            tokens: Verifier::new(token_keys, &issuer, &audience).ok(),
            previews: preview_keys.and_then(|keys| PreviewVerifier::new(keys, &issuer, &audience).ok()),
            plan_keys,
            issuer,
            audience,
            allowed_origins: origins(env, &mut problems),
            gpc_since: gpc_since(env, &mut problems),
            collector_key: collector_key(env, &mut problems),
            refresh_ms: seconds(env, "REFRESH", REFRESH, &mut problems),
            fresh_ms: fresh(env, &mut problems),
            fresh_wait_ms: whole(env, "FRESH_WAIT", FRESH_WAIT, 10_000, "milliseconds", &mut problems),
            live: switch(env, "LIVE", false, &mut problems),
            problems,
        }
    }

    /// Whether visitors reach the site without TLS.
    pub fn is_plain(&self) -> bool {
        self.public_origin.as_deref().is_some_and(|origin| origin.starts_with("http://"))
    }
}

/// Reports an invalid setting. `health`, which anybody may read, does not show its value; the log does.
fn report(problems: &mut Vec<String>, name: &str, found: &str, expected: &str) {
    log(&format!("`{name}` is `{found}`, {expected}"));
    problems.push(format!("`{name}` is invalid, {expected}; its value is in the log"));
}

fn keys(env: &JsValue, name: &str, purpose: Purpose, problems: &mut Vec<String>) -> KeySet {
    let Some(text) = js::variable(env, name) else {
        problems.push(format!("`{name}` is not set, expected a JWKS with keys for `{}`", purpose.name()));
        return KeySet::new_by(&Platform, purpose);
    };
    match KeySet::parse_by(&Platform, &text, purpose, Unmarked::Skip) {
        Ok(keys) => {
            if keys.is_empty() {
                let skipped: Vec<String> = keys.skipped().iter().map(ToString::to_string).collect();
                problems.push(format!("`{name}` has no key for `{}`: {}", purpose.name(), skipped.join(", ")));
            }
            keys
        }
        Err(error) => {
            problems.push(format!("`{name}`: {error}"));
            KeySet::new_by(&Platform, purpose)
        }
    }
}

fn prefix(env: &JsValue, problems: &mut Vec<String>) -> String {
    let Some(found) = js::variable(env, "PREFIX") else { return PREFIX.to_owned() };
    let is_good = found.len() > 2
        && found.starts_with('/')
        && found.ends_with('/')
        && found.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-.~".contains(&byte));
    if is_good {
        return found;
    }
    report(problems, "PREFIX", &found, &format!("expected a path such as `{PREFIX}`; `{PREFIX}` is used"));
    PREFIX.to_owned()
}

fn origin(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let found = js::variable(env, "ORIGIN")?;
    let host = found.strip_prefix("https://").or_else(|| found.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.contains(['?', '#', ' ']) {
        report(problems, "ORIGIN", &found, "expected a URL such as `https://shop.example`; it is ignored");
        return None;
    }
    Some(found.trim_end_matches('/').to_owned())
}

/// Returns scheme and host as browsers write them in `Origin`: in lower case, and without the scheme's own port.
fn public_origin(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let found = js::variable(env, "PUBLIC_ORIGIN")?;
    let origin = found.trim_end_matches('/').to_ascii_lowercase();
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let port = if scheme == "https" { ":443" } else { ":80" };
    if matches!(scheme, "https" | "http") && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', ',']) {
        return Some(format!("{scheme}://{}", host.strip_suffix(port).unwrap_or(host)));
    }
    report(problems, "PUBLIC_ORIGIN", &found, "expected an origin such as `https://shop.example`; it is ignored");
    None
}

fn collector_key(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let key = js::variable(env, "COLLECTOR_KEY");
    if key.is_none() {
        problems.push("`COLLECTOR_KEY` is not set: events wait in the outbox, and facts are never fresh".to_owned());
    }
    key
}

fn cookie_domain(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let found = js::variable(env, "COOKIE_DOMAIN")?.to_ascii_lowercase();
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let domain = found.strip_prefix('.').unwrap_or(&found);
    if domain.contains('.') && domain.split('.').all(is_label) {
        return Some(domain.to_owned());
    }
    report(problems, "COOKIE_DOMAIN", &found, "expected a domain such as `shop.example`; it is ignored");
    None
}

fn origins(env: &JsValue, problems: &mut Vec<String>) -> Vec<String> {
    let list = js::variable(env, "ALLOWED_ORIGINS").unwrap_or_default();
    let (good, bad): (Vec<&str>, Vec<&str>) = list
        .split([',', ' '])
        .filter(|origin| !origin.is_empty())
        .partition(|origin| origin.contains("://") && !origin.contains('*') && !origin.ends_with('/'));
    for origin in bad {
        report(
            problems,
            "ALLOWED_ORIGINS",
            origin,
            "expected origins such as `https://app.shop.example`; the others are ignored",
        );
    }
    good.into_iter().map(str::to_owned).collect()
}

fn gpc_since(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let found = js::variable(env, "GPC_SINCE")?;
    let is_date = found.len() == 10
        && found
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if !is_date {
        report(problems, "GPC_SINCE", &found, "expected a date such as `2026-11-25`; it is ignored");
        return None;
    }
    Some(found)
}

fn fresh(env: &JsValue, problems: &mut Vec<String>) -> Option<i64> {
    let is_off = js::variable(env, "FRESH").is_some_and(|word| word == "off");
    (!is_off).then(|| seconds(env, "FRESH", FRESH, problems))
}

fn switch(env: &JsValue, name: &str, default: bool, problems: &mut Vec<String>) -> bool {
    match js::variable(env, name).as_deref() {
        None => default,
        Some("on") => true,
        Some("off") => false,
        Some(found) => {
            let used = if default { "on" } else { "off" };
            report(problems, name, found, &format!("expected `on` or `off`; `{used}` is used"));
            default
        }
    }
}

/// Returns a time that is set in seconds, in milliseconds.
fn seconds(env: &JsValue, name: &str, default: u32, problems: &mut Vec<String>) -> i64 {
    i64::from(whole(env, name, default, 3600, "seconds", problems)).saturating_mul(1000)
}

fn whole(env: &JsValue, name: &str, default: u32, most: u32, unit: &str, problems: &mut Vec<String>) -> u32 {
    let found = js::variable(env, name).unwrap_or_else(|| default.to_string());
    found.parse::<u32>().ok().filter(|number| *number <= most).unwrap_or_else(|| {
        report(problems, name, &found, &format!("expected whole {unit} from 0 to {most}; {default} is used"));
        default
    })
}
