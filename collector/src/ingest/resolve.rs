//! Whose event it is: from the identifiers of an event to the id of its profile.
//!
//! A device that nobody has used yet and a person become one profile. A device that belongs to somebody else does not join
//! two people: it belongs to the new person from then on. Every step can be repeated, by the same sender or another.

use worker::{Env, Result};

use crate::identity::identifier::{Identifier, is_profile};
use crate::identity::{Change, Link, change};
use crate::profile::rpc::{Absorb, Adopt, Adopted};
use crate::profile::{absorb, adopt};

/// The identifiers of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// The device.
    pub anonymous_id: Option<String>,
    /// The person.
    pub user_id: Option<String>,
    /// The subject that the edge served.
    pub subject: Option<String>,
    /// Whether a trusted sender says so.
    pub trusted: bool,
}

/// Whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The profile.
    pub profile: String,
    /// Whether what a trusted sender said of the profile may be shown to the device.
    pub proven: bool,
}

/// The profile of these identifiers; it begins here if there is none.
pub async fn resolve(env: &Env, who: &Who) -> Result<Option<Resolved>> {
    match (&who.anonymous_id, &who.user_id) {
        (Some(device), Some(user)) => join(env, who, device, user).await.map(Some),
        (Some(device), None) => {
            let id = Identifier::anonymous(device);
            let link = change(env, &id, Change::Claim { profile: first_profile(who, device) }).await?;
            Ok(link.map(|link| Resolved { profile: link.profile, proven: link.trusted }))
        }
        (None, Some(user)) => Ok(Some(Resolved { profile: claim(env, user, None).await?, proven: who.trusted })),
        // The edge has read the subject from a token that we signed.
        (None, None) => Ok(who.subject.clone().map(|profile| Resolved { profile, proven: true })),
    }
}

/// The profile that a device begins: the edge's subject if it is the same thing, so that both count for one. A device that calls itself
/// as somebody's profile is called begins one of its own.
fn first_profile(who: &Who, device: &str) -> String {
    let same = who.subject.as_deref() == Some(device) && !is_profile(device);
    if same { device.to_owned() } else { Identifier::anonymous(device).profile() }
}

/// The person's profile; a new person gets this one, or one of their own.
async fn claim(env: &Env, user: &str, profile: Option<&str>) -> Result<String> {
    let id = Identifier::user(user);
    let profile = profile.map_or_else(|| id.profile(), str::to_owned);
    let link = change(env, &id, Change::Claim { profile: profile.clone() }).await?;
    Ok(link.map_or(profile, |link| link.profile))
}

/// A device and a person in one event.
async fn join(env: &Env, who: &Who, device: &str, user: &str) -> Result<Resolved> {
    let (device_id, user_id) = (Identifier::anonymous(device), Identifier::user(user));
    let wish = Change::Link { profile: first_profile(who, device), user: user.to_owned(), trusted: who.trusted };
    let Some(link) = change(env, &device_id, wish).await? else {
        return Err("the identity object did not respond".into());
    };
    if link.user.as_deref() != Some(user) {
        // A shared device: whoever used it before stays who they are.
        let profile = claim(env, user, None).await?;
        let point = Change::Point { profile: profile.clone(), user: user.to_owned(), trusted: who.trusted };
        change(env, &device_id, point).await?;
        return Ok(Resolved { profile, proven: who.trusted });
    }
    let profile = match change(env, &user_id, Change::Find).await? {
        Some(known) => known.profile,
        None => first_link(env, &link, user).await?,
    };
    if profile != link.profile {
        absorb(env, &profile, &Absorb { loser: link.profile.clone(), user: user.to_owned() }).await?;
        change(env, &device_id, Change::Move { from: link.profile, to: profile.clone() }).await?;
    }
    Ok(Resolved { profile, proven: link.trusted })
}

/// A person's first device: its profile becomes the person's, unless it is somebody else's already.
async fn first_link(env: &Env, link: &Link, user: &str) -> Result<String> {
    match adopt(env, &link.profile, &Adopt { user: user.to_owned() }).await? {
        Adopted::Yes => claim(env, user, Some(&link.profile)).await,
        Adopted::No => claim(env, user, None).await,
    }
}
