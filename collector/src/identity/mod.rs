//! The Identity objects: which profile an identifier leads to.
//!
//! Each identifier belongs to one object, which processes its requests one at a time. Concurrent claims therefore
//! agree.

use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use crate::event::identifier::Identifier;
use crate::platform::durable_object::call;
pub use crate::store::Link;
use crate::store::LinkStore;

/// A change of where an identifier leads. Every change is idempotent.
#[derive(Debug, Serialize, Deserialize)]
pub enum Change {
    /// No change: only returns the link.
    Find,
    /// Leads to this profile, if the identifier leads nowhere yet.
    Claim { profile: String },
    /// As `Claim`; in addition the device belongs to this person, if it belongs to no one.
    Link { profile: String, user: String, trusted: bool },
    /// Leads to this profile and this person from now on.
    Point { profile: String, user: String, trusted: bool },
    /// Leads to `to`, if the identifier leads to `from`, which was merged into `to`.
    Move { from: String, to: String },
    /// Leads nowhere, if the identifier leads to this profile, which is erased. If `suppress`, it gets a tombstone.
    Erase { profile: String, suppress: bool },
    /// The tombstone with this digest is removed.
    RemoveTombstone { digest: String },
}

#[derive(Serialize, Deserialize)]
struct ChangeRequest {
    key: String,
    change: Change,
}

/// Changes where an identifier leads, and returns where it leads afterwards.
pub async fn change(env: &Env, id: &Identifier, change: Change) -> Result<Option<Link>> {
    call(env, "IDENTITIES", &id.shard(), "change", &ChangeRequest { key: id.key(), change }).await
}

/// Removes the link of an identifier of an erased profile. If `suppress`, a tombstone takes its place: the identifier
/// leads to the erased profile, and no change but the removal of the tombstone changes that.
pub async fn erase_link(env: &Env, id: &Identifier, profile: &str, suppress: bool) -> Result<()> {
    change(env, id, Change::Erase { profile: profile.to_owned(), suppress }).await.map(|_| ())
}

/// Removes a tombstone, so that its identifier may lead to a new profile.
pub async fn remove_tombstone(env: &Env, shard: &str, digest: &str) -> Result<()> {
    let change = Change::RemoveTombstone { digest: digest.to_owned() };
    let request = ChangeRequest { key: String::new(), change };
    call::<Option<Link>>(env, "IDENTITIES", shard, "change", &request).await.map(|_| ())
}

/// The object of one shard of identifiers.
#[durable_object]
pub struct Identity {
    state: State,
}

impl DurableObject for Identity {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let ChangeRequest { key, change } = serde_json::from_str(&request.text().await?)?;
        // INVARIANT: nothing is awaited from here on, so no other request runs between the read and the write.
        let store = LinkStore::open(self.state.storage().sql())?;
        match &change {
            Change::Erase { profile, suppress } => store.erase(&key, profile, *suppress)?,
            Change::RemoveTombstone { digest } => store.remove_tombstone(digest)?,
            _ => {}
        }
        if let Some(profile) = store.tombstone(&key)? {
            return Response::from_json(&Link { profile, user: None, trusted: false, erased: true });
        }
        let found = store.get(&key)?;
        let changed = apply(change, found.clone());
        if let Some(link) = changed.as_ref().filter(|link| Some(*link) != found.as_ref()) {
            store.put(&key, link)?;
        }
        Response::from_json(&changed)
    }
}

fn apply(change: Change, found: Option<Link>) -> Option<Link> {
    match change {
        Change::Find | Change::Erase { .. } | Change::RemoveTombstone { .. } => found,
        Change::Claim { profile } => found.or(Some(Link { profile, user: None, trusted: false, erased: false })),
        Change::Link { profile, user, trusted } => Some(linked(found, profile, user, trusted)),
        Change::Point { profile, user, trusted } => Some(Link { profile, user: Some(user), trusted, erased: false }),
        Change::Move { from, to } => found.map(|link| moved(link, &from, to)),
    }
}

/// Returns the link of a device after a person identified on it. A device that belongs to another person is unchanged.
///
/// Trust is only ever added: an untrusted sender cannot revoke it.
fn linked(found: Option<Link>, profile: String, user: String, trusted: bool) -> Link {
    match found {
        None => Link { profile, user: Some(user), trusted, erased: false },
        Some(link) if link.user.is_none() => Link { user: Some(user), trusted, ..link },
        Some(link) if link.user.as_ref() == Some(&user) => Link { trusted: link.trusted || trusted, ..link },
        Some(link) => link,
    }
}

fn moved(link: Link, from: &str, to: String) -> Link {
    if link.profile == from { Link { profile: to, ..link } } else { link }
}
