//! The account sync: a member's profile forwards account events to the profile of its account, and pulls what members
//! may know.
//!
//! The journal is the outbox. Two stored values say how far the sync is: `SYNC_AT`, when the next attempt is due, and
//! `SYNCED_TO`, the position up to which the account has the events. In the member's object:
//!
//! ```text
//!   ┌──────┐    an account event is stored, or the plan counts other events:    ┌─────┐
//!   │ idle │ ────────────────────────── SYNC_AT = now ────────────────────────> │ due │ <───┐
//!   │      │ <─────────────── nothing to forward: clear SYNC_AT ─────────────── │     │     │
//!   └──────┘                                                                    └─────┘     │
//!                          alarm: SYNC_ATTEMPTS += 1, SYNC_AT = now + backoff ──── │        │
//!                                                                                  v        │
//!                                                                           ┌────────────┐  │
//!                                                                           │ forwarding │  │
//!                                                                           └────────────┘  │
//!                    error or kill: nothing changes, retried at SYNC_AT ────────── │ ───────┤
//!                    reply: learn, SYNCED_TO = last, SYNC_AT = now ─────────────── └────────┘
//! ```
//!
//! Delivery is at-least-once: a crash repeats the attempt that it interrupts, and the account deduplicates by source
//! and message id.

use std::rc::Rc;

use throughline::{Account, Event, Plan, account_event};
use worker::{Result, console_error};

use crate::event::Record;
use crate::event::identifier::Identifier;
use crate::platform::clock;
use crate::platform::plan_cache;
use crate::profile::client;
use crate::profile::context::ObjectContext;
use crate::profile::rpc::{AccountSync, ForgetMember, Forgotten, ForwardToAccount, PullFromAccount};
use crate::profile::session::ProfileSession;
use crate::store::{JournalEntry, OwnIdentifier, ProfileStore, key};

/// The number of events of the journal that are read at once.
const PAGE: i64 = 100;
/// The number of times that the wait before the next attempt is doubled.
const MAX_DOUBLINGS: u32 = 10;

/// The next events to forward.
struct Batch {
    account: String,
    records: Vec<Record>,
    /// The position of the last event of the journal that the batch covers.
    last: i64,
}

/// Forwards the next events to the account, if it is time, and learns what the account knows.
pub async fn forward_to_account(context: &ObjectContext, plan: &Rc<Plan>) -> Result<()> {
    let (our_plan, retry) = (plan.clone(), context.retry_wait());
    let begun = context.transact(move |store| begin(store, our_plan, retry)).await?;
    let Some(Batch { account, records, last }) = begun else { return Ok(()) };
    let operation = ForwardToAccount { account: account.clone(), member: context.subject()?, records };
    let object = Identifier::account(&account).profile();
    let sync = client::call(&context.env, &object, &operation).await?;
    let plan = plan.clone();
    let work = context.transact(move |store| {
        // INVARIANT: SYNCED_TO moves only after the account has replied, so a kill before this commit forwards the
        // batch again, and the account discards it. It is set before the profile is loaded, because loading under
        // another plan resets it.
        store.set(key::SYNCED_TO, &last)?;
        store.set(key::SYNC_ATTEMPTS, &0)?;
        store.set(key::SYNC_AT, &clock::now())?;
        learn(&mut ProfileSession::load(store, Some(plan))?, &account, &sync.account)
    });
    work.await
}

/// Learns what the account knows now. While the account cannot be reached, the last known state stays.
pub async fn pull_from_account(context: &ObjectContext, plan: &Rc<Plan>) -> Result<()> {
    let known = context.store()?.get(key::PROFILE)?;
    let account = known.as_ref().and_then(throughline::Profile::account_id).map(str::to_owned);
    let Some(account) = account.filter(|_| plan.reads_accounts()) else { return Ok(()) };
    let object = Identifier::account(&account).profile();
    match client::call(&context.env, &object, &PullFromAccount {}).await {
        Ok(AccountSync { account: known }) => {
            context.with_session(Some(plan.clone()), move |session| learn(session, &account, &known)).await
        }
        Err(error) => {
            console_error!("account unavailable, using its last known state: {error}");
            Ok(())
        }
    }
}

/// In an account's object: stores and reduces the events that a member forwards. Returns what members may know.
pub async fn receive(context: &ObjectContext, request: ForwardToAccount) -> Result<AccountSync> {
    let plan = plan_cache::current(&context.env).await;
    let work = context.transact_even_erased(move |store| {
        if store.is_erased()? {
            return Ok(AccountSync { account: Account::default() });
        }
        store.set(key::ACCOUNT, &request.account)?;
        let id = Identifier::account(&request.account);
        store.add_identifier(&OwnIdentifier { id, origin: String::new(), at: clock::now() })?;
        let mut session = ProfileSession::load(store, plan)?;
        for record in request.records {
            session.apply(Record { member: Some(request.member.clone()), ..record })?;
        }
        session.advance_and_save(clock::now())?;
        Ok(AccountSync { account: session.to_account() })
    });
    work.await
}

/// In an account's object: returns what members may know.
pub async fn share(context: &ObjectContext, _request: PullFromAccount) -> Result<AccountSync> {
    let plan = plan_cache::current(&context.env).await;
    if context.store()?.is_erased()? || !context.store()?.is_known()? {
        return Ok(AccountSync { account: Account::default() });
    }
    let work = context.with_session(plan, |session| {
        session.advance_and_save(clock::now())?;
        Ok(AccountSync { account: session.to_account() })
    });
    work.await
}

/// In an account's object: removes the events of members, and the messages that wait for them.
///
/// Events that were compacted away left times and values in the account's counters, and no trace of whose they were.
pub async fn forget_member(context: &ObjectContext, request: ForgetMember) -> Result<Forgotten> {
    let plan = plan_cache::current(&context.env).await;
    let work = context.transact_even_erased(move |store| {
        if store.is_erased()? {
            return Ok(Forgotten { events: 0 });
        }
        let mut events: u64 = 0;
        for member in &request.members {
            events = events.saturating_add(store.delete_member(member)?);
        }
        if events > 0 {
            // The next load rebuilds the profile from the events that are left.
            store.clear(key::PLAN)?;
            ProfileSession::load(store, plan)?.advance_and_save(clock::now())?;
        }
        Ok(Forgotten { events })
    });
    work.await
}

fn learn(session: &mut ProfileSession, id: &str, account: &Account) -> Result<()> {
    session.learn(id, account);
    session.advance_and_save(clock::now()).map(|_| ())
}

/// Returns the next batch, or `None` if it is not time or there is nothing to forward.
fn begin(store: &ProfileStore, plan: Rc<Plan>, retry: i64) -> Result<Option<Batch>> {
    let now = clock::now();
    if store.get(key::SYNC_AT)?.is_none_or(|at| at > now) {
        return Ok(None);
    }
    let mut session = ProfileSession::load(store, Some(plan.clone()))?;
    session.advance_and_save(now)?;
    count_attempt(store, now, retry)?;
    if let Some(account) = session.profile().account_id()
        && let Some(batch) = next_batch(store, &plan, account)?
    {
        // INVARIANT: the account is remembered before it gets anything, so an erasure asks every account with copies.
        remember_account(store, account)?;
        return Ok(Some(batch));
    }
    store.set(key::SYNC_ATTEMPTS, &0)?;
    store.clear(key::SYNC_AT)?;
    Ok(None)
}

/// Remembers that an account gets copies of this profile's events.
pub fn remember_account(store: &ProfileStore, account: &str) -> Result<()> {
    let mut told = store.get(key::TOLD_ACCOUNTS)?.unwrap_or_default();
    if told.iter().any(|known| known == account) {
        return Ok(());
    }
    told.push(account.to_owned());
    store.set(key::TOLD_ACCOUNTS, &told)
}

fn count_attempt(store: &ProfileStore, now: i64, retry: i64) -> Result<()> {
    let attempts = store.get(key::SYNC_ATTEMPTS)?.unwrap_or(0);
    let wait = retry.saturating_mul(1_i64.checked_shl(attempts.min(MAX_DOUBLINGS)).unwrap_or(1));
    store.set(key::SYNC_ATTEMPTS, &attempts.saturating_add(1))?;
    // INVARIANT: the next attempt is set before this one begins. A kill during the call leaves an alarm that repeats
    // it.
    store.set(key::SYNC_AT, &now.saturating_add(wait))
}

/// Returns the next page of the journal with something to forward. Pages without are skipped for good.
fn next_batch(store: &ProfileStore, plan: &Plan, account: &str) -> Result<Option<Batch>> {
    let mut after = store.get(key::SYNCED_TO)?.unwrap_or(0);
    loop {
        let entries = store.entries_after(after, PAGE)?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(None) };
        let records = account_events(&entries, plan, account)?;
        if !records.is_empty() {
            return Ok(Some(Batch { account: account.to_owned(), records, last }));
        }
        store.set(key::SYNCED_TO, &last)?;
        after = last;
    }
}

fn account_events(entries: &[JournalEntry], plan: &Plan, account: &str) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for entry in entries {
        let record = entry.record()?;
        if record.is_copy {
            continue;
        }
        records.extend(account_event(plan, &record.event, account).map(|event| without_identity(record, event)));
    }
    Ok(records)
}

/// Returns the record as the account gets it: without the identity of the member.
fn without_identity(record: Record, event: Event) -> Record {
    let external_ids = Vec::new();
    Record {
        anonymous_id: None,
        user_id: None,
        external_ids,
        unproven: None,
        origin: None,
        warning: None,
        event,
        ..record
    }
}
