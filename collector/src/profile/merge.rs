//! The merge of two profiles. The winner drives it to its end; every step can be repeated.
//!
//! ```text
//!   winner                                                loser
//!
//!   merge_from: row in `merge`, due now              ┌──────────┐
//!        │                                           │  active  │
//!        v                                           └──────────┘
//!   ┌─────────┐  1 begin_merge ────────────────────────────> │ MOVED_TO = winner, alarms cleared
//!   │         │    <── snapshot, or none if the loser        v
//!   │         │        belongs to another person     ┌──────────┐ events, tokens and views
//!   │ pending │  2 export_events, page by page <──── │  frozen  │ are answered with the winner
//!   │         │  3 store the snapshot                └──────────┘
//!   │         │  4 move the loser's devices                  │
//!   │         │  5 finish_merge ───────────────────────────> │ everything but MOVED_TO is deleted
//!   └─────────┘                                              v
//!        │ due = null                                ┌──────────┐
//!        v                                           │ redirect │
//!   ┌─────────┐                                      └──────────┘
//!   │ merged  │
//!   └─────────┘
//! ```
//!
//! Until step 5 the loser holds everything, and until `due` is null the winner has an alarm that begins again at step 1.
//! Every step may be repeated:
//!
//! - Events (step 2) are deduplicated by source and message id.
//! - Profiles and rows (step 3) merge idempotently.
//! - Links (step 4) move only if they still lead to the loser.

use worker::{Result, console_error};

use crate::event::identifier::{Identifier, Namespace};
use crate::identity::{Change, change};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{BeginMerge, ExportEvents, ExportedEvents, FinishMerge, MergeFrom, MergeSnapshot};
use crate::profile::session::ProfileSession;
use crate::store::{Merge, ProfileStore, key};

/// The number of events that are exported at once.
const PAGE: i64 = 100;
/// The number of deliveries that are moved; older ones are dropped.
const MAX_DELIVERIES: i64 = 1_000;
/// The number of archive files whose names are moved.
const MAX_FILES: i64 = 50_000;

/// In the winner's object: stores that another profile is to be merged into this one, and begins at once.
pub async fn merge_from(context: &ObjectContext, request: MergeFrom) -> Result<()> {
    let merge = Merge { loser: request.loser, user: request.user };
    if merge.loser == context.subject()? || context.store()?.is_erased()? {
        return Ok(());
    }
    let intent = merge.clone();
    // INVARIANT: the intent is stored before anything is done, so from here on a kill leaves an alarm that continues.
    let stored = context.transact(move |store| {
        store.add_identifier(Namespace::User, &intent.user)?;
        store.add_merge(&intent, clock::now())
    });
    stored.await?;
    try_to_merge(context, &merge).await;
    Ok(())
}

/// In the winner's object: continues the merges that are due.
pub async fn continue_due(context: &ObjectContext) -> Result<()> {
    for merge in context.store()?.due_merges(clock::now())? {
        try_to_merge(context, &merge).await;
    }
    Ok(())
}

async fn try_to_merge(context: &ObjectContext, merge: &Merge) {
    if let Err(error) = run(context, merge).await {
        console_error!("merge, will be retried: {error}");
    }
}

async fn run(context: &ObjectContext, merge: &Merge) -> Result<()> {
    let (loser, retry) = (merge.loser.clone(), context.retry_wait());
    // INVARIANT: the next attempt is set before this one begins.
    context.transact(move |store| store.begin_merge_attempt(&loser, clock::now(), retry)).await?;
    let operation = BeginMerge { winner: context.subject()?, user: merge.user.clone() };
    if let Some(snapshot) = client::call(&context.env, &merge.loser, &operation).await? {
        copy_events(context, &merge.loser).await?;
        let devices = snapshot.devices.clone();
        copy_state(context, snapshot).await?;
        move_devices(context, &merge.loser, &devices).await?;
        // INVARIANT: the loser is deleted last, when everything that it held is committed here.
        client::call(&context.env, &merge.loser, &FinishMerge {}).await?;
    }
    let loser = merge.loser.clone();
    context.transact(move |store| store.finish_merge(&loser)).await
}

/// Applies the loser's events, each page in a transaction of its own.
async fn copy_events(context: &ObjectContext, loser: &str) -> Result<()> {
    let mut after = 0;
    loop {
        let page = client::call(&context.env, loser, &ExportEvents { after }).await?;
        let Some((last, _)) = page.events.last() else { return Ok(()) };
        after = *last;
        let plan = plan_cache::current(&context.env).await;
        let applied = context.with_session(plan, move |session| {
            for (_, record) in page.events {
                session.apply(record)?;
            }
            session.advance_and_save(clock::now()).map(|_| ())
        });
        applied.await?;
    }
}

/// Adds everything else that the loser held: counters, journeys, identifiers, deliveries and member messages.
async fn copy_state(context: &ObjectContext, snapshot: MergeSnapshot) -> Result<()> {
    let plan = plan_cache::current(&context.env).await.ok_or("no plan is loaded, so profiles cannot be merged")?;
    let archive_after = context.settings.archive_after;
    let work = context.transact(move |store| {
        let mut base = store.get(key::BASE)?.unwrap_or_else(|| throughline::Profile::new(store.subject()));
        base.merge(&plan, &snapshot.base);
        store.set(key::BASE, &base)?;
        copy_rows(store, &snapshot)?;
        let mut session = ProfileSession::load(store, Some(plan))?;
        session.merge(&snapshot.profile);
        session.advance_and_save(clock::now())?;
        store.set(key::ARCHIVE_AT, &clock::now().saturating_add(archive_after))
    });
    work.await
}

fn copy_rows(store: &ProfileStore, snapshot: &MergeSnapshot) -> Result<()> {
    if snapshot.secured {
        store.set(key::SECURED, &true)?;
    }
    for device in &snapshot.devices {
        store.add_identifier(Namespace::Anonymous, device)?;
    }
    snapshot.files.iter().try_for_each(|file| store.add_archive_file(file))?;
    // INVARIANT: rows are keyed by send_id and never overwritten, so a repetition does not send a message again.
    snapshot.deliveries.iter().try_for_each(|delivery| store.add_delivery(delivery))?;
    snapshot.messages.iter().try_for_each(|message| store.add_own_message(message, clock::now()))
}

async fn move_devices(context: &ObjectContext, loser: &str, devices: &[String]) -> Result<()> {
    for device in devices {
        let to_winner = Change::Move { from: loser.to_owned(), to: context.subject()? };
        change(&context.env, &Identifier::anonymous(device), to_winner).await?;
    }
    Ok(())
}

/// In the loser's object: freezes it, and returns what it holds, or `None` if it belongs to another person.
pub async fn begin_merge(context: &ObjectContext, request: BeginMerge) -> Result<Option<MergeSnapshot>> {
    let work = context.transact_even_erased(move |store| {
        if store.is_erased()? || store.belongs_to_another(&request.user)? {
            return Ok(None);
        }
        // INVARIANT: from this commit on no event is stored here and nothing is sent from here, so the snapshot and the
        // journal do not change while the winner copies them.
        store.set(key::MOVED_TO, &request.winner)?;
        store.clear(key::WAKE_AT)?;
        store.clear(key::SYNC_AT)?;
        snapshot(store).map(Some)
    });
    work.await
}

fn snapshot(store: &ProfileStore) -> Result<MergeSnapshot> {
    Ok(MergeSnapshot {
        profile: store.get(key::PROFILE)?.unwrap_or_default(),
        base: store.get(key::BASE)?.unwrap_or_default(),
        secured: store.get(key::SECURED)?.unwrap_or(false),
        devices: store.identifiers(Namespace::Anonymous)?,
        deliveries: store.latest_deliveries(MAX_DELIVERIES)?,
        messages: store.own_messages()?,
        files: store.archive_files("", MAX_FILES)?,
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
    context.transact(ProfileStore::delete_merged).await
}
