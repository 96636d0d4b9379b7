//! Devices without a proof in the call itself.
//!
//! - A device that nobody has linked has a profile of its own. It may claim to be a person, and another one later:
//!   then the browser is shared, and each has a profile.
//! - A device that is linked to a person speaks for that person if the edge has checked its credential. Otherwise, and
//!   after the id has ended, what it says is a claim.
//! - A linked device that claims to be somebody else is not believed: that event is kept apart.

use worker::{Env, Result};

use crate::event::identifier::Identifier;
use crate::identity::{Change, Link, change, find, is_ended};
use crate::ingest::named::{Device, Named};
use crate::ingest::resolve::ResolvedProfile;
use crate::platform::clock;
use crate::profile::client;
use crate::profile::rpc::MergeFrom;

/// Resolves a device, and a claimed person on it.
pub async fn resolve(
    env: &Env,
    named: &Named,
    device: &Device,
    claim: Option<&Identifier>,
    token: Option<&str>,
) -> Result<ResolvedProfile> {
    let owner = token.filter(|_| device.is_signed);
    if let (None, Some(token)) = (owner, token) {
        // An unsigned device is known to everybody, the token only to its owner.
        return super::of_token(env, token, claim).await;
    }
    let visit = Change::Visit { claim: claim.map(ToString::to_string), owner: owner.map(str::to_owned) };
    let mut link = changed(env, &device.id, visit).await?;
    if link.erased {
        // The erased profile ignores the event.
        return Ok(ResolvedProfile::unproven(link.profile, &device.id));
    }
    if let Some(owner) = owner
        && !link.proven
        && !is_ended(&link, clock::now())
    {
        link = link_to_owner(env, named, device, link, owner).await?;
    }
    let resolved = of_link(env, device, &link, claim).await?;
    if device.is_signed && !is_ended(&link, clock::now()) {
        show(env, named, &device.id, &link.profile).await?;
    }
    Ok(resolved)
}

/// Returns the profile that an event of a device belongs to.
async fn of_link(env: &Env, device: &Device, link: &Link, claim: Option<&Identifier>) -> Result<ResolvedProfile> {
    let speaks = link.proven && device.is_signed && !is_ended(link, clock::now());
    let of_profile = |profile: String| match speaks {
        true => ResolvedProfile::proven(profile),
        false => ResolvedProfile::unproven(profile, &device.id),
    };
    let Some(claim) = claim.filter(|_| link.proven) else { return Ok(of_profile(link.profile.clone())) };
    let known = find(env, claim).await?;
    if known.is_some_and(|known| known.profile == link.profile) {
        return Ok(of_profile(link.profile.clone()));
    }
    let (profile, surveyed) = client::survey(env, &link.profile).await?;
    if !surveyed.is_person || surveyed.people.contains(claim) {
        return Ok(of_profile(profile));
    }
    let apart = changed(env, &device.id, Change::ClaimApart { claim: claim.to_string() }).await?;
    let profile = apart.profile_of_claim(&claim.to_string()).map_or(profile, str::to_owned);
    // The sender is told nothing: the answer would say whose the device is.
    Ok(ResolvedProfile::unproven(profile, &device.id))
}

/// Links a device to the profile that the token of the same browser names. The device's own profile joins it.
async fn link_to_owner(env: &Env, named: &Named, device: &Device, link: Link, owner: &str) -> Result<Link> {
    let (owner, surveyed) = client::survey(env, owner).await?;
    if owner == link.profile {
        return Ok(link);
    }
    join(env, named, &device.id, &link, &owner).await?;
    let people = surveyed.people.iter().map(ToString::to_string).collect();
    let proven = changed(env, &device.id, Change::Prove { profile: owner, people }).await?;
    client::hang_up(env, &link.profile, &device.id.value, false).await;
    Ok(proven)
}

/// Merges the profiles that a device has filled into the profile of whoever is proven to use it: its own if it never
/// claimed to be anybody, and those of its claims that the winner finds to be right.
pub async fn join(env: &Env, named: &Named, device: &Identifier, link: &Link, person: &str) -> Result<()> {
    let reason = device.clone();
    let merge = |loser: &str, claim: Option<String>| MergeFrom {
        loser: loser.to_owned(),
        reason: reason.clone(),
        claim,
        source: named.source.clone(),
    };
    let state = &link.device;
    let mut merges = Vec::new();
    if state.shown_by.is_some() {
        // The profile that it leads to is of the device that shows it.
        merges.extend(state.had_profile.then(|| merge(&device.profile(), None)));
    } else if state.claims.is_empty() {
        merges.push(merge(&link.profile, None));
    }
    let claims = state.claims.iter().filter(|claim| state.shown_by.is_none() || claim.profile != link.profile);
    merges.extend(claims.map(|claim| merge(&claim.profile, Some(claim.person.clone()))));
    for merge in merges.iter().filter(|merge| merge.loser != person) {
        client::call_person(env, person, merge).await?;
    }
    Ok(())
}

/// Makes the ids that the same browser shows to other libraries lead where the device leads, from now on.
///
/// Nobody has proven that they belong together. So events of these ids stay claims, earlier ones stay where they are,
/// and no other device takes such an id while the one that shows it is in use.
async fn show(env: &Env, named: &Named, device: &Identifier, profile: &str) -> Result<()> {
    for shown in &named.shown {
        let (profile, by) = (profile.to_owned(), device.to_string());
        let link = changed(env, shown, Change::Show { profile: profile.clone(), by: by.clone() }).await?;
        let other = link.device.shown_by.as_deref().filter(|other| *other != by && !link.proven);
        let Some(other) = other.and_then(Identifier::parse) else { continue };
        if find(env, &other).await?.is_none_or(|link| is_ended(&link, clock::now())) {
            change(env, shown, Change::ShowInstead { profile, by }).await?;
        }
    }
    Ok(())
}

/// Returns the profile that a device speaks for, and whether it is proven that the device is the subject's. Writes
/// nothing. `None` for a device that is not known, that nobody has checked, or whose id has ended.
pub async fn current_profile(env: &Env, device: &Device, token: Option<&str>) -> Result<Option<(String, bool)>> {
    let by_token = token.map(|profile| (profile.to_owned(), true));
    if !device.is_signed {
        return Ok(by_token);
    }
    Ok(match find(env, &device.id).await? {
        None => by_token,
        Some(link) if link.erased || is_ended(&link, clock::now()) => None,
        Some(link) if link.proven => Some((link.profile, true)),
        Some(link) => by_token.or(Some((link.profile, false))),
    })
}

/// Returns the id that is to replace that of a device, as [`rotation`](crate::identity) describes, or `None` if the id
/// stays.
pub async fn replace_device(env: &Env, device: &Identifier, offered: Option<&str>) -> Result<Option<String>> {
    let Some(link) = find(env, device).await?.filter(|link| !link.erased) else { return Ok(None) };
    if let Some(previous) = &link.device.previous {
        change(env, &Identifier::device(previous), Change::Replaced { at: clock::now() }).await?;
        change(env, device, Change::Seen).await?;
        client::hang_up(env, &link.profile, previous, true).await;
    }
    let Some(offered) = offered else { return Ok(None) };
    if is_ended(&link, clock::now()) {
        return Ok(Some(offered.to_owned()));
    }
    if !link.proven || link.device.is_fresh {
        return Ok(None);
    }
    let rotating = changed(env, device, Change::Rotate { next: offered.to_owned() }).await?;
    let Some(next) = rotating.device.next else { return Ok(None) };
    let begin = Change::Begin { profile: rotating.profile, previous: device.value.clone() };
    change(env, &Identifier::device(&next), begin).await?;
    Ok(Some(next))
}

/// Changes a link and returns it.
pub async fn changed(env: &Env, id: &Identifier, to: Change) -> Result<Link> {
    change(env, id, to).await?.ok_or_else(|| "the identity object returned no link".into())
}
