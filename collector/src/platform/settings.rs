//! The operator's variables and secrets, read once per isolate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use throughline::keys::{KeySet, Purpose};
use throughline::token::HandOverVerifier;
use worker::{Env, console_error};

use crate::platform::hash::same_secret;

/// The default `iss` and `aud` of tokens; the edge has the same.
const DEFAULT_NAME: &str = "throughline";

/// The operator's variables and secrets.
pub struct Settings {
    write_keys: BTreeMap<String, Source>,
    secret_key: Option<String>,
    collector_key: Option<String>,
    /// The private keys that sign profile tokens.
    pub token_keys: KeySet,
    /// The public keys that plans are verified with.
    pub plan_keys: KeySet,
    /// The verifier of hand-over tokens, which have the keys of profile tokens.
    pub hand_overs: Option<HandOverVerifier>,
    /// The `iss` of tokens.
    pub issuer: String,
    /// The `aud` of tokens.
    pub audience: String,
    /// The lifetime of a token, in seconds.
    pub token_seconds: u64,
    /// The time for which a plan is used before KV is checked again, in milliseconds.
    pub refresh: i64,
    /// The delivery webhook of each channel; `default` for the others.
    pub webhooks: BTreeMap<String, String>,
    /// The key that signs webhook requests.
    pub webhook_key: Option<Vec<u8>>,
    /// The wait before a failed delivery or call is retried, in milliseconds; doubled each time.
    pub retry: i64,
    /// The secrets of `userHash`, any of which proves; several while one is replaced.
    pub user_hash_secrets: Vec<String>,
    /// The time for which events may wait to be archived together with others, in milliseconds.
    pub archive_after: i64,
}

/// The sender that a write key belongs to.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// Its name, which is the scope of its message ids.
    #[serde(rename = "source")]
    pub name: String,
    /// Whether it is one of the operator's servers. Only then may its events set every trait and prove who a device
    /// belongs to.
    #[serde(default)]
    pub trusted: bool,
    /// Whether a user id that it has not proven is shown at the person, if not as the rules say.
    #[serde(default)]
    pub identity: Option<Identity>,
}

/// The effect of an identifier that nobody has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// None.
    Proven,
    /// It is shown with the person, beside what is proven.
    Claimed,
}

thread_local! {
    static SETTINGS: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
}

impl Settings {
    /// Returns the settings of this isolate.
    pub fn of(env: &Env) -> Rc<Self> {
        SETTINGS.with_borrow_mut(|known| known.get_or_insert_with(|| Rc::new(Self::read(env))).clone())
    }

    fn read(env: &Env) -> Self {
        let text = |name: &str| env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty());
        let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
        let millis = |name: &str, default: f64| millis(number(name).unwrap_or(default));
        let name = |name: &str| text(name).unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let (issuer, audience) = (name("ISSUER"), name("AUDIENCE"));
        let token_keys = || keys("TOKEN_KEYS", text("TOKEN_KEYS"), Purpose::Token);
        Self {
            write_keys: json("WRITE_KEYS", text("WRITE_KEYS")),
            secret_key: text("SECRET_KEY"),
            collector_key: text("COLLECTOR_KEY"),
            token_keys: token_keys(),
            hand_overs: HandOverVerifier::new(token_keys(), &issuer, &audience).ok(),
            plan_keys: keys("PLAN_KEYS", text("PLAN_KEYS"), Purpose::Plan),
            issuer,
            audience,
            token_seconds: millis("TOKEN_SECONDS", 3600.0).unsigned_abs().div_euclid(1000).max(1),
            refresh: millis("REFRESH", 30.0),
            webhooks: json("WEBHOOKS", text("WEBHOOKS")),
            webhook_key: text("WEBHOOK_SECRET").as_deref().and_then(webhook_key),
            retry: millis("WEBHOOK_RETRY", 5.0),
            user_hash_secrets: words(text("USER_HASH_SECRET")),
            archive_after: millis("ARCHIVE_AFTER", 60.0),
        }
    }

    /// Returns the source that a write key belongs to.
    pub fn source(&self, write_key: &str) -> Option<&Source> {
        let mut found = None;
        // Every key is compared, so that the time does not reveal the position of the right one.
        for (known, source) in &self.write_keys {
            if same_secret(write_key, known) {
                found = Some(source);
            }
        }
        found
    }

    /// Returns whether this is the secret key, which reads profiles. Without a configured key none matches.
    pub fn is_secret_key(&self, shown: &str) -> bool {
        self.secret_key.as_deref().is_some_and(|known| same_secret(shown, known))
    }

    /// Returns whether this is the edge's key. Without a configured key none matches.
    pub fn is_collector_key(&self, shown: &str) -> bool {
        self.collector_key.as_deref().is_some_and(|known| same_secret(shown, known))
    }
}

/// Converts configured seconds, at most a year, to milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn millis(seconds: f64) -> i64 {
    const YEAR: f64 = 365.0 * 86400.0;
    (seconds.clamp(0.0, YEAR) * 1000.0) as i64
}

fn words(text: Option<String>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn json<T: Default + for<'de> Deserialize<'de>>(name: &str, text: Option<String>) -> T {
    let parsed = text.map(|text| serde_json::from_str(&text));
    parsed
        .and_then(|parsed| parsed.map_err(|error| console_error!("{name} is invalid and ignored: {error}")).ok())
        .unwrap_or_default()
}

fn keys(name: &str, text: Option<String>, purpose: Purpose) -> KeySet {
    let parsed = text.map(|text| KeySet::parse(&text, purpose));
    let read =
        parsed.and_then(|parsed| parsed.map_err(|error| console_error!("{name} is invalid and ignored: {error}")).ok());
    read.unwrap_or_else(|| KeySet::new(purpose))
}

/// Returns the key in a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`. A secret that is not base64 is the key
/// itself.
fn webhook_key(secret: &str) -> Option<Vec<u8>> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    Some(Base64::decode_vec(encoded).unwrap_or_else(|_| secret.as_bytes().to_vec())).filter(|key| !key.is_empty())
}
