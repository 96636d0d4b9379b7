//! The token for the edge: the facts that the current plan needs, signed.

use throughline::token::{self, Claims};
use throughline::{Millis, Object, Plan, Profile as Known, Value};
use worker::{Result, console_error};

use crate::platform::plan_cache;
use crate::profile::rpc::{Mint, Minted};
use crate::profile::session::Live;
use crate::profile::{Profile, now_ms};

impl Profile {
    /// Signs the facts that the plan needs.
    ///
    /// What trusted senders said is only for devices that a trusted sender has named: anybody can say that they are
    /// somebody, and would read about them.
    pub async fn mint(&self, question: Mint) -> Result<Minted> {
        let Some(plan) = plan_cache::current(&self.env).await else { return Ok(nothing("no plan is loaded")) };
        let store = self.store()?;
        if let Some(winner) = store.meta("moved_to")? {
            return Ok(Minted::Moved(winner));
        }
        if !question.proven && store.meta("secured")?.unwrap_or(false) {
            return Ok(nothing("no trusted sender has linked the device to the person"));
        }
        if store.meta::<String>("account")?.is_some() {
            return Ok(nothing("accounts get no tokens"));
        }
        if !store.is_known()? {
            return Ok(nothing("the profile is empty"));
        }
        self.recall_account(&plan).await?;
        let subject = self.subject()?;
        let (now, loaded_plan) = (now_ms(), plan.clone());
        let (profile, version) = self
            .transact(move |store| {
                let mut live = Live::load(store, Some(loaded_plan), &subject)?;
                let profile = live.profile.clone();
                Ok((profile, live.settle(now)?))
            })
            .await?;
        Ok(self.sign(&plan, profile, version, now))
    }

    fn sign(&self, plan: &Plan, mut profile: Known, version: u64, now: i64) -> Minted {
        let settings = &self.settings;
        let Some(key) = settings.token_keys.signer() else { return nothing("`TOKEN_KEYS` has no private key") };
        profile.decide_segments(plan, Millis(now));
        let mut facts = profile.project(plan, Millis(now));
        let harmless = facts.traits.iter().filter(|(name, known)| !is_personal(name, &known.0));
        facts.traits = harmless.map(|(name, known)| (name.to_owned(), known.clone())).collect();
        let issued = now.unsigned_abs().div_euclid(1000);
        let claims = |facts: Known| Claims {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            sub: profile.subject.clone(),
            iat: issued,
            exp: issued.saturating_add(settings.token_seconds),
            ver: version,
            facts,
        };
        let fits = |facts: &Known| {
            token::minted_length(key, &claims(facts.clone())).is_ok_and(|length| length <= token::jws::MAX_TOKEN)
        };
        facts.truncate_to_budget(fits);
        let claims = claims(facts);
        match token::mint(key, &claims) {
            Ok(token) => Minted::Token { token, subject: claims.sub, expires: claims.exp, version },
            Err(error) => {
                console_error!("token not issued: {error}");
                nothing(&error.to_string())
            }
        }
    }
}

fn nothing(why: &str) -> Minted {
    Minted::Nothing(why.to_owned())
}

/// Whether a value, or a part of it, looks like personal data: then it stays here, whatever the rules say.
fn is_personal(name: &str, value: &Value) -> bool {
    let inside = |members: &Object| members.iter().any(|(name, value)| is_personal(name, value));
    token::detect_pii(name).is_some()
        || match value {
            Value::String(text) => token::detect_pii(text).is_some(),
            Value::Array(items) => items.iter().any(|item| is_personal("", item)),
            Value::Object(members) => inside(members),
            _ => false,
        }
}
