//! The undoing of a merge. The winner drives it to its end; every step can be repeated.
//!
//! ```text
//!   winner                                                loser
//!
//!   unmerge: state = undoing, due now                ┌──────────┐
//!        │   journeys and deliveries of the loser    │ redirect │
//!        v   leave the profile in this transaction   └──────────┘
//!   ┌─────────┐  1 restore ──────────────────────────────> │ base, identifiers, journeys, deliveries
//!   │         │                                            v
//!   │         │  2 take_back, page by page           ┌──────────┐ events, tokens and views are still
//!   │         │    each page is then deleted here    │ restored │ answered with the winner
//!   │ undoing │  3 take_back, the last one           └──────────┘
//!   │         │ ─────────────────────────────────────────> │ MOVED_TO cleared, alarms set
//!   │         │  4 move the identifiers back               v
//!   │         │  5 take_back what arrived meanwhile  ┌──────────┐
//!   └─────────┘                                      │  active  │ both know that they are apart
//!        │ 6 the profile is rebuilt without the loser└──────────┘
//!        v
//!   ┌─────────┐
//!   │ undone  │
//!   └─────────┘
//! ```
//!
//! Back go the records that came from the loser, and later ones that name identifiers of the loser and none of the
//! winner. All else stays. The archive is not rewritten: the loser archives what it got back once more.
//!
//! - Until step 6 the winner keeps what the loser held, so steps 1 to 5 can be repeated from the beginning.
//! - Records (step 2) are deduplicated by the loser, and deleted here only after it has stored them.
//! - A loser that is active ignores step 1.

use std::collections::BTreeSet;

use throughline::{Instance, Profile, SortedMap, Stamp};
use worker::{Error, Result};

use crate::event::Record;
use crate::event::identifier::Identifier;
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::merge::{attempt, move_identifiers};
use crate::profile::rpc::{MaybeMoved, Restore, TakeBack, Unmerge, UnmergeOutcome};
use crate::profile::session::ProfileSession;
use crate::store::origin::{after_unmerge, is_from};
use crate::store::{
    Conflict, Delivery, HandBack, HeldByLoser, JournalEntry, Merge, MergeDetail, MergeState, OwnIdentifier,
    ProfileStore, SeenEvent, SourceRecords, key,
};

/// The number of events that go back at once.
const PAGE: usize = 100;
/// The number of events that are looked at to find them.
const SCAN: i64 = 500;
/// The number of deliveries that may go back, the latest first and pending ones before all others. The rest stays as a
/// record of the past.
const MAX_DELIVERIES: i64 = 1_000;
/// The length of the deliveries that go back, in bytes of JSON; the platform's limit of a value is 2 MB.
const MAX_DELIVERIES_LENGTH: usize = 512 * 1024;

/// In the winner's object: stores that a merge is to be undone, and begins at once.
pub async fn unmerge(context: &ObjectContext, request: Unmerge) -> Result<MaybeMoved<UnmergeOutcome>> {
    let loser = request.loser.clone();
    let stored = context.transact(move |store| match store.get(key::MOVED_TO)? {
        Some(winner) => Ok(MaybeMoved::Moved(winner)),
        None => intend(store, &request.loser).map(MaybeMoved::Here),
    });
    let outcome = stored.await?;
    if matches!(outcome, MaybeMoved::Here(UnmergeOutcome::Accepted))
        && let Some(merge) = context.store()?.merge(&loser)?.filter(Merge::is_open)
    {
        attempt(context, merge).await;
    }
    Ok(outcome)
}

fn intend(store: &ProfileStore, loser: &str) -> Result<UnmergeOutcome> {
    let Some(merge) = store.merge(loser)? else { return Ok(UnmergeOutcome::Unknown) };
    let refused = |reason: &str| Ok(UnmergeOutcome::Refused(reason.to_owned()));
    match (merge.state, &merge.detail.held) {
        (MergeState::Undoing | MergeState::Undone, _) => Ok(UnmergeOutcome::Accepted),
        (MergeState::Blocked, _) => Ok(UnmergeOutcome::Unknown),
        (MergeState::Pending, _) => refused("the merge is not finished yet"),
        (MergeState::Merged, None) => refused("the merge was made by a version that did not keep what undoing needs"),
        (MergeState::Merged, Some(_)) => {
            store.reset_merge_attempts(loser)?;
            set_aside(store, merge)?;
            Ok(UnmergeOutcome::Accepted)
        }
    }
}

/// Takes the loser's journeys and deliveries out of the profile, in the transaction that stores them for the loser. So
/// no step of a journey is done by both.
fn set_aside(store: &ProfileStore, mut merge: Merge) -> Result<()> {
    let mut profile = store.get(key::PROFILE)?.unwrap_or_default();
    let held = merge.detail.held.clone().unwrap_or_default();
    let ownership = Ownership::load(store, &merge.loser)?;
    let entered = stamps_that_go_back(store, &ownership)?;
    let is_losers = |journey: &str, instance: &Instance| {
        entered.contains(&instance.entered)
            || held.journeys.journeys.get(journey).is_some_and(|known| known.entered == instance.entered)
    };
    let mut hand_back = HandBack { journeys: held.journeys.clone(), deliveries: Vec::new() };
    let mut kept: SortedMap<Instance> = SortedMap::new();
    for (journey, instance) in &profile.journeys {
        let before = merge.detail.before.journeys.get(journey);
        if is_losers(journey, instance) && before.is_none_or(|before| before.entered != instance.entered) {
            hand_back.journeys.journeys.insert(journey, instance.clone());
            if let Some(before) = before {
                kept.insert(journey, before.clone());
            }
        } else {
            kept.insert(journey, instance.clone());
        }
    }
    let mut length = 0_usize;
    for delivery in store.pending_deliveries()?.into_iter().chain(store.latest_deliveries(MAX_DELIVERIES)?) {
        if !goes_back(&delivery, &held, &hand_back, &entered) || store.delivery(&delivery.send_id)?.is_none() {
            continue;
        }
        length = length.saturating_add(serde_json::to_string(&delivery)?.len());
        if length > MAX_DELIVERIES_LENGTH {
            break;
        }
        store.remove_delivery(&delivery.send_id)?;
        hand_back.deliveries.push(delivery);
    }
    profile.journeys = kept;
    store.set(key::PROFILE, &profile)?;
    merge.detail.hand_back = Some(hand_back);
    store.put_merge(&Merge { state: MergeState::Undoing, due: Some(clock::now()), ..merge })
}

fn goes_back(delivery: &Delivery, held: &HeldByLoser, hand_back: &HandBack, entered: &BTreeSet<Stamp>) -> bool {
    let of_journey = hand_back.journeys.journeys.get(&delivery.journey);
    held.send_ids.contains(&delivery.send_id)
        || entered.contains(&delivery.entered)
        || of_journey.is_some_and(|instance| instance.entered == delivery.entered)
}

/// Whose the identifiers of the winner are, while a merge is being undone.
struct Ownership {
    loser: String,
    of_loser: BTreeSet<Identifier>,
    of_winner: BTreeSet<Identifier>,
    /// The ids of the deliveries that go back. The record of a sent message has the id as its hash.
    send_ids: BTreeSet<String>,
}

impl Ownership {
    fn load(store: &ProfileStore, loser: &str) -> Result<Self> {
        let hand_back = store.merge(loser)?.and_then(|merge| merge.detail.hand_back).unwrap_or_default();
        let send_ids = hand_back.deliveries.into_iter().map(|delivery| delivery.send_id).collect();
        let (of_loser, of_winner): (Vec<OwnIdentifier>, Vec<OwnIdentifier>) =
            store.identifiers()?.into_iter().partition(|own| is_from(&own.origin, loser));
        let ids = |owned: Vec<OwnIdentifier>| owned.into_iter().map(|own| own.id).collect();
        Ok(Self { loser: loser.to_owned(), of_loser: ids(of_loser), of_winner: ids(of_winner), send_ids })
    }

    fn goes_back(&self, record: &Record) -> bool {
        match record.origin.as_deref() {
            Some(origin) => is_from(origin, &self.loser),
            None if self.send_ids.contains(&record.hash) => true,
            None => {
                record.identifiers().any(|id| self.of_loser.contains(&id))
                    && !record.identifiers().any(|id| self.of_winner.contains(&id))
            }
        }
    }
}

fn stamps_that_go_back(store: &ProfileStore, ownership: &Ownership) -> Result<BTreeSet<Stamp>> {
    let (mut stamps, mut after) = (BTreeSet::new(), 0);
    loop {
        let entries = store.entries_after(after, SCAN)?;
        let Some(last) = entries.last() else { return Ok(stamps) };
        after = last.seq;
        for entry in &entries {
            let record = entry.record()?;
            if ownership.goes_back(&record) {
                stamps.insert(Stamp::new(record.event.at, &record.event.id));
            }
        }
    }
}

/// In the winner's object: makes one attempt to undo a merge.
pub async fn run(context: &ObjectContext, merge: &Merge) -> Result<()> {
    let (winner, loser) = (context.subject()?, merge.loser.as_str());
    let held = merge.detail.held.clone().ok_or("the merge keeps nothing of the loser")?;
    let store = context.store()?;
    let conflicts = store.conflicts()?.into_iter().filter(|conflict| is_from(&conflict.origin, loser)).collect();
    let records = store.records_by_source()?.into_iter().filter(|records| is_from(&records.origin, loser)).collect();
    let hand_back = merge.detail.hand_back.clone().unwrap_or_default();
    let restore = Restore { winner: winner.clone(), held: held.clone(), hand_back, conflicts, records };
    client::call(&context.env, loser, &restore).await?;
    give_back(context, loser).await?;
    let last = TakeBack { records: Vec::new(), seen: Vec::new(), is_last: true };
    client::call(&context.env, loser, &last).await?;
    move_identifiers(context, &winner, loser, &held).await?;
    give_back(context, loser).await?;
    end(context, loser).await
}

/// Sends the events that go back, page by page, and deletes each page once the loser has stored it.
async fn give_back(context: &ObjectContext, loser: &str) -> Result<()> {
    loop {
        let store = context.store()?;
        let entries = next_page(&store, &Ownership::load(&store, loser)?)?;
        let records: Result<Vec<Record>> = entries.iter().map(JournalEntry::record).collect();
        let (records, entries): (_, Vec<i64>) = (records?, entries.iter().map(|entry| entry.seq).collect());
        // Only ids are left of the events that were compacted, and they are sent after all others.
        let seen = if records.is_empty() { store.seen_from(loser, SCAN)? } else { Vec::new() };
        if records.is_empty() && seen.is_empty() {
            return Ok(());
        }
        let operation = TakeBack { records: records.clone(), seen: seen.clone(), is_last: false };
        client::call(&context.env, loser, &operation).await?;
        context.transact(move |store| forget(store, &entries, &records, &seen)).await?;
    }
}

fn next_page(store: &ProfileStore, ownership: &Ownership) -> Result<Vec<JournalEntry>> {
    let (mut page, mut after) = (Vec::new(), 0);
    loop {
        let entries = store.entries_after(after, SCAN)?;
        let Some(last) = entries.last() else { return Ok(page) };
        after = last.seq;
        for entry in entries {
            if page.len() >= PAGE {
                return Ok(page);
            }
            if ownership.goes_back(&entry.record()?) {
                page.push(entry);
            }
        }
    }
}

fn forget(store: &ProfileStore, entries: &[i64], records: &[Record], seen: &[SeenEvent]) -> Result<()> {
    for (seq, record) in entries.iter().zip(records) {
        store.delete_entry(*seq)?;
        store.forget_seen(&record.source, &record.event.id)?;
        if record.origin.is_none() && record.is_counted() {
            store.count_records(&record.source, "", -1)?;
        }
    }
    seen.iter().try_for_each(|event| store.forget_seen(&event.source, &event.id))
}

/// Ends the undoing: what the loser held leaves the profile, which is rebuilt from what stays.
async fn end(context: &ObjectContext, loser: &str) -> Result<()> {
    let plan = plan_cache::current(&context.env).await.ok_or("no plan is loaded, so the profile cannot be rebuilt")?;
    let loser = loser.to_owned();
    let work = context.transact(move |store| {
        let now = clock::now();
        let merge = store.merge(&loser)?.ok_or("the merge is gone")?;
        store.remove_identifiers_from(&loser)?;
        store.remove_conflicts_from(&loser)?;
        store.remove_records_from(&loser)?;
        let detail = MergeDetail { reason: merge.detail.reason, source: merge.detail.source, ..MergeDetail::default() };
        store.put_merge(&Merge { loser: loser.clone(), state: MergeState::Undone, due: None, detail })?;
        store.keep_apart(&loser)?;
        store.set(key::AUDIT_AT, &now)?;
        rebuild(store, plan, now)
    });
    work.await?;
    // Some of them are the loser's.
    context.move_sockets();
    Ok(())
}

/// Rebuilds the profile from its base and its journal, as after a change of the plan.
fn rebuild(store: &ProfileStore, plan: std::rc::Rc<throughline::Plan>, now: i64) -> Result<()> {
    store.clear(key::PLAN)?;
    ProfileSession::load(store, Some(plan))?.advance_and_save(now).map(|_| ())
}

/// In the loser's object: stores what it held when it was merged, and its journeys and deliveries of now.
pub async fn restore(context: &ObjectContext, request: Restore) -> Result<()> {
    let work = context.transact(move |store| {
        if store.get(key::MOVED_TO)?.as_ref() != Some(&request.winner) {
            return Ok(());
        }
        let Restore { winner, held, hand_back, conflicts, records } = request;
        let profile = Profile { subject: store.subject().to_owned(), ..hand_back.journeys };
        store.set(key::PROFILE, &profile)?;
        store.set(key::VERSION, &held.version)?;
        store.set(key::BASE, &held.base)?;
        store.clear(key::PLAN)?;
        held.identifiers.iter().try_for_each(|own| store.add_identifier(own))?;
        if let Some(created) = held.identifiers.iter().map(|own| own.at).min().filter(|_| !held.is_device) {
            store.set(key::CREATED, &created)?;
        }
        store.add_merge_rows(&held.merges)?;
        store.keep_apart(&winner)?;
        let subject = store.subject().to_owned();
        for conflict in conflicts {
            let origin = after_unmerge(&subject, &conflict.origin);
            store.add_conflict(&Conflict { origin, ..conflict })?;
        }
        for of_source in records {
            let origin = after_unmerge(&subject, &of_source.origin);
            store.set_records(&SourceRecords { origin, ..of_source })?;
        }
        hand_back.deliveries.iter().try_for_each(|delivery| store.put_delivery(delivery))?;
        let compacted = held.compacted.clone();
        store.set(key::RETURNED_BASE, &compacted)
    });
    work.await
}

/// In the loser's object: stores events that go back. After the last ones the profile is active again.
pub async fn take_back(context: &ObjectContext, request: TakeBack) -> Result<()> {
    let plan = plan_cache::current(&context.env).await;
    if plan.is_none() && request.is_last {
        return Err(Error::from("no plan is loaded, so the profile cannot be rebuilt"));
    }
    let archive_after = context.settings.archive_after;
    let work = context.transact(move |store| {
        store.add_seen(&request.seen)?;
        let is_device = !store.is_person()?;
        let mut session = ProfileSession::load(store, plan.clone())?;
        for record in request.records {
            session.apply(returned(record, store.subject(), is_device))?;
        }
        if store.contains(key::MOVED_TO)? && !request.is_last {
            return Ok(());
        }
        if let (Some(plan), Some(compacted)) = (&plan, store.get(key::RETURNED_BASE)?) {
            let mut base = store.get(key::BASE)?.unwrap_or_default();
            base.merge(plan, &compacted);
            store.set(key::BASE, &base)?;
            store.clear(key::RETURNED_BASE)?;
        }
        let now = clock::now();
        store.clear(key::MOVED_TO)?;
        store.clear(key::PLAN)?;
        store.set(key::ARCHIVE_AT, &now.saturating_add(archive_after))?;
        store.set(key::AUDIT_AT, &now)?;
        ProfileSession::load(store, plan)?.advance_and_save(now).map(|_| ())
    });
    work.await
}

/// Returns the record as it was before the merge. In the profile of a device its words are its own again.
fn returned(mut record: Record, loser: &str, is_device: bool) -> Record {
    if let Some(origin) = record.origin.take() {
        let origin = after_unmerge(loser, &origin);
        // Counted already, with what the loser held.
        record.origin = Some(origin);
    }
    if is_device && record.event.claimed_by == record.unproven {
        record.event.claimed_by = None;
    }
    record
}
