//! The erasure of a profile: of everything that is known about a person, in every place. The profile drives it to its
//! end; every step can be repeated.
//!
//! ```text
//!   ┌────────┐ erase: ERASURE stored, deliveries deleted, due now
//!   │ active │ ──────────────────────────────────────────────────────┐
//!   └────────┘                                                       v
//!        ^                                                      ┌─────────┐  1 merged profiles, and those of claims
//!        │                                                      │         │  2 identifiers, in the Identity objects
//!        │                                                      │ erasing │  3 copies in the profiles of accounts
//!        │ without tombstone: the object is empty               │         │  4 files of the archive
//!        └───────────────────────────────────────────────────── │         │  5 failed events in D1
//!                                                               └─────────┘
//!                              ┌────────┐   6 everything but ERASURE │  ^
//!                              │ erased │ <──────────────────────────┘  │
//!                              └────────┘ ──────────────────────────────┘ erase without tombstone
//! ```
//!
//! From the first commit on, what arrives is ignored, nothing is sent, and nobody gets a token or a view. Until step 6
//! the object keeps what it needs to find the rest, and has an alarm that begins again at step 1:
//!
//! - A merged profile (step 1) erases itself by this same protocol. Its files and identifiers are its own. So does the
//!   profile of what was claimed about an identifier without a device.
//! - An identifier (step 2) is left alone if it leads to another profile by now.
//! - Accounts and files (steps 3 and 4) are forgotten only after they confirmed the removal.
//! - Failed events (step 5) are deleted by the digests of the identifiers, which ERASURE has.
//!
//! With `suppress` each identifier leaves a tombstone, a digest, that leads to this object, and this object keeps
//! ERASURE. Then events that were on their way, such as those in the edge's outbox, are ignored as well.

use futures_util::future::try_join_all;
use worker::{Result, console_error};

use crate::event::identifier::{Identifier, is_person_type};
use crate::identity::{erase_link, remove_tombstone};
use crate::platform::clock;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{Erase, Erased, MaybeMoved};
use crate::profile::{audit, outside};
use crate::store::{Erasure, OtherProfile, ProfileStore, Removed, Tombstone, failed_events, key, tombstone_digest};

/// The number of Identity objects that are called concurrently.
const AT_ONCE: usize = 32;
/// The number of times that the wait before the next attempt is doubled.
const MAX_DOUBLINGS: u32 = 10;

/// The reason with which events about an erased profile are ignored.
pub const ERASED: &str = "erased";

/// Erases the profile, or continues an erasure. Returns what was removed, or `None` if nothing is known.
///
/// # Errors
/// When a step fails. The alarm continues.
pub async fn erase(context: &ObjectContext, request: Erase) -> Result<MaybeMoved<Option<Erased>>> {
    match context.transact_even_erased(move |store| begin(store, &request)).await? {
        MaybeMoved::Moved(winner) => Ok(MaybeMoved::Moved(winner)),
        MaybeMoved::Here(false) => Ok(MaybeMoved::Here(None)),
        MaybeMoved::Here(true) => Ok(MaybeMoved::Here(Some(run(context).await?))),
    }
}

/// Continues an erasure that is due.
pub async fn continue_due(context: &ObjectContext) {
    if let Err(error) = run(context).await {
        console_error!("erasure, will be retried: {error}");
    }
}

/// Stores the intent. Returns whether anything is to be erased.
fn begin(store: &ProfileStore, request: &Erase) -> Result<MaybeMoved<bool>> {
    if let Some(mut known) = store.get(key::ERASURE)? {
        if known.suppress != request.suppress {
            (known.suppress, known.is_done, known.attempts) = (request.suppress, false, 0);
            store.set(key::ERASURE, &known)?;
            store.set(key::ERASE_AT, &clock::now())?;
        }
        return Ok(MaybeMoved::Here(true));
    }
    let moved_to = store.get(key::MOVED_TO)?;
    match moved_to {
        Some(winner) if request.winner.as_ref() != Some(&winner) => return Ok(MaybeMoved::Moved(winner)),
        None if request.winner.is_some() => return Ok(MaybeMoved::Here(false)),
        None if !store.is_known()? && store.all_identifiers()?.is_empty() => return Ok(MaybeMoved::Here(false)),
        _ => {}
    }
    // INVARIANT: the intent is stored before anything is removed, so from here on a kill leaves an alarm that
    // continues. In the same transaction everything ends that the profile would have done.
    store.set(key::ERASURE, &new_erasure(store, request)?)?;
    store.delete_plans()?;
    store.doom_archive_files()?;
    store.set(key::ERASE_AT, &clock::now())?;
    Ok(MaybeMoved::Here(true))
}

fn new_erasure(store: &ProfileStore, request: &Erase) -> Result<Erasure> {
    let linked = store.linked_identifiers()?;
    let merged: Vec<OtherProfile> =
        store.merged_profiles()?.into_iter().map(|profile| other_profile(profile, true)).collect();
    let people = linked.iter().filter(|id| is_person_type(&id.kind));
    let claimed = people.map(|id| other_profile(id.claimed_profile(), false));
    let tombstone = |id: &Identifier| Tombstone { shard: id.shard(), digest: tombstone_digest(&id.to_string()) };
    Ok(Erasure {
        at: clock::now(),
        suppress: request.suppress,
        is_done: false,
        attempts: 0,
        tombstones: linked.iter().map(tombstone).collect(),
        failed_event_digests: outside::failed_event_digests(store)?,
        removed: Removed { merged: merged.len() as u64, ..store.count_removable()? },
        others: merged.into_iter().chain(claimed).collect(),
    })
}

const fn other_profile(profile: String, is_merged: bool) -> OtherProfile {
    OtherProfile { profile, is_merged, is_counted: false }
}

async fn run(context: &ObjectContext) -> Result<Erased> {
    let retry = context.retry_wait();
    let erasure = context.transact_even_erased(move |store| begin_attempt(store, retry)).await?;
    if erasure.is_done {
        return Ok(erasure.into());
    }
    for other in &erasure.others {
        erase_other(context, other, erasure.suppress).await?;
    }
    erase_identifiers(context, &erasure).await?;
    let account_events = outside::forget_in_accounts(context).await?;
    count(context, Removed { account_events, ..Removed::default() }).await?;
    outside::delete_doomed_files(context).await?;
    let failed_events = failed_events::erase(&context.env, &erasure.failed_event_digests, erasure.suppress).await?;
    count(context, Removed { failed_events, ..Removed::default() }).await?;
    audit::report_nothing(context).await?;
    finish(context).await
}

/// Sets the next attempt, and returns the erasure.
fn begin_attempt(store: &ProfileStore, retry: i64) -> Result<Erasure> {
    let mut erasure = erasure_of(store)?;
    if erasure.is_done {
        return Ok(erasure);
    }
    // INVARIANT: the next attempt is set before this one begins.
    let wait = retry.saturating_mul(1_i64.checked_shl(erasure.attempts.min(MAX_DOUBLINGS)).unwrap_or(1));
    erasure.attempts = erasure.attempts.saturating_add(1);
    store.set(key::ERASE_AT, &clock::now().saturating_add(wait))?;
    store.set(key::ERASURE, &erasure)?;
    Ok(erasure)
}

/// Erases a profile that was, or is being, merged into this one, or one of claims about an identifier.
async fn erase_other(context: &ObjectContext, other: &OtherProfile, suppress: bool) -> Result<()> {
    let subject = context.subject()?;
    if other.profile == subject {
        return Ok(());
    }
    let operation = Erase { suppress, winner: other.is_merged.then_some(subject) };
    let removed = match client::call(&context.env, &other.profile, &operation).await? {
        MaybeMoved::Here(Some(erased)) => erased.removed,
        // It belongs to another person, is merged into another profile by now, or does not exist.
        MaybeMoved::Here(None) | MaybeMoved::Moved(_) => Removed::default(),
    };
    let profile = other.profile.clone();
    let work = context.transact_even_erased(move |store| {
        let mut erasure = erasure_of(store)?;
        let uncounted = erasure.others.iter_mut().find(|other| other.profile == profile && !other.is_counted);
        if let Some(other) = uncounted {
            other.is_counted = true;
            erasure.removed.add(&removed);
        }
        store.set(key::ERASURE, &erasure)
    });
    work.await
}

/// Replaces the links of the identifiers by tombstones, or removes the tombstones as well.
async fn erase_identifiers(context: &ObjectContext, erasure: &Erasure) -> Result<()> {
    let subject = context.subject()?;
    let (env, suppress) = (&context.env, erasure.suppress);
    for some in context.store()?.linked_identifiers()?.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|id| erase_link(env, id, &subject, suppress))).await?;
    }
    if suppress {
        return Ok(());
    }
    for some in erasure.tombstones.chunks(AT_ONCE) {
        try_join_all(some.iter().map(|found| remove_tombstone(env, &found.shard, &found.digest))).await?;
    }
    Ok(())
}

/// Counts what a step has removed.
async fn count(context: &ObjectContext, removed: Removed) -> Result<()> {
    let work = context.transact_even_erased(move |store| {
        let mut erasure = erasure_of(store)?;
        erasure.removed.add(&removed);
        store.set(key::ERASURE, &erasure)
    });
    work.await
}

/// Deletes the profile itself: everything but the tombstone, if there is to be one.
async fn finish(context: &ObjectContext) -> Result<Erased> {
    let work = context.transact_even_erased(|store| {
        let mut erasure = erasure_of(store)?;
        if erasure.suppress {
            erasure.is_done = true;
            store.delete_all_but_tombstone()?;
            store.set(key::ERASURE, &erasure)?;
        }
        Ok(erasure)
    });
    let erasure = work.await?;
    if !erasure.suppress {
        context.destroy().await?;
    }
    Ok(erasure.into())
}

fn erasure_of(store: &ProfileStore) -> Result<Erasure> {
    Ok(store.get(key::ERASURE)?.ok_or("the profile is not being erased")?)
}
