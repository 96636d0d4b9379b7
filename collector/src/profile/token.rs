//! The token for the edge: the facts that the current plan needs, signed.

use std::rc::Rc;

use throughline::keys::Key;
use throughline::token::{self, Claims};
use throughline::{Millis, Object, Plan, Profile, Value};
use worker::{Result, console_error};

use crate::platform::clock;
use crate::platform::plan_cache;
use crate::platform::settings::Settings;
use crate::profile::account::pull_from_account;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{MaybeMoved, MintToken, Minted};
use crate::store::{ProfileStore, key};

/// Mints a token with the facts that the plan needs.
pub async fn mint_token(context: &ObjectContext, request: &MintToken) -> Result<MaybeMoved<Minted>> {
    let Some(plan) = plan_cache::current(&context.env).await else { return Ok(nothing("no plan is loaded")) };
    let store = context.store()?;
    if store.is_erased()? {
        return Ok(MaybeMoved::Here(Minted::Erased));
    }
    if let Some(winner) = store.get(key::MOVED_TO)? {
        return Ok(MaybeMoved::Moved(winner));
    }
    if !store.is_known()? {
        // An erasure without a tombstone leaves an empty profile to which tokens in force may still lead.
        return Ok(MaybeMoved::Here(Minted::Erased));
    }
    if let Some(reason) = refusal(&store, request.proven)? {
        return Ok(nothing(reason));
    }
    pull_from_account(context, &plan).await?;
    let now = clock::now();
    let loaded = context.with_session(Some(plan.clone()), move |session| {
        // The token has the facts before the journeys advance; its version is the one after.
        let profile = session.profile().clone();
        Ok((profile, session.advance_and_save(now)?))
    });
    let (profile, version) = loaded.await?;
    Ok(MaybeMoved::Here(sign(&context.settings, &plan, profile, version, now)))
}

/// Returns why there is no token for this profile.
///
/// Facts of a person are only for who has proven to be that person. Anybody can claim it, and would otherwise read them.
pub fn refusal(store: &ProfileStore, is_proven: bool) -> Result<Option<&'static str>> {
    if !is_proven && store.is_person()? {
        return Ok(Some("it is not proven that the device is the person's"));
    }
    if store.contains(key::ACCOUNT)? {
        return Ok(Some("accounts get no tokens"));
    }
    Ok(None)
}

fn sign(settings: &Settings, plan: &Rc<Plan>, profile: Profile, version: u64, now: i64) -> Minted {
    let Some(key) = settings.token_keys.signer() else {
        return Minted::Nothing("`TOKEN_KEYS` has no private key".to_owned());
    };
    let claims = claims(settings, key, plan, profile, version, now);
    match token::mint(key, &claims) {
        Ok(token) => Minted::Token { token, subject: claims.sub, expires: claims.exp, version },
        Err(error) => {
            console_error!("token not issued: {error}");
            Minted::Nothing(error.to_string())
        }
    }
}

/// Returns the claims, with facts truncated so that the token is not too long.
fn claims(settings: &Settings, key: &Key, plan: &Plan, profile: Profile, version: u64, now: i64) -> Claims<Profile> {
    let mut facts = projected_facts(plan, profile, now);
    let issued = now.unsigned_abs().div_euclid(1000);
    let subject = facts.subject.clone();
    let claims = |facts: Profile| Claims {
        iss: settings.issuer.clone(),
        aud: settings.audience.clone(),
        sub: subject.clone(),
        iat: issued,
        exp: issued.saturating_add(settings.token_seconds),
        ver: version,
        facts,
    };
    facts.truncate_to_budget(|facts: &Profile| {
        token::minted_length(key, &claims(facts.clone())).is_ok_and(|length| length <= token::jws::MAX_TOKEN)
    });
    claims(facts)
}

/// Returns the facts that the plan needs, without traits that look like personal data.
fn projected_facts(plan: &Plan, mut profile: Profile, now: i64) -> Profile {
    profile.decide_segments(plan, Millis(now));
    let mut facts = profile.project(plan, Millis(now));
    let harmless = facts.traits.iter().filter(|(name, known)| !is_pii(name, &known.0));
    facts.traits = harmless.map(|(name, known)| (name.to_owned(), known.clone())).collect();
    facts
}

fn nothing(reason: &str) -> MaybeMoved<Minted> {
    MaybeMoved::Here(Minted::Nothing(reason.to_owned()))
}

/// Returns whether a name or a value, or a part of it, looks like personal data. It then never leaves the collector,
/// whatever the rules say.
fn is_pii(name: &str, value: &Value) -> bool {
    let inside = |members: &Object| members.iter().any(|(name, value)| is_pii(name, value));
    token::detect_pii(name).is_some()
        || match value {
            Value::String(text) => token::detect_pii(text).is_some(),
            Value::Array(items) => items.iter().any(|item| is_pii("", item)),
            Value::Object(members) => inside(members),
            _ => false,
        }
}
