//! The loser's side of a merge: it is frozen, copied, and deleted. See [`merge`](super::merge) for the protocol.

use worker::Result;

use crate::platform::clock;
use crate::profile::context::ObjectContext;
use crate::profile::people::people;
use crate::profile::rpc::{BeginMerge, BegunMerge, ExportEvents, ExportedEvents, FinishMerge, MergeSnapshot};
use crate::store::{HeldByLoser, MergeState, ProfileStore, key, only_journeys};

/// The number of events that are exported at once.
const PAGE: i64 = 100;
/// The number of deliveries that are moved; older ones are dropped.
const MAX_DELIVERIES: i64 = 1_000;
/// The number of archive files whose names are moved.
const MAX_FILES: i64 = 50_000;

/// In the loser's object: freezes it, and returns what it holds.
pub async fn begin_merge(context: &ObjectContext, request: BeginMerge) -> Result<BegunMerge> {
    context.transact_even_erased(move |store| freeze(store, &request)).await
}

fn freeze(store: &ProfileStore, request: &BeginMerge) -> Result<BegunMerge> {
    if store.is_erased()? {
        return Ok(BegunMerge::Changed);
    }
    match store.get(key::MOVED_TO)? {
        Some(winner) if winner == request.winner => return snapshot(store).map(|it| BegunMerge::Frozen(Box::new(it))),
        Some(winner) => return Ok(BegunMerge::Moved(winner)),
        None => {}
    }
    if people(store)?.iter().any(|id| !request.people.contains(id)) {
        return Ok(BegunMerge::Changed);
    }
    for own in store.merges()?.iter().filter(|own| own.is_open()) {
        // INVARIANT: of two profiles that are to be merged into each other exactly one gives in.
        let gives_in = own.loser == request.winner
            && own.state == MergeState::Pending
            && own.detail.held.is_none()
            && request.winner.as_str() < store.subject();
        if !gives_in {
            return Ok(BegunMerge::Busy);
        }
        store.remove_identifiers_from(&own.loser)?;
        store.remove_merge(&own.loser)?;
    }
    // INVARIANT: from this commit on no event is stored here and nothing is sent from here, so the snapshot and the
    // journal do not change while the winner copies them.
    store.set(key::MOVED_TO, &request.winner)?;
    store.clear(key::WAKE_AT)?;
    store.clear(key::SYNC_AT)?;
    snapshot(store).map(|it| BegunMerge::Frozen(Box::new(it)))
}

fn snapshot(store: &ProfileStore) -> Result<MergeSnapshot> {
    let profile = store.get(key::PROFILE)?.unwrap_or_default();
    let deliveries = store.latest_deliveries(MAX_DELIVERIES)?;
    let held = HeldByLoser {
        base: store.get(key::BASE)?.unwrap_or_default(),
        journeys: only_journeys(&profile),
        identifiers: store.identifiers()?,
        send_ids: deliveries.iter().map(|delivery| delivery.send_id.clone()).collect(),
        merges: store.merge_rows()?,
        version: store.get(key::VERSION)?.unwrap_or(0),
        is_device: !store.is_person()?,
        ..HeldByLoser::default()
    };
    Ok(MergeSnapshot {
        profile,
        held,
        deliveries,
        messages: store.own_messages()?,
        files: store.archive_files("", MAX_FILES)?,
        told_accounts: store.get(key::TOLD_ACCOUNTS)?.unwrap_or_default(),
        conflicts: store.conflicts()?,
        records: store.records_by_source()?,
    })
}

/// In the loser's object: returns a page of its events.
pub fn export_events(context: &ObjectContext, request: &ExportEvents) -> Result<ExportedEvents> {
    let entries = context.store()?.entries_after(request.after, PAGE)?;
    let events: Result<_> = entries.iter().map(|entry| Ok((entry.seq, entry.record()?))).collect();
    Ok(ExportedEvents { events: events? })
}

/// In the loser's object: deletes everything but where it went, for tokens and senders that know only this profile.
pub async fn finish_merge(context: &ObjectContext, _request: FinishMerge) -> Result<()> {
    let work = context.transact(|store| {
        if !store.contains(key::MOVED_TO)? {
            return Ok(());
        }
        store.delete_merged()?;
        store.set(key::AUDIT_AT, &clock::now())
    });
    work.await
}
