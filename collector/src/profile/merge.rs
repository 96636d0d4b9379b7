//! The merge of two profiles. The winner drives it to its end; every step can be repeated.
//!
//! ```text
//!   winner                                                loser
//!
//!   merge_from: row in `merge`, due now              ┌──────────┐
//!        │                                           │  active  │
//!        v        1 survey                           └──────────┘
//!   ┌─────────┐   2 reserve its identifiers, if the rules allow; else ──> blocked, with a conflict
//!   │         │   3 begin_merge ───────────────────────────> │ MOVED_TO = winner, alarms cleared
//!   │         │     <── snapshot, or that it has             v
//!   │         │         changed or is busy: later again  ┌──────────┐ events, tokens and views
//!   │ pending │   4 export_events, page by page <─────── │  frozen  │ are answered with the winner
//!   │         │   5 store the snapshot                   └──────────┘
//!   │         │   6 move the loser's identifiers             │
//!   │         │   7 finish_merge ──────────────────────────> │ everything but MOVED_TO is deleted
//!   └─────────┘                                              v
//!        │ due = null                                  ┌──────────┐
//!        v                                             │ redirect │ until the merge is undone
//!   ┌─────────┐                                        └──────────┘
//!   │ merged  │ keeps what the loser held, so that the merge can be undone: see `unmerge`
//!   └─────────┘
//! ```
//!
//! Until step 7 the loser holds everything, and until `due` is null the winner has an alarm that begins again at step 1.
//! Every step may be repeated:
//!
//! - Identifiers (step 2) are reserved in the transaction that checks the limits, and freed if the loser has changed.
//! - Events (step 4) are deduplicated by source and message id.
//! - Profiles and rows (step 5) merge idempotently.
//! - Links (step 6) move only if they still lead to the loser.
//!
//! A device's words become claims of the person. Two profiles that want to merge each other: the one whose id is
//! greater gives in.

use throughline::{Plan, Profile};
use worker::{Result, console_error};

use crate::event::Record;
use crate::event::identifier::{Identifier, is_person_type};
use crate::identity::rules::IdentityRules;
use crate::identity::{Change, change};
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::account::remember_account;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::people::{beyond_limit, note_creation, people};
use crate::profile::rpc::{
    BeginMerge, BegunMerge, ExportEvents, FinishMerge, MaybeMoved, MergeFrom, MergeOutcome, MergeSnapshot, Survey,
    Surveyed,
};
use crate::profile::session::ProfileSession;
use crate::profile::unmerge;
use crate::store::origin::{after_merge, is_from};
use crate::store::{
    Conflict, HeldByLoser, Merge, MergeDetail, MergeState, OwnIdentifier, ProfileStore, SourceRecords, key,
    only_journeys,
};

/// The length of what is kept of a loser, in bytes of JSON; the platform's limit of a value is 2 MB.
const MAX_HELD: usize = 1024 * 1024;
/// The number of attempts after which a loser that is busy is given up; the next call that names both tries again.
const MAX_BUSY: i64 = 12;
/// The reason of a merge that was undone before.
const TOLD_APART: &str = "an earlier merge of the two was undone";

/// Whether a merge goes on after it was admitted.
enum Admission {
    Reserved,
    Ended,
}

/// In the winner's object: stores that another profile is to be merged into this one, and begins at once.
pub async fn merge_from(context: &ObjectContext, request: MergeFrom) -> Result<MaybeMoved<MergeOutcome>> {
    if request.loser == context.subject()? {
        return Ok(MaybeMoved::Here(MergeOutcome::Accepted));
    }
    let loser = request.loser.clone();
    // INVARIANT: the intent is stored before anything is done, so from here on a kill leaves an alarm that continues.
    let stored = context.transact_even_erased(move |store| match store.get(key::MOVED_TO)? {
        Some(winner) => Ok(Err(Some(winner))),
        None if store.is_erased()? => Ok(Err(None)),
        None => intend(store, request).map(Ok),
    });
    let merge = match stored.await? {
        Ok(merge) => merge,
        Err(Some(winner)) => return Ok(MaybeMoved::Moved(winner)),
        Err(None) => return Ok(MaybeMoved::Here(MergeOutcome::Blocked)),
    };
    if merge.is_open() {
        attempt(context, merge).await;
    }
    let state = context.store()?.merge(&loser)?.map(|merge| merge.state);
    let is_blocked = matches!(state, Some(MergeState::Blocked | MergeState::Undoing | MergeState::Undone));
    Ok(MaybeMoved::Here(if is_blocked { MergeOutcome::Blocked } else { MergeOutcome::Accepted }))
}

/// Stores a merge. One that is under way, done or undone stays as it is; a blocked one is tried again.
fn intend(store: &ProfileStore, request: MergeFrom) -> Result<Merge> {
    let known = store.merge(&request.loser)?.filter(|known| known.state != MergeState::Blocked);
    let MergeFrom { loser, reason, claim, source } = request;
    if let Some(known) = known {
        if known.state == MergeState::Undone {
            store.add_conflict(&Conflict::of_merge(&reason, &loser, &source, TOLD_APART, clock::now()))?;
            store.set(key::AUDIT_AT, &clock::now())?;
        }
        return Ok(known);
    }
    let detail = MergeDetail { reason: Some(reason), source, claim, ..MergeDetail::default() };
    let merge = Merge::new(&loser, detail, clock::now());
    store.put_merge(&merge)?;
    Ok(merge)
}

/// In the winner's object: continues the merges that are due, and those that are being undone.
pub async fn continue_due(context: &ObjectContext) -> Result<()> {
    for merge in context.store()?.due_merges(clock::now())? {
        attempt(context, merge).await;
    }
    Ok(())
}

/// Makes one attempt. The next one is set before it begins.
pub async fn attempt(context: &ObjectContext, merge: Merge) {
    let (loser, retry) = (merge.loser.clone(), context.retry_wait());
    let begun = context.transact(move |store| match store.get(key::MOVED_TO)? {
        Some(_) => Ok(None),
        None => store.begin_merge_attempt(&loser, clock::now(), retry),
    });
    let result = match begun.await {
        Ok(None) => return,
        Ok(Some(_)) if merge.state == MergeState::Undoing => unmerge::run(context, &merge).await,
        Ok(Some(attempts)) => run(context, &merge, attempts).await,
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        console_error!("merge, will be retried: {error}");
    }
}

async fn run(context: &ObjectContext, merge: &Merge, attempts: i64) -> Result<()> {
    let winner = context.subject()?;
    let surveyed = match client::call(&context.env, &merge.loser, &Survey {}).await? {
        MaybeMoved::Here(surveyed) => surveyed,
        MaybeMoved::Moved(to) if to == winner => reserved(&context.store()?, &merge.loser)?,
        MaybeMoved::Moved(to) => return follow(context, merge, to).await,
    };
    let operation = BeginMerge { winner, people: surveyed.people.clone(), is_device: !surveyed.is_person };
    if matches!(admit(context, merge, surveyed).await?, Admission::Ended) {
        return Ok(());
    }
    match client::call(&context.env, &merge.loser, &operation).await? {
        BegunMerge::Frozen(snapshot) => copy(context, merge, *snapshot).await,
        BegunMerge::Moved(to) => follow(context, merge, to).await,
        BegunMerge::Changed => release(context, merge, false).await,
        BegunMerge::Busy => release(context, merge, attempts >= MAX_BUSY).await,
    }
}

/// Returns the identity of a loser that is frozen for this profile already.
fn reserved(store: &ProfileStore, loser: &str) -> Result<Surveyed> {
    let from_loser = store.identifiers()?.into_iter().filter(|own| is_from(&own.origin, loser));
    let people: Vec<_> = from_loser.map(|own| own.id).filter(|id| is_person_type(&id.kind)).collect();
    Ok(Surveyed { is_person: !people.is_empty(), is_erased: false, people, created: 0 })
}

/// Reserves the loser's identifiers, if the rules allow that both are one.
async fn admit(context: &ObjectContext, merge: &Merge, surveyed: Surveyed) -> Result<Admission> {
    let (rules, merge) = (IdentityRules::new(plan_cache::current(&context.env).await), merge.clone());
    let work = context.transact(move |store| {
        if store.contains(key::MOVED_TO)? || store.merge(&merge.loser)?.is_none_or(|known| !known.is_open()) {
            return Ok(Admission::Ended);
        }
        let mine = people(store)?;
        if !concerns(&merge, &mine, &surveyed) {
            store.remove_merge(&merge.loser)?;
            return Ok(Admission::Ended);
        }
        if let Some(reason) = obstacle(store, &rules, &merge, &mine, &surveyed)? {
            block(store, merge, &reason)?;
            return Ok(Admission::Ended);
        }
        let now = clock::now();
        for id in surveyed.people {
            store.add_identifier(&OwnIdentifier { id, origin: merge.loser.clone(), at: now })?;
        }
        Ok(Admission::Reserved)
    });
    work.await
}

/// Returns whether there is something to merge: the profile of a device that is of nobody, or of this person by its own
/// claim; or another person's profile.
///
/// The profile of a device may have been made this person's by a call that was interrupted, or overtaken by another.
fn concerns(merge: &Merge, mine: &[Identifier], loser: &Surveyed) -> bool {
    if loser.is_erased {
        return false;
    }
    match &merge.detail.reason {
        Some(reason) if reason.is_device() => {
            let is_claimed = |claim: &String| mine.iter().any(|id| id.to_string() == *claim);
            let is_of_nobody_else = loser.people.iter().all(|id| mine.contains(id));
            is_of_nobody_else && merge.detail.claim.as_ref().is_none_or(is_claimed)
        }
        Some(_) | None => true,
    }
}

fn obstacle(
    store: &ProfileStore,
    rules: &IdentityRules,
    merge: &Merge,
    mine: &[Identifier],
    loser: &Surveyed,
) -> Result<Option<String>> {
    if store.is_apart(&merge.loser)? {
        return Ok(Some(TOLD_APART.to_owned()));
    }
    let kind = beyond_limit(rules, mine, &loser.people);
    Ok(kind.map(|kind| format!("together they have more identifiers of type `{kind}` than the rules allow")))
}

fn block(store: &ProfileStore, merge: Merge, reason: &str) -> Result<()> {
    let now = clock::now();
    if let Some(id) = &merge.detail.reason {
        store.add_conflict(&Conflict::of_merge(id, &merge.loser, &merge.detail.source, reason, now))?;
        store.set(key::AUDIT_AT, &now)?;
    }
    store.put_merge(&Merge { state: MergeState::Blocked, due: None, ..merge })
}

/// Frees the identifiers of a loser that cannot be frozen now; the next attempt begins anew.
async fn release(context: &ObjectContext, merge: &Merge, is_given_up: bool) -> Result<()> {
    let loser = merge.loser.clone();
    let work = context.transact(move |store| {
        store.remove_identifiers_from(&loser)?;
        if is_given_up { store.remove_merge(&loser) } else { Ok(()) }
    });
    work.await
}

/// Merges the profile that the loser was merged into, instead.
async fn follow(context: &ObjectContext, merge: &Merge, to: String) -> Result<()> {
    let merge = merge.clone();
    let work = context.transact(move |store| {
        store.remove_identifiers_from(&merge.loser)?;
        store.remove_merge(&merge.loser)?;
        if to == store.subject() || store.merge(&to)?.is_some() {
            return Ok(());
        }
        store.put_merge(&Merge::new(&to, merge.detail, clock::now()))
    });
    work.await
}

async fn copy(context: &ObjectContext, merge: &Merge, snapshot: MergeSnapshot) -> Result<()> {
    let claimant = snapshot.held.is_device.then(|| merge.claimant(&snapshot.held));
    copy_events(context, &merge.loser, claimant.as_deref()).await?;
    let held = copy_state(context, merge, claimant, snapshot).await?;
    move_identifiers(context, &merge.loser, &context.subject()?, &held).await?;
    // INVARIANT: the loser is deleted last, when everything that it held is committed here.
    client::call(&context.env, &merge.loser, &FinishMerge {}).await?;
    let loser = merge.loser.clone();
    let work = context.transact(move |store| {
        let Some(merge) = store.merge(&loser)? else { return Ok(()) };
        store.set(key::AUDIT_AT, &clock::now())?;
        store.put_merge(&Merge { state: MergeState::Merged, due: None, ..merge })
    });
    work.await
}

/// Applies the loser's events, each page in a transaction of its own.
async fn copy_events(context: &ObjectContext, loser: &str, claimant: Option<&str>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = client::call(&context.env, loser, &ExportEvents { after }).await?;
        let Some((last, _)) = page.events.last() else { return Ok(()) };
        after = *last;
        let plan = plan_cache::current(&context.env).await;
        let (loser, claimant) = (loser.to_owned(), claimant.map(str::to_owned));
        let applied = context.with_session(plan, move |session| {
            for (_, record) in page.events {
                session.apply(record_of_loser(record, &loser, claimant.as_deref()))?;
            }
            session.advance_and_save(clock::now()).map(|_| ())
        });
        applied.await?;
    }
}

/// Returns the record as the winner stores it. What a device said without a proof is its claim.
fn record_of_loser(mut record: Record, loser: &str, claimant: Option<&str>) -> Record {
    record.origin = Some(after_merge(loser, &record.origin.unwrap_or_default()));
    if let Some(claimant) = claimant
        && record.event.claimed_by.is_none()
        && record.is_unproven()
    {
        record.event.claimed_by = record.unproven.clone().or_else(|| Some(claimant.to_owned()));
    }
    record
}

/// Adds everything else that the loser held. Returns what is needed to undo the merge.
async fn copy_state(
    context: &ObjectContext,
    merge: &Merge,
    claimant: Option<String>,
    snapshot: MergeSnapshot,
) -> Result<HeldByLoser> {
    let plan = plan_cache::current(&context.env).await.ok_or("no plan is loaded, so profiles cannot be merged")?;
    let (archive_after, loser) = (context.settings.archive_after, merge.loser.clone());
    let work = context.transact(move |store| {
        let mut merge = store.merge(&loser)?.ok_or("the merge is gone")?;
        let mut session = ProfileSession::load(store, Some(plan.clone()))?;
        // INVARIANT: a repeated attempt may find the loser deleted. Only the first snapshot is kept.
        let held = match merge.detail.held.clone() {
            Some(held) => held,
            None => {
                merge.detail.before = only_journeys(session.profile());
                snapshot.held.clone()
            }
        };
        merge.detail.held = Some(held.clone());
        bound(&mut merge, &plan)?;
        store.put_merge(&merge)?;
        copy_rows(store, &loser, &snapshot, &held)?;
        session.merge(&match claimant {
            Some(claimant) => snapshot.profile.into_claims(&claimant),
            None => snapshot.profile,
        });
        session.advance_and_save(clock::now())?;
        store.delete_needless_copies()?;
        store.set(key::ARCHIVE_AT, &clock::now().saturating_add(archive_after))?;
        Ok(held)
    });
    work.await
}

/// Joins the bases of merges into the loser into its own base, if they are too long to be kept apart. These earlier
/// merges cannot be undone any more.
fn bound(merge: &mut Merge, plan: &Plan) -> Result<()> {
    let Some(held) = &merge.detail.held else { return Ok(()) };
    if serde_json::to_string(held)?.len() <= MAX_HELD {
        return Ok(());
    }
    let mut base = Profile::default();
    merge.bases()?.iter().for_each(|of_loser| base.merge(plan, of_loser));
    if let Some(held) = &mut merge.detail.held {
        (held.base, held.merges) = (base, Vec::new());
    }
    Ok(())
}

fn copy_rows(store: &ProfileStore, loser: &str, snapshot: &MergeSnapshot, held: &HeldByLoser) -> Result<()> {
    for own in &held.identifiers {
        store.add_identifier(&OwnIdentifier { origin: after_merge(loser, &own.origin), ..own.clone() })?;
    }
    if !held.is_device {
        note_creation(store, clock::now())?;
    }
    for conflict in &snapshot.conflicts {
        store.add_conflict(&Conflict { origin: after_merge(loser, &conflict.origin), ..conflict.clone() })?;
    }
    for records in &snapshot.records {
        store.set_records(&SourceRecords { origin: after_merge(loser, &records.origin), ..records.clone() })?;
    }
    snapshot.files.iter().try_for_each(|file| store.add_archive_file(file))?;
    snapshot.told_accounts.iter().try_for_each(|account| remember_account(store, account))?;
    // INVARIANT: rows are keyed by send_id and never overwritten, so a repetition does not send a message again.
    snapshot.deliveries.iter().try_for_each(|delivery| store.add_delivery(delivery))?;
    snapshot.messages.iter().try_for_each(|message| store.add_own_message(message, clock::now()))
}

/// Makes the loser's identifiers lead from one profile to the other.
pub async fn move_identifiers(context: &ObjectContext, from: &str, to: &str, held: &HeldByLoser) -> Result<()> {
    for own in &held.identifiers {
        let to = Change::Move { from: from.to_owned(), to: to.to_owned() };
        change(&context.env, &own.id, to).await?;
    }
    Ok(())
}
