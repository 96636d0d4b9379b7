//! The copies of a profile's events outside of its object: in the profiles of accounts, in the archive, and among the
//! failed events. Erasure, withdrawal of consent and retention remove them.
//!
//! Every step can be repeated: the object forgets an account or a file only after the removal was confirmed.

use worker::Result;

use crate::event::identifier::{ANONYMOUS, DEVICE, Identifier};
use crate::platform::clock;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::ForgetMember;
use crate::store::{ProfileStore, failed_events, key};

/// The number of files that are deleted by one call of the bucket.
const FILES_AT_ONCE: i64 = 100;

/// Removes the events of this profile, and of those merged into it, from the profiles of accounts. Returns how many.
pub async fn forget_in_accounts(context: &ObjectContext) -> Result<u64> {
    let store = context.store()?;
    let mut members = store.merged_profiles()?;
    members.push(store.subject().to_owned());
    let mut forgotten: u64 = 0;
    for account in store.get(key::TOLD_ACCOUNTS)?.unwrap_or_default() {
        let object = Identifier::account(&account).profile();
        let reply = client::call(&context.env, &object, &ForgetMember { members: members.clone() }).await?;
        forgotten = forgotten.saturating_add(reply.events);
        let told = context.transact_even_erased(move |store| {
            let mut told = store.get(key::TOLD_ACCOUNTS)?.unwrap_or_default();
            told.retain(|other| *other != account);
            store.set(key::TOLD_ACCOUNTS, &told)
        });
        told.await?;
    }
    Ok(forgotten)
}

/// Deletes the doomed files of the archive.
///
/// # Errors
/// While a file is being written.
pub async fn delete_doomed_files(context: &ObjectContext) -> Result<()> {
    let Some(_deleting) = context.bucket_lock() else { return Err("a file of the archive is being written".into()) };
    loop {
        let names = context.store()?.doomed_archive_files(FILES_AT_ONCE)?;
        if names.is_empty() {
            return Ok(());
        }
        context.env.bucket("ARCHIVE")?.delete_multiple(names.clone()).await?;
        // INVARIANT: a name is forgotten only after the bucket has deleted the file. A kill before repeats that.
        context
            .transact_even_erased(move |store| names.iter().try_for_each(|name| store.remove_archive_file(name)))
            .await?;
    }
}

/// Returns the digests under which the failed events about this profile are found.
pub fn failed_event_digests(store: &ProfileStore) -> Result<Vec<String>> {
    let ids = store.all_identifiers()?;
    // A server may have named a device of the edge as its anonymous id.
    let names = ids.iter().flat_map(|id| match id.kind.as_str() {
        DEVICE => vec![id.to_string(), format!("{ANONYMOUS}:{}", id.value)],
        _ => vec![id.to_string()],
    });
    let names = names.chain([format!("subject:{}", store.subject())]);
    Ok(names.map(|name| failed_events::identifier_digest(&name)).collect())
}

/// Removes what a withdrawal or retention has doomed, if it is time.
pub async fn purge_due(context: &ObjectContext) -> Result<()> {
    let store = context.store()?;
    if store.get(key::PURGE_AT)?.is_none_or(|at| at > clock::now()) {
        return Ok(());
    }
    let retry = context.retry_wait();
    // INVARIANT: the next attempt is set before this one begins.
    context.transact(move |store| store.set(key::PURGE_AT, &clock::now().saturating_add(retry))).await?;
    delete_doomed_files(context).await?;
    let is_withdrawn = store.get(key::WITHDRAWN_AT)?;
    if is_withdrawn.is_some() {
        forget_in_accounts(context).await?;
        failed_events::erase(&context.env, &failed_event_digests(&store)?, false).await?;
    }
    let finished = context.transact(move |store| {
        // Another withdrawal may have begun meanwhile.
        if store.get(key::WITHDRAWN_AT)? == is_withdrawn && store.doomed_archive_files(1)?.is_empty() {
            store.clear(key::WITHDRAWN_AT)?;
            store.clear(key::PURGE_AT)?;
        }
        Ok(())
    });
    finished.await
}
