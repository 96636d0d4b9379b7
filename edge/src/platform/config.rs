//! The operator's settings: variables and secrets, read once per isolate.

use throughline::keys::{KeySet, Purpose, Unmarked};
use throughline::token::{PreviewVerifier, Verifier};
use wasm_bindgen::JsValue;

use crate::platform::crypto::Platform;
use crate::platform::js;
use crate::prelude::*;

/// The default of `PREFIX`.
const PREFIX: &str = "/_tl/";
/// The default of `ISSUER` and `AUDIENCE`, which is also the collector's.
const NAME: &str = "throughline";
/// The default of `REFRESH`, in seconds.
const REFRESH: u32 = 30;

/// The operator's settings.
pub struct Config {
    /// The path prefix of the endpoints, which begins and ends with a slash.
    pub prefix: String,
    /// The origin of pages; `None` for the static assets or, without these, for the zone that this worker is a route of.
    pub origin: Option<String>,
    /// The issuer of tokens.
    pub issuer: String,
    /// The audience of tokens.
    pub audience: String,
    /// Verifies profile tokens, and has the key that signs them again.
    pub tokens: Option<Verifier>,
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
        if !token_keys.is_empty() && token_keys.signer().is_none() {
            problems
                .push("`TOKEN_KEYS` has no private key: caps apply only after the collector has responded".to_owned());
        }
        let plan_keys = keys(env, "PLAN_KEYS", Purpose::Plan, &mut problems);
        // Previews are optional, so missing keys are not a problem.
        let preview_keys =
            js::variable(env, "PREVIEW_KEYS").map(|_| keys(env, "PREVIEW_KEYS", Purpose::Preview, &mut problems));
        Self {
            prefix: prefix(env, &mut problems),
            origin: origin(env, &mut problems),
            tokens: Verifier::new(token_keys, &issuer, &audience).ok(),
            previews: preview_keys.and_then(|keys| PreviewVerifier::new(keys, &issuer, &audience).ok()),
            plan_keys,
            issuer,
            audience,
            allowed_origins: origins(env, &mut problems),
            gpc_since: gpc_since(env, &mut problems),
            collector_key: js::variable(env, "COLLECTOR_KEY"),
            refresh_ms: refresh(env, &mut problems),
            problems,
        }
    }
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
    problems.push(format!("`PREFIX` is `{found}`, expected a path such as `{PREFIX}`; `{PREFIX}` is used"));
    PREFIX.to_owned()
}

fn origin(env: &JsValue, problems: &mut Vec<String>) -> Option<String> {
    let found = js::variable(env, "ORIGIN")?;
    let host = found.strip_prefix("https://").or_else(|| found.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.contains(['?', '#', ' ']) {
        problems.push(format!("`ORIGIN` is `{found}`, expected a URL such as `https://shop.example`"));
        return None;
    }
    Some(found.trim_end_matches('/').to_owned())
}

fn origins(env: &JsValue, problems: &mut Vec<String>) -> Vec<String> {
    let list = js::variable(env, "ALLOWED_ORIGINS").unwrap_or_default();
    let (good, bad): (Vec<&str>, Vec<&str>) = list
        .split([',', ' '])
        .filter(|origin| !origin.is_empty())
        .partition(|origin| origin.contains("://") && !origin.contains('*') && !origin.ends_with('/'));
    for origin in bad {
        problems.push(format!(
            "`{origin}` in `ALLOWED_ORIGINS` is ignored, expected origins such as `https://app.shop.example`"
        ));
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
        problems.push(format!("`GPC_SINCE` is `{found}`, expected a date such as `2026-11-25`"));
        return None;
    }
    Some(found)
}

fn refresh(env: &JsValue, problems: &mut Vec<String>) -> i64 {
    let found = js::variable(env, "REFRESH").unwrap_or_else(|| REFRESH.to_string());
    let seconds = found.parse::<u32>().ok().filter(|seconds| *seconds <= 3600).unwrap_or_else(|| {
        problems.push(format!("`REFRESH` is `{found}`, expected whole seconds from 0 to 3600; {REFRESH} is used"));
        REFRESH
    });
    i64::from(seconds).saturating_mul(1000)
}
