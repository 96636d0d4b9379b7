//! Identity resolution: from what a call names to the profile of its event.
//!
//! | who says it | where the event goes |
//! |---|---|
//! | a trusted sender, or a `userHash` | to the person, with the device ([`proven`]) |
//! | a device | to the profile that it leads to ([`device`]) |
//! | a token in force, without a device | to the profile that it names |
//! | nobody proves the person, and there is no device | to a profile of such claims, which never joins any other |
//!
//! Every step is idempotent, so the same or another sender may repeat a resolution that was interrupted anywhere.

mod device;
mod proven;

use worker::{Env, Result};

use crate::event::identifier::Identifier;
use crate::identity::find;
use crate::identity::rules::IdentityRules;
use crate::ingest::named::{Named, Person};
use crate::profile::client;

pub use device::{current_profile, replace_device};

/// The remark on an event whose person is only claimed.
const UNPROVEN: &str = "the user id is not proven";

/// The profile that an event belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedProfile {
    /// The profile.
    pub profile: String,
    /// The identifier of the sender, if it has proven nothing.
    pub unproven: Option<String>,
    /// The profile that shows a copy of the event, because the person is claimed.
    pub shown_at: Option<String>,
    /// A remark for the sender.
    pub warning: Option<&'static str>,
}

impl ResolvedProfile {
    fn proven(profile: String) -> Self {
        Self { profile, ..Self::default() }
    }

    fn unproven(profile: String, by: &Identifier) -> Self {
        Self { profile, unproven: Some(by.to_string()), ..Self::default() }
    }
}

/// Returns the profile of what a call names, which is created if there is none, or `None` if it names nobody.
pub async fn resolve(env: &Env, rules: &IdentityRules, named: &Named) -> Result<Option<ResolvedProfile>> {
    if let Some(erased) = erased_person(env, claimed(&named.person)).await? {
        return Ok(Some(ResolvedProfile::proven(erased)));
    }
    let resolved = match (&named.person, &named.device, &named.token) {
        (Person::Proven(people), device, _) if !people.is_empty() => {
            proven::resolve(env, rules, named, people, device.as_ref()).await?
        }
        (person, Some(device), token) => device::resolve(env, named, device, claimed(person), token.as_deref()).await?,
        (person, None, Some(profile)) => of_token(env, profile, claimed(person)).await?,
        (Person::Claimed(id), None, None) => of_claim(id),
        (Person::Nobody | Person::Proven(_), None, None) => return Ok(None),
    };
    Ok(Some(resolved))
}

/// Returns the profile that shows what somebody claims to be a person: the person's, or one of such claims.
pub async fn profile_shown(env: &Env, claimed: &Identifier) -> Result<String> {
    Ok(find(env, claimed).await?.map_or_else(|| claimed.claimed_profile(), |link| link.profile))
}

fn claimed(person: &Person) -> Option<&Identifier> {
    match person {
        Person::Claimed(id) => Some(id),
        Person::Nobody | Person::Proven(_) => None,
    }
}

/// Returns the erased profile of a claimed person, if the person is erased. It ignores the event, whoever says it.
async fn erased_person(env: &Env, claimed: Option<&Identifier>) -> Result<Option<String>> {
    let Some(id) = claimed else { return Ok(None) };
    Ok(find(env, id).await?.filter(|link| link.erased).map(|link| link.profile))
}

fn of_claim(id: &Identifier) -> ResolvedProfile {
    let resolved = ResolvedProfile::unproven(id.claimed_profile(), id);
    ResolvedProfile { warning: Some(UNPROVEN), ..resolved }
}

/// Returns the profile of a token in force. A token of a person does not speak for another one.
async fn of_token(env: &Env, profile: &str, claim: Option<&Identifier>) -> Result<ResolvedProfile> {
    let Some(claim) = claim else { return Ok(ResolvedProfile::proven(profile.to_owned())) };
    let (profile, surveyed) = client::survey(env, profile).await?;
    if surveyed.is_person && !surveyed.people.contains(claim) {
        Ok(of_claim(claim))
    } else {
        Ok(ResolvedProfile::proven(profile))
    }
}
