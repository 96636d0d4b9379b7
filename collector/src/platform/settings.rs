//! What the operator has set: variables and secrets, read once for each isolate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use throughline::keys::{KeySet, Purpose};
use worker::{Env, console_error};

use crate::platform::hash::same_secret;

/// `iss` and `aud` of tokens unless `ISSUER` and `AUDIENCE` say otherwise; the edge has the same.
const NAME: &str = "throughline";

/// What the operator has set.
pub struct Settings {
    write_keys: BTreeMap<String, Source>,
    secret_key: Option<String>,
    collector_key: Option<String>,
    /// Signs profile tokens.
    pub token_keys: KeySet,
    /// Checks plans.
    pub plan_keys: KeySet,
    /// Who issues tokens.
    pub issuer: String,
    /// Whom they are for.
    pub audience: String,
    /// How long a token is good, in seconds.
    pub token_seconds: u64,
    /// How long a plan is used before the store is asked again, in milliseconds.
    pub refresh: i64,
    /// Where messages go, by channel; `default` for the others.
    pub webhooks: BTreeMap<String, String>,
    /// Signs what is sent there.
    pub webhook_secret: Option<Vec<u8>>,
    /// How long to wait before a failed delivery is tried again, in milliseconds; doubled each time.
    pub retry: i64,
    /// How long events may wait for others before they are written to the archive, in milliseconds.
    pub archive_after: i64,
}

/// Who sends with a write key.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// Its name: the scope of message ids.
    #[serde(rename = "source")]
    pub name: String,
    /// Whether it is a server of ours: only then may its events set every trait, and prove who somebody is.
    #[serde(default)]
    pub trusted: bool,
}

thread_local! {
    static SETTINGS: RefCell<Option<Rc<Settings>>> = const { RefCell::new(None) };
}

impl Settings {
    /// The settings of this isolate.
    pub fn of(env: &Env) -> Rc<Self> {
        SETTINGS.with_borrow_mut(|known| known.get_or_insert_with(|| Rc::new(Self::read(env))).clone())
    }

    fn read(env: &Env) -> Self {
        let text = |name: &str| env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty());
        let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
        let millis = |name: &str, default: f64| millis(number(name).unwrap_or(default));
        Self {
            write_keys: json("WRITE_KEYS", text("WRITE_KEYS")),
            secret_key: text("SECRET_KEY"),
            collector_key: text("COLLECTOR_KEY"),
            token_keys: keys("TOKEN_KEYS", text("TOKEN_KEYS"), Purpose::Token),
            plan_keys: keys("PLAN_KEYS", text("PLAN_KEYS"), Purpose::Plan),
            issuer: text("ISSUER").unwrap_or_else(|| NAME.to_owned()),
            audience: text("AUDIENCE").unwrap_or_else(|| NAME.to_owned()),
            token_seconds: millis("TOKEN_SECONDS", 3600.0).unsigned_abs().div_euclid(1000).max(1),
            refresh: millis("REFRESH", 30.0),
            webhooks: json("WEBHOOKS", text("WEBHOOKS")),
            webhook_secret: text("WEBHOOK_SECRET").as_deref().and_then(crate::delivery::webhook::secret),
            retry: millis("WEBHOOK_RETRY", 5.0),
            archive_after: millis("ARCHIVE_AFTER", 60.0),
        }
    }

    /// The source that a write key belongs to.
    pub fn source(&self, write_key: &str) -> Option<&Source> {
        let mut found = None;
        // Every key is compared, so that the time tells nothing of where the right one stands.
        for (known, source) in &self.write_keys {
            if same_secret(write_key, known) {
                found = Some(source);
            }
        }
        found
    }

    /// Whether this is the key for reading profiles; none is, if none is set.
    pub fn is_secret_key(&self, shown: &str) -> bool {
        self.secret_key.as_deref().is_some_and(|known| same_secret(shown, known))
    }

    /// Whether this is the edge's key; none is, if none is set.
    pub fn is_collector_key(&self, shown: &str) -> bool {
        self.collector_key.as_deref().is_some_and(|known| same_secret(shown, known))
    }
}

/// Seconds as written by a person, at most a year, in milliseconds.
#[expect(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn millis(seconds: f64) -> i64 {
    const YEAR: f64 = 365.0 * 86400.0;
    (seconds.clamp(0.0, YEAR) * 1000.0) as i64
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
