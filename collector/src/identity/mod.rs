//! The Identity objects: which profile an identifier leads to.
//!
//! Each identifier belongs to one object, which processes its requests one at a time. Concurrent claims therefore
//! agree. [`change`] has the changes of a link, and [`rotation`] those of a device's id at sign-in and sign-out.
//! [`audit`] counts people and records.

pub mod audit;
mod change;
pub mod hand_over;
mod rotation;
pub mod rules;
pub mod user_hash;

use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use crate::event::identifier::{Identifier, shard_name};
use crate::platform::durable_object::call;
pub use crate::store::Link;
use crate::store::LinkStore;
use audit::{ProfileReport, Totals};
pub use change::Change;
pub use rotation::is_ended;

/// The binding of the objects.
const IDENTITIES: &str = "IDENTITIES";

#[derive(Serialize, Deserialize)]
struct ChangeRequest {
    id: Identifier,
    change: Change,
}

/// Changes where an identifier leads, and returns where it leads afterwards.
pub async fn change(env: &Env, id: &Identifier, change: Change) -> Result<Option<Link>> {
    call(env, IDENTITIES, &id.shard(), "change", &ChangeRequest { id: id.clone(), change }).await
}

/// Returns where an identifier leads.
pub async fn find(env: &Env, id: &Identifier) -> Result<Option<Link>> {
    change(env, id, Change::Find).await
}

/// Replaces the numbers of a profile in the audit.
pub async fn report(env: &Env, report: &ProfileReport) -> Result<()> {
    call(env, IDENTITIES, &shard_name(&report.profile), "report", report).await
}

/// Returns the totals of one object.
pub async fn totals(env: &Env, shard: &str) -> Result<Totals> {
    call(env, IDENTITIES, shard, "totals", &()).await
}

/// Removes the link of an identifier of an erased profile. If `suppress`, a tombstone takes its place: the identifier
/// leads to the erased profile, and no change but the removal of the tombstone changes that.
pub async fn erase_link(env: &Env, id: &Identifier, profile: &str, suppress: bool) -> Result<()> {
    change(env, id, Change::Erase { profile: profile.to_owned(), suppress }).await.map(|_| ())
}

/// Removes a tombstone, so that its identifier may lead to a new profile.
pub async fn remove_tombstone(env: &Env, shard: &str, digest: &str) -> Result<()> {
    let change = Change::RemoveTombstone { digest: digest.to_owned() };
    let request = ChangeRequest { id: Identifier::new("", ""), change };
    call::<Option<Link>>(env, IDENTITIES, shard, "change", &request).await.map(|_| ())
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
        let operation = request.path();
        let body = request.text().await?;
        // INVARIANT: nothing is awaited from here on, so no other request runs between the read and the write.
        let store = LinkStore::open(self.state.storage().sql())?;
        match operation.trim_start_matches('/') {
            "change" => Response::from_json(&apply(&store, serde_json::from_str(&body)?)?),
            "report" => Response::from_json(&store.report(&serde_json::from_str(&body)?)?),
            "totals" => Response::from_json(&store.totals()?),
            other => Err(Error::from(format!("unknown operation `{other}`"))),
        }
    }
}

fn apply(store: &LinkStore, request: ChangeRequest) -> Result<Option<Link>> {
    let key = request.id.to_string();
    match &request.change {
        Change::Erase { profile, suppress } => store.erase(&key, profile, *suppress)?,
        Change::RemoveTombstone { digest } => store.remove_tombstone(digest)?,
        _ => {}
    }
    if let Some(profile) = store.tombstone(&key)? {
        return Ok(Some(Link::erased(profile)));
    }
    let found = store.get(&key)?;
    let changed = request.change.apply(&request.id, found.clone());
    if let Some(link) = changed.as_ref().filter(|link| Some(*link) != found.as_ref()) {
        store.put(&key, link)?;
    }
    Ok(changed)
}
