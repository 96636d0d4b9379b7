//! Identity resolution: from the identifiers of an event to the id of its profile.
//!
//! - A device without a person and a person become one profile.
//! - A device that belongs to another person does not join two people. It belongs to the new person from then on.
//!
//! Every step is idempotent, so the same or another sender may repeat a resolution that was interrupted anywhere.

use worker::{Env, Result};

use crate::event::identifier::{Identifier, is_profile};
use crate::identity::{Change, Link, change};
use crate::profile::client;
use crate::profile::rpc::{ClaimIdentifier, IdentifierClaim, MergeFrom};

/// The identifiers of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifiers {
    /// The device.
    pub anonymous_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
    /// The subject that the edge served.
    pub subject: Option<String>,
    /// Whether a trusted sender named them.
    pub trusted: bool,
}

/// The profile that an event belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedProfile {
    /// The profile.
    pub profile: String,
    /// Whether the device may see facts from trusted senders.
    pub proven: bool,
}

/// Returns the profile of these identifiers, which is created if there is none, or `None` without any identifier.
pub async fn resolve(env: &Env, identifiers: &Identifiers) -> Result<Option<ResolvedProfile>> {
    match (&identifiers.anonymous_id, &identifiers.user_id) {
        (Some(device), Some(user)) => join(env, identifiers, device, user).await.map(Some),
        (Some(device), None) => device_profile(env, identifiers, device).await,
        (None, Some(user)) => {
            let profile = person_profile(env, user, None).await?;
            Ok(Some(ResolvedProfile { profile, proven: identifiers.trusted }))
        }
        // The edge read the subject from a token that the collector signed.
        (None, None) => Ok(identifiers.subject.clone().map(|profile| ResolvedProfile { profile, proven: true })),
    }
}

async fn device_profile(env: &Env, identifiers: &Identifiers, device: &str) -> Result<Option<ResolvedProfile>> {
    let claim = Change::Claim { profile: first_profile(identifiers, device) };
    let link = change(env, &Identifier::anonymous(device), claim).await?;
    Ok(link.map(|link| ResolvedProfile { profile: link.profile, proven: link.trusted }))
}

/// Returns the profile that a device creates: the subject that the edge served if it equals the device id, so that both
/// count for one profile.
///
/// A device id that looks like a profile id creates a profile of its own, so nobody can take over a profile by its id.
fn first_profile(identifiers: &Identifiers, device: &str) -> String {
    let same = identifiers.subject.as_deref() == Some(device) && !is_profile(device);
    if same { device.to_owned() } else { Identifier::anonymous(device).profile() }
}

/// Returns the person's profile. A new person gets `profile`, or one of their own.
async fn person_profile(env: &Env, user: &str, profile: Option<&str>) -> Result<String> {
    let id = Identifier::user(user);
    let profile = profile.map_or_else(|| id.profile(), str::to_owned);
    let link = change(env, &id, Change::Claim { profile: profile.clone() }).await?;
    Ok(link.map_or(profile, |link| link.profile))
}

/// Resolves a device and a person in one event.
async fn join(env: &Env, identifiers: &Identifiers, device: &str, user: &str) -> Result<ResolvedProfile> {
    let person = change(env, &Identifier::user(user), Change::Find).await?;
    if let Some(link) = person.filter(|link| link.erased) {
        // The erased profile ignores the event. The device is not linked to it.
        return Ok(ResolvedProfile { profile: link.profile, proven: false });
    }
    let (profile, trusted) = (first_profile(identifiers, device), identifiers.trusted);
    let device = Identifier::anonymous(device);
    let wanted = Change::Link { profile, user: user.to_owned(), trusted };
    let Some(link) = change(env, &device, wanted).await? else {
        return Err("the identity object did not respond".into());
    };
    if link.user.as_deref() != Some(user) {
        return reassign(env, &device, user, trusted).await;
    }
    let profile = match change(env, &Identifier::user(user), Change::Find).await? {
        Some(known) => known.profile,
        None => first_device(env, &link, user).await?,
    };
    if profile != link.profile {
        let merge = MergeFrom { loser: link.profile.clone(), user: user.to_owned() };
        client::call(env, &profile, &merge).await?;
        change(env, &device, Change::Move { from: link.profile, to: profile.clone() }).await?;
    }
    Ok(ResolvedProfile { profile, proven: link.trusted })
}

/// Gives a shared device to a person. The person who used it before keeps their profile.
async fn reassign(env: &Env, device: &Identifier, user: &str, trusted: bool) -> Result<ResolvedProfile> {
    let profile = person_profile(env, user, None).await?;
    change(env, device, Change::Point { profile: profile.clone(), user: user.to_owned(), trusted }).await?;
    Ok(ResolvedProfile { profile, proven: trusted })
}

/// Makes the profile of a person's first device the person's, unless it belongs to another person.
async fn first_device(env: &Env, link: &Link, user: &str) -> Result<String> {
    match client::call(env, &link.profile, &ClaimIdentifier { user: user.to_owned() }).await? {
        IdentifierClaim::Claimed => person_profile(env, user, Some(&link.profile)).await,
        IdentifierClaim::Refused => person_profile(env, user, None).await,
    }
}
